"""Races: overlapping actions on the same cards, with their responses and listings meanwhile.

Whether a request changed a card is read only from ``summary.updated``, which is inferred to count
the changed cards. The results in ``data`` show which ones only if their number agrees, as a target
may also list cards that it did not change.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from threading import Barrier
from typing import TYPE_CHECKING, Final, Self

from pytest_atomic_cards.model.cards import STATUSES
from pytest_atomic_cards.model.lifecycle import TRANSITIONS, Action, Level, Status
from pytest_atomic_cards.model.query import CardQuery
from pytest_atomic_cards.suite.experiments.linearizability import Operation
from pytest_atomic_cards.suite.probing.action_responses import response_of
from pytest_atomic_cards.suite.probing.expected_states import States
from pytest_atomic_cards.suite.probing.probe import Probe
from pytest_atomic_cards.support.clock import REAL_CLOCK
from pytest_atomic_cards.support.errors import (
    ContractBrokenError,
    NotAvailableError,
    OutcomeUnknownError,
)
from pytest_atomic_cards.targets.seeding.listing_reader import key_of

if TYPE_CHECKING:
    from pytest_atomic_cards.model.cards import ActionResponse, Card
    from pytest_atomic_cards.model.exchange import Exchange
    from pytest_atomic_cards.targets.seeding.listing_reader import Group

ACTORS: Final = len(Action)
"""The number of overlapping requests: one for each action."""
SERVER_ERROR: Final = 500
"""An error of the server itself; 502, 503 and 504 may be passing failures."""
_FIRST_LATENCY: Final = 0.002
"""Seconds: the longest delay of the first race, before any latency is known; that of a fast one."""


class Said(StrEnum):
    """What a response reports about one card."""

    UPDATED = "updated"
    LEFT_ALONE = "left alone"
    REFUSED = "refused"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class RacedAction:
    """One action that overlaps with others.

    Args:
        action: The action.
        query: Its query.
        called: When it was sent, on a clock that all attempts share.
        returned: When its response arrived; ``math.inf`` if none did.
        exchange: The request and its response.
        seen: The state words of the group's cards in one listing right afterwards.
    """

    action: Action
    query: CardQuery
    called: float
    returned: float
    exchange: Exchange | None
    seen: States

    @property
    def succeeded(self) -> bool:
        """Whether the target reported success."""
        return self.exchange is not None and self.exchange.succeeded

    @property
    def response(self) -> ActionResponse | None:
        """The body of a successful response, if it is as sampled."""
        if self.exchange is None or not self.succeeded:
            return None
        try:
            return response_of(self.exchange)
        except (ContractBrokenError, NotAvailableError):
            return None

    @property
    def updated(self) -> int | None:
        """The number of cards that the response counts as updated; ``None`` if it has none."""
        if self.refused:
            return 0
        return None if self.response is None else self.response.summary.updated

    @property
    def refused(self) -> bool:
        """Whether the target refused the action."""
        status = (self.exchange and self.exchange.status) or 0
        return self.returned < math.inf and 400 <= status < 500  # noqa: PLR2004 - client errors

    @property
    def failed(self) -> bool:
        """Whether the target failed, rather than being busy."""
        return self.exchange is not None and self.exchange.status == SERVER_ERROR

    def said_of(self, card: Card, aimed: int) -> Said:
        """What the response reports about one card.

        Args:
            card: One of the cards that the query matches.
            aimed: The number of cards that it matches.
        """
        if self.refused:
            return Said.REFUSED
        if self.updated == 0:
            return Said.LEFT_ALONE
        if self.response is None or self.updated is None:
            return Said.NOTHING
        if self.updated >= aimed:
            return Said.UPDATED
        ids = {result.card_instance_id for result in self.response.results}
        if len(ids) != self.updated or None in ids:
            return Said.NOTHING
        return Said.UPDATED if card.card_instance_id in ids else Said.LEFT_ALONE


@dataclass(frozen=True, slots=True)
class Race:
    """Overlapping actions on cards of one group, all of which were in one open state before.

    Args:
        group: The group.
        cards: The cards that the queries match.
        attempts: The actions.
    """

    group: Group
    cards: tuple[Card, ...]
    attempts: tuple[RacedAction, ...]

    @property
    def before(self) -> Status:
        """The state of the cards before."""
        return STATUSES.get(self.cards[0].status or "", Status.ACTIVE)

    def history_of(self, card: Card, final: str | None) -> list[Operation[Status]]:
        """The actions on one card and its final state, as operations.

        Args:
            card: One of the cards.
            final: Its final state word; ``None`` if no listing shows it.
        """
        operations = [
            Operation(
                attempt.called,
                attempt.returned,
                _step(attempt.action, attempt.said_of(card, len(self.cards))),
            )
            for attempt in self.attempts
        ]
        last = max((one.returned for one in operations if one.answered), default=0.0)
        return [*operations, Operation(last + 1, last + 1, _seen(final))]

    @property
    def is_whole(self) -> bool:
        """Whether the responses name only cards of the group, so no others appeared later."""
        known = {card.card_instance_id for card in self.group.cards}
        named = {
            result.card_instance_id
            for attempt in self.attempts
            if attempt.response is not None
            for result in attempt.response.results
        }
        return named <= known | {None}

    @property
    def changed(self) -> bool:
        """Whether an action succeeded without reporting 0 updated cards."""
        return any(one.succeeded and one.updated != 0 for one in self.attempts)

    @property
    def exchanges(self) -> tuple[Exchange, ...]:
        """The requests and their responses."""
        return tuple(attempt.exchange for attempt in self.attempts if attempt.exchange)

    def __str__(self) -> str:
        return ", ".join(f"{one.action}: {_reported(one)}" for one in self.attempts)


def _step(action: Action, said: Said) -> Callable[[Status], Collection[Status]]:
    """The possible states after an action, given the state before it and the response."""

    def step(before: Status) -> Collection[Status]:
        transition = TRANSITIONS[before, action]
        match said:
            case Said.UPDATED:
                return {transition.after} if transition.allowed else ()
            case Said.LEFT_ALONE:
                must = transition.allowed and transition.level is Level.DOCUMENTED
                return () if must else {before}
            case Said.REFUSED:
                return {before}
            case Said.NOTHING:
                return {before, transition.after}

    return step


def _seen(word: str | None) -> Callable[[Status], Collection[Status]]:
    """Only the listed state; a card that is not listed, or with an unknown word, may be closed."""

    def step(state: Status) -> Collection[Status]:
        return {state} if word == state or (word not in set(Status) and state.is_closed) else ()

    return step


def _reported(attempt: RacedAction) -> str:
    if attempt.returned == math.inf:
        return "no response"
    if attempt.updated is None or attempt.refused:
        return f"HTTP {attempt.exchange.status if attempt.exchange else 'nothing'}"
    return f"{attempt.updated} updated"


class Racecourse:
    """Runs races on one target.

    In every second race all actions start together. In the others all but one start a little later,
    by at most the latency of the target.

    Args:
        probe: Sends the requests.
        seed: The seed of the delays.
    """

    def __init__(self, probe: Probe, seed: int) -> None:
        self._probe = probe
        self._random = random.Random(seed)  # noqa: S311 - nothing secret
        self._latency = _FIRST_LATENCY
        self._threads = ThreadPoolExecutor(ACTORS, thread_name_prefix="atomic-cards-race")
        self._count = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._threads.shutdown()

    def run(
        self, group: Group, cards: Sequence[Card], starts: Sequence[tuple[Action, CardQuery]]
    ) -> Race:
        """Run one race.

        Args:
            group: A group of cards in one open state.
            cards: Those of its cards that all queries match.
            starts: The actions and their queries, at most :data:`ACTORS`.

        Raises:
            AtomicCardsError: The target did not respond.
        """
        barrier = Barrier(len(starts))
        runs = [
            self._threads.submit(self._attempt, barrier, delay, action, query)
            for delay, (action, query) in zip(self._delays(len(starts)), starts, strict=True)
        ]
        attempts = tuple(run.result() for run in runs)
        took = [one.exchange.elapsed for one in attempts if one.exchange]
        self._latency = min(took, default=self._latency)
        return Race(group, tuple(cards), attempts)

    def _delays(self, count: int) -> list[float]:
        self._count += 1
        together = self._count % 2 == 1
        delays = [0.0] + [
            0.0 if together else self._random.uniform(0, self._latency) for _ in range(count - 1)
        ]
        self._random.shuffle(delays)
        return delays

    def _attempt(
        self, barrier: Barrier, delay: float, action: Action, query: CardQuery
    ) -> RacedAction:
        barrier.wait()
        REAL_CLOCK.sleep(delay)
        called, returned = REAL_CLOCK.monotonic(), math.inf
        try:
            exchange: Exchange | None = self._probe.api.act_exchange(action, query)
            returned = REAL_CLOCK.monotonic()
        except OutcomeUnknownError as error:
            exchange = error.exchange
        listed = self._probe.page(query.replace(multiple=False)).cards
        seen = {key_of(card): card.status for card in listed}
        return RacedAction(action, query, called, returned, exchange, seen)
