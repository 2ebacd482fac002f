"""Races: overlapping actions on the same cards, what each answer says, and what is seen meanwhile.

That a request changed a card is taken from ``summary.updated`` alone, which is inferred to count
the cards that changed; the results in ``data`` tell which ones only where their number agrees, as
a target may list cards that it left alone.
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

from pytest_atomic_cards.model.lifecycle import TRANSITIONS, Action, Level, Status
from pytest_atomic_cards.model.query import CardQuery
from pytest_atomic_cards.suite.linearizability import Operation
from pytest_atomic_cards.suite.probe import Probe, States, key_of, response_of
from pytest_atomic_cards.support.clock import REAL_CLOCK
from pytest_atomic_cards.support.errors import (
    ContractBrokenError,
    NotAvailableError,
    OutcomeUnknownError,
)

if TYPE_CHECKING:
    from pytest_atomic_cards.model.cards import ActionResponse, Card
    from pytest_atomic_cards.model.exchange import Exchange
    from pytest_atomic_cards.targets.seeding.listing_reader import Group

ACTORS: Final = len(Action)
"""How many requests overlap."""
SERVER_ERROR: Final = 500
"""The server error that is no passing one, as 502, 503 and 504 are."""
_FIRST_LATENCY: Final = 0.002


class Said(StrEnum):
    """What an answer says of one card."""

    UPDATED = "updated"
    LEFT_ALONE = "left alone"
    REFUSED = "refused"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One action that overlaps with others.

    Args:
        action: The action.
        query: What it was restricted to.
        called: When it was sent, on a clock that all attempts share.
        returned: When its answer came; ``math.inf`` where none came.
        exchange: The request and its answer.
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
        """Whether the target answered that it carried out the action."""
        return self.exchange is not None and self.exchange.succeeded

    @property
    def response(self) -> ActionResponse | None:
        """The body of an answer that reports success, if it is of the sampled form."""
        if self.exchange is None or not self.succeeded:
            return None
        try:
            return response_of(self.exchange)
        except (ContractBrokenError, NotAvailableError):
            return None

    @property
    def updated(self) -> int | None:
        """How many cards the request says that it changed; ``None`` where it does not say."""
        if self.refused:
            return 0
        return None if self.response is None else self.response.summary.updated

    @property
    def refused(self) -> bool:
        """Whether the target answered that it did nothing."""
        status = (self.exchange and self.exchange.status) or 0
        return self.returned < math.inf and 400 <= status < 500  # noqa: PLR2004 - client errors

    @property
    def failed(self) -> bool:
        """Whether the target answered that it failed, not that it is busy."""
        return self.exchange is not None and self.exchange.status == SERVER_ERROR

    def said_of(self, card: Card, aimed: int) -> Said:
        """What the answer says of one card.

        Args:
            card: One of the cards that the query matches.
            aimed: How many cards it matches.
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
    """Overlapping actions on cards of one group, all of which were active before.

    Args:
        group: The group.
        cards: The cards that the actions were aimed at.
        attempts: The actions.
    """

    group: Group
    cards: tuple[Card, ...]
    attempts: tuple[Attempt, ...]

    def history_of(self, card: Card, final: str | None) -> list[Operation[Status]]:
        """What was done to one card and seen of it in the end, as operations.

        Args:
            card: One of the cards.
            final: Its state word in the end; ``None`` where no listing shows it.
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
        """Whether the answers name no card but those of the group; others appeared after it."""
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
        """Whether an action succeeded, and does not say that it changed nothing."""
        return any(one.succeeded and one.updated != 0 for one in self.attempts)

    @property
    def exchanges(self) -> tuple[Exchange, ...]:
        """The requests and their answers."""
        return tuple(attempt.exchange for attempt in self.attempts if attempt.exchange)

    def __str__(self) -> str:
        return ", ".join(f"{one.action} said {_told(one)}" for one in self.attempts)


def _step(action: Action, said: Said) -> Callable[[Status], Collection[Status]]:
    """The states after an action, by the state before it, that agree with what it said."""

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
    """Only the state that was seen; a card not listed, or by an odd word, is in any closed one."""

    def step(state: Status) -> Collection[Status]:
        return {state} if word == state or (word not in set(Status) and state.is_closed) else ()

    return step


def _told(attempt: Attempt) -> str:
    if attempt.returned == math.inf:
        return "nothing, as its answer was lost"
    if attempt.updated is None or attempt.refused:
        return f"HTTP {attempt.exchange.status if attempt.exchange else 'nothing'}"
    return f"{attempt.updated} updated"


class Racecourse:
    """Runs races on one target.

    Half of them start together; in the others each action but one starts a little later, by no
    more than what an answer takes.

    Args:
        probe: Asks the target.
        seed: Decides the delays.
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
            group: A group of active cards.
            cards: Those of its cards that all queries match.
            starts: The actions and their queries, at most :data:`ACTORS`.

        Raises:
            AtomicCardsError: The target could not be asked.
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

    def _attempt(self, barrier: Barrier, delay: float, action: Action, query: CardQuery) -> Attempt:
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
        return Attempt(action, query, called, returned, exchange, seen)
