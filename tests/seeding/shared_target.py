"""A live target that tests share with real customers, and attributes that it may ignore."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_atomic_cards.targets import LiveTarget
from pytest_atomic_cards.targets.recovery import recover
from pytest_atomic_cards.targets.seeding.journal import journal_directory

if TYPE_CHECKING:
    from live_sandbox import LiveSandbox

    from pytest_atomic_cards.sandbox import CardRecord


INVOCATION = "flowInvocationId"
INSTANCE = "flowInstanceId"
USER = "userId"
OLD = "real-invocation"
SHORT = 0.3


class SharedTarget:
    """A live target on which real customers hold cards, and the runs of a test.

    Args:
        live: The target.
        states: The states of the cards of one customer each.
    """

    def __init__(self, live: LiveSandbox, states: tuple[str, ...] = ("active",) * 7) -> None:
        self.live = live
        self.foreign = [
            *live.environment.seed(
                {
                    "user_id": f"real-{number}",
                    "status": state,
                    "flow_invocation_id": OLD,
                    "flow_instance_id": f"real-instance-{number}",
                }
                for number, state in enumerate(states)
            )
        ]
        self.said: list[str] = []
        self.settings = live.settings(seed_timeout=SHORT)

    def target(self) -> LiveTarget:
        """A run."""
        return LiveTarget(self.settings)

    def kill(self, target: LiveTarget) -> None:
        """End a run as a crash does: without a clean-up, and its journal is free."""
        journal = target._cleaner.register.journal
        assert journal is not None
        journal.close(keep=True)

    def clean(self, *discarded: str) -> bool:
        """What ``atomic-cards clean`` does; gives whether nothing is left."""
        self.said.clear()
        return recover(self.settings, None, self.said.append, discarded)

    @property
    def touched(self) -> int:
        """How many foreign cards are not as they were."""
        now = map(self.live.environment.card, (card.card_instance_id for card in self.foreign))
        return sum(card != before for card, before in zip(now, self.foreign, strict=True))

    @property
    def own_open(self) -> list[CardRecord]:
        """The cards that runs have left open."""
        return [card for card in self.live.open_cards if not card.user_id.startswith("real-")]

    @property
    def journals(self) -> int:
        """How many journals are left."""
        return len(list(journal_directory(self.settings).glob("*.jsonl")))


IGNORING = [
    {"GET": {INVOCATION}, "PUT": {INVOCATION}},
    {"GET": {INSTANCE}, "PUT": {INSTANCE}},
    {"GET": {USER}, "PUT": {USER}},
    {"GET": {INVOCATION, INSTANCE}, "PUT": {INVOCATION, INSTANCE}},
    {"GET": {INVOCATION, USER}, "PUT": {INVOCATION, USER}},
    {"GET": {INVOCATION}},
    {"PUT": {INVOCATION}},
    {"PUT": {INSTANCE}},
    {"PUT": {USER}},
    {"PUT": {INVOCATION, USER}},
    {"PUT": {INVOCATION, INSTANCE}},
    {"PUT": {"status"}},
    {"GET": {"status"}, "PUT": {"status"}},
]


def in_words(ignored: dict[str, set[str]]) -> str:
    """The attributes that are ignored, or "sound"."""
    named = (f"{method} without {'+'.join(sorted(ignored[method]))}" for method in ignored)
    return " ".join(named) or "sound"
