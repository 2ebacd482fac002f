"""Seeding through an Action Flow: the only way to create cards over the public API.

Source: Action Flow API › start, test; Steps › activities are queued before processing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from itertools import cycle, groupby
from math import ceil
from typing import Final

from pytest_atomic_cards.client.action_flows import ActionFlows, FlowTarget
from pytest_atomic_cards.model.card_spec import CardSpec, Population
from pytest_atomic_cards.model.cards import Card
from pytest_atomic_cards.model.exchange import Exchange
from pytest_atomic_cards.model.settings import Settings
from pytest_atomic_cards.support.clock import REAL_CLOCK, Clock
from pytest_atomic_cards.support.errors import (
    NotAvailableError,
    RefusedError,
    SeedingError,
)
from pytest_atomic_cards.support.progress import activity
from pytest_atomic_cards.support.randomness import TRUE_RANDOMNESS, Randomness
from pytest_atomic_cards.targets.seeding.backend import UserIds

_CHOSEN_BY_TARGET: Final = {
    "card_template_id": "cardTemplateId",
    "event_name": "eventName",
    "lifecycle_id": "lifecycleId",
    "flow_instance_id": "flowInstanceId",
    "flow_invocation_id": "flowInvocationId",
}


class ServerClock:
    """The target's time, according to the ``Date`` of its responses (RFC 9110 › 6.6.1).

    Args:
        clock: Our own time.
    """

    def __init__(self, clock: Clock = REAL_CLOCK) -> None:
        self._clock = clock
        self._ahead = timedelta(0)

    def observe(self, exchange: Exchange) -> None:
        """Learn from a response."""
        with suppress(KeyError, ValueError, TypeError):
            date = parsedate_to_datetime(exchange.response_headers["date"])
            ahead = date - exchange.started
            self._ahead = ahead if abs(ahead) > _NOTABLE else timedelta(0)

    def now(self) -> datetime:
        """The target's time now, UTC."""
        return self._clock.now() + self._ahead


_NOTABLE: Final = timedelta(seconds=2)
"""Differences below are not corrected: ``Date`` has whole seconds, and a response takes a while."""


class FlowBackend:
    """Starts the Action Flow of the settings, one invocation per population."""

    delivery_is_certain = False
    settling = 10.0  # ten times as long as the slow target of our tests needs to list a change

    def __init__(
        self,
        flows: ActionFlows,
        settings: Settings,
        clock: ServerClock,
        randomness: Randomness = TRUE_RANDOMNESS,
    ) -> None:
        self._flows = flows
        self._clock = clock
        self._settings = settings
        self._user_ids = UserIds(randomness)
        self.listing_timeout = settings.seed_timeout

    def new_user(self, suffix: str = "") -> str:
        """A user id that nothing else on the target has."""
        self._refuse_to_generate()
        return self._user_ids.new(suffix)

    def new_number(self) -> str:
        """A user id of digits that nothing else on the target has."""
        self._refuse_to_generate()
        return self._user_ids.number()

    def _refuse_to_generate(self) -> None:
        if self._settings.user_ids:
            raise NotAvailableError("ATOMIC_CARDS_USER_IDS names the only users to target")

    def choose_users(self, population: Population) -> tuple[str, ...]:
        """The customers that the specs name, those of the settings in turn, or new ones."""
        _refuse_what_the_flow_decides(population)
        return tuple(self._users(population))

    def owns(self, user: str) -> bool:
        """Whether a user was generated here."""
        return self._user_ids.owns(user)

    def place(
        self, population: Population, users: Sequence[str], invocation: str | None = None
    ) -> str:
        """Start the flow once, with one flow target for each run of cards that are alike."""
        pairs = list(zip(population, users, strict=True))
        targets = [self._target(spec, users_of_target) for spec, users_of_target in _alike(pairs)]
        flow, mode = self._settings.flow_id or "", self._settings.flow_mode
        try:
            started = self._flows.start(flow, targets, mode=mode, flow_invocation_id=invocation)
        except RefusedError as error:
            raise SeedingError(
                f"Action Flow {flow!r} was not started: {error}; check ATOMIC_CARDS_FLOW_ID, "
                "that the flow is published, and ATOMIC_CARDS_FLOW_VARIABLES",
                error.exchange,
            ) from None
        return started.flow_invocation_id

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

    def _target(self, spec: CardSpec, users: Sequence[str]) -> FlowTarget:
        stamped = spec.expiry_as == "timestamp"
        return FlowTarget(
            users=users,
            variables={**self._settings.flow_variables, **spec.variables},
            metadata=spec.metadata,
            priority=spec.priority,
            embargo=self._after(spec.embargo),
            expires=self._after(spec.expires) if stamped else None,
            expires_interval=None if stamped else spec.expires,
        )

    def _after(self, length: timedelta | None) -> datetime | None:
        return self._clock.now() + length if length else None

    def snooze(self, card: Card, duration: timedelta) -> None:  # noqa: ARG002 - see SeedingBackend
        """Refuse: only a customer's device can snooze."""
        raise NotAvailableError("the public API has no way to snooze a card")

    def pass_time(self, duration: timedelta) -> None:
        """Wait."""
        whole = duration.total_seconds()
        with activity("letting seconds pass", ceil(whole)) as update:
            for passed in range(ceil(whole)):
                update(passed)
                self._flows.session.clock.sleep(min(1.0, whole - passed))


def _refuse_what_the_flow_decides(population: Population) -> None:
    for field, attribute in _CHOSEN_BY_TARGET.items():
        if any(getattr(spec, field) is not None for spec in population):
            raise NotAvailableError(
                f"{attribute} of a card is decided by the Action Flow on a live target; "
                f"leave {field} out"
            )


def _alike(
    pairs: list[tuple[CardSpec, str]],
) -> Iterator[tuple[CardSpec, list[str]]]:
    """The customers of each flow target: their cards are alike, and none occurs twice."""

    def but_for_user(pair: tuple[CardSpec, str]) -> tuple[object, ...]:
        spec = pair[0]
        return (
            spec.variables,
            spec.metadata,
            spec.priority,
            spec.embargo,
            spec.expires,
            spec.expiry_as,
        )

    for _, run in groupby(pairs, key=but_for_user):
        targets: list[tuple[CardSpec, dict[str, None]]] = []
        turns: Counter[str] = Counter()
        for spec, user in run:
            turn = turns[user]
            turns[user] += 1
            if turn == len(targets):
                targets.append((spec, {}))
            targets[turn][1][user] = None
        yield from ((spec, list(users)) for spec, users in targets)
