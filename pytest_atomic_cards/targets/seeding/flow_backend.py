"""Seeding through an Action Flow: the only way to create cards over the public API.

Source: Action Flow API › start, test; Steps › activities are queued before processing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from http import HTTPStatus
from itertools import groupby
from typing import Final

from pytest_atomic_cards.client.action_flows import ActionFlows, FlowTarget
from pytest_atomic_cards.client.response_views import split_command
from pytest_atomic_cards.model.card_spec import CardSpec, Population
from pytest_atomic_cards.model.cards import Card
from pytest_atomic_cards.model.settings import Settings
from pytest_atomic_cards.support.errors import (
    RefusedError,
    SeedingError,
)
from pytest_atomic_cards.support.randomness import TRUE_RANDOMNESS, Randomness
from pytest_atomic_cards.targets.seeding.live_backend import LiveBackend
from pytest_atomic_cards.targets.seeding.server_clock import ServerClock

_IF_NO_TEST_USER: Final = (
    "a start in flow mode test ignores all but test users: check that ATOMIC_CARDS_USER_IDS names "
    "only such"
)


class FlowBackend(LiveBackend):
    """Starts the Action Flow of the settings, one invocation per population.

    Args:
        flows: Starts it.
        settings: Which flow, and its variables.
        clock: The target's time.
        randomness: Where ids come from.
    """

    def __init__(
        self,
        flows: ActionFlows,
        settings: Settings,
        clock: ServerClock,
        randomness: Randomness = TRUE_RANDOMNESS,
    ) -> None:
        super().__init__(settings, flows.session.clock, randomness)
        self._flows = flows
        self._clock = clock
        self.starts_overlap = not settings.user_ids
        if settings.flow_mode == "test":
            self.if_missing = _IF_NO_TEST_USER

    def observe_new(self, cards: Iterable[Card], begun: datetime, listed: datetime) -> None:
        """Learn the target's time from when it created the first cards."""
        self._clock.observe_new(cards, begun, listed)

    @property
    def knows_target_time(self) -> bool:
        """Whether the target's time is more than a guess from when it created cards."""
        return not self._clock.is_guessed

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
            what, command = split_command(f"Action Flow {flow!r} was not started: {error}")
            reason = "; ".join(filter(None, (what, self._remedy(error))))
            text = "\n".join(filter(None, (reason, command)))
            raise SeedingError(text, error.exchange) from None
        return started.flow_invocation_id

    def _remedy(self, error: RefusedError) -> str:
        """What to check after a start was refused; nothing more if there was no token for it."""
        if error.exchange is None:
            return ""
        if error.exchange.status == HTTPStatus.UNAUTHORIZED:
            return {
                "token": "the target refuses ATOMIC_CARDS_TOKEN; it may have expired",
                "none": "the target asks for a token; unset ATOMIC_CARDS_ACCESS=none",
                "credentials": "the target refuses the token of these credentials; check their "
                "role and ATOMIC_CARDS_ENVIRONMENT_ID",
            }[self._settings.way_in]
        remedy = (
            "check ATOMIC_CARDS_FLOW_ID, that the flow is published, and "
            "ATOMIC_CARDS_FLOW_VARIABLES"
        )
        if error.exchange.status == HTTPStatus.NOT_FOUND:
            remedy += (
                "; if the target has no Action Flows, create the cards in a hook, with "
                "ATOMIC_CARDS_SEEDING=hook"
            )
        return remedy

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
            lifecycle_id=spec.lifecycle_id,
        )

    def _after(self, length: timedelta | None) -> datetime | None:
        return self._clock.now() + length if length else None


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
            spec.lifecycle_id,
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
