"""What seeding on a live target has in common, however cards are created there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import cycle
from math import ceil
from typing import Final

from pytest_atomic_cards.model.card_spec import Population
from pytest_atomic_cards.model.cards import Card
from pytest_atomic_cards.model.lifecycle import Status
from pytest_atomic_cards.model.settings import Settings
from pytest_atomic_cards.support.clock import Clock
from pytest_atomic_cards.support.errors import NotAvailableError
from pytest_atomic_cards.support.progress import activity
from pytest_atomic_cards.support.randomness import TRUE_RANDOMNESS, Randomness
from pytest_atomic_cards.targets.seeding.backend import SeedingBackend, UserIds

NO_SUPPLY: Final = "this target has no supply of cards (ATOMIC_CARDS_SEEDING=none)"
NO_SNOOZE: Final = "the public API has no way to snooze a card"
_CHOSEN_BY_TARGET: Final = {
    "card_template_id": "cardTemplateId",
    "event_name": "eventName",
    "flow_instance_id": "flowInstanceId",
    "flow_invocation_id": "flowInvocationId",
}


class LiveBackend(SeedingBackend):
    """Chooses the customers of seeded cards, and lets real time pass.

    Args:
        settings: The customers that may be targeted, and how long to wait for a card.
        clock: Measures waits.
        randomness: Where ids come from.
    """

    settling = 10.0  # ten times as long as the slow target of our tests needs to list a change

    def __init__(
        self, settings: Settings, clock: Clock, randomness: Randomness = TRUE_RANDOMNESS
    ) -> None:
        super().__init__(randomness)
        self._settings = settings
        self._wait_clock = clock
        self.listing_timeout = settings.seed_timeout

    @property
    def _generator(self) -> UserIds:
        if self._settings.user_ids:
            raise NotAvailableError("ATOMIC_CARDS_USER_IDS names the only users to target")
        return self._user_ids

    def choose_users(self, population: Population) -> tuple[str, ...]:
        """The customers that the specs name, those of the settings in turn, or new ones."""
        self._refuse_what_the_target_decides(population)
        return tuple(self._users(population))

    def _refuse_what_the_target_decides(self, population: Population) -> None:
        if any(spec.status is Status.SNOOZED for spec in population):
            raise NotAvailableError(NO_SNOOZE)
        for field, attribute in _CHOSEN_BY_TARGET.items():
            if any(getattr(spec, field) is not None for spec in population):
                raise NotAvailableError(
                    f"{attribute} of a card is decided by a live target; leave {field} out"
                )

    def _users(self, population: Population) -> Iterator[str]:
        allowed = self._settings.user_ids
        wanted = {spec.user_id for spec in population if spec.user_id}
        if allowed and not wanted <= set(allowed):
            raise NotAvailableError(
                f"ATOMIC_CARDS_USER_IDS does not allow user {min(wanted - set(allowed))!r}"
            )
        choices = cycle(allowed) if allowed else iter(self._user_ids.new, None)
        for spec in population:
            yield spec.user_id or next(choices)

    def snooze(self, card: Card, duration: timedelta) -> None:  # noqa: ARG002 - see SeedingBackend
        """Refuse: only a customer's device can snooze."""
        raise NotAvailableError(NO_SNOOZE)

    def pass_time(self, duration: timedelta) -> None:
        """Wait."""
        whole = duration.total_seconds()
        with activity("letting seconds pass", ceil(whole)) as update:
            for passed in range(ceil(whole)):
                update(passed)
                self._wait_clock.sleep(min(1.0, whole - passed))


class NoBackend(LiveBackend):
    """Creates no cards: what needs some of its own is not available."""

    sends_lifecycle_ids = False

    def choose_users(self, population: Population) -> tuple[str, ...]:  # noqa: ARG002 - for none
        """Refuse.

        Raises:
            NotAvailableError: Always.
        """
        raise NotAvailableError(NO_SUPPLY)

    def place(
        self,
        population: Population,
        users: Sequence[str],  # noqa: ARG002 - for none
        invocation: str | None = None,  # noqa: ARG002
    ) -> str:
        """Refuse, as :meth:`choose_users` does."""
        self.choose_users(population)
        return ""
