"""Drain: repeat an action until no card is left that it can change.

The documentation has this loop for cancel, and does not say when it ends.
Source: Cards API page › Request limits.

A drain trusts the target to honour the query and to count what it changed, as its users would. The
clean-up of a run cannot: it cancels in its own way, see
:mod:`pytest_atomic_cards.targets.seeding.cancel_cards`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from pytest_atomic_cards.model.lifecycle import TRANSITIONS, Action, Level, Status
from pytest_atomic_cards.support.errors import OutcomeUnknownError, RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_atomic_cards.client.retry import RetryPolicy
    from pytest_atomic_cards.model.cards import ActionResponse, Card
    from pytest_atomic_cards.model.query import CardQuery

_MAY_MEAN_NO_MATCH: Final = frozenset(
    {HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT}
)
_UNPROMISED_ATTEMPTS: Final = 3
"""Attempts at an action that the documentation does not promise for a state: a refusal is likely
meant, and the repeats are for a listing that lags."""


@dataclass(frozen=True, slots=True)
class DrainProgress:
    """The progress of a drain, in counts.

    Args:
        requests: Actions sent so far.
        updated: Cards changed so far, by the target's own count.
        last_updated: Cards changed by the last action.
    """

    requests: int
    updated: int
    last_updated: int


@dataclass(frozen=True, slots=True)
class DrainReport:
    """What a drain did, in counts.

    Args:
        requests: Actions sent.
        updated: Cards changed, by the target's own count, without those of actions whose outcome
            is unknown.
        unknown_outcomes: Actions that got no usable response.
        left: Cards that one page, listed last, still showed in a state that the action can
            change. More than 0 if the target did not change them.
    """

    requests: int
    updated: int
    unknown_outcomes: int
    left: int

    @property
    def finished(self) -> bool:
        """Whether nothing was left."""
        return self.left == 0


class Drain:
    """One drain.

    As long as responses report cards that were not reported before, the action is repeated.
    Otherwise the listing decides. If it still shows cards in some state, the action is narrowed to
    that state, in case closed cards prevent it, and repeated a limited number of times, in case the
    listing lags. Actions that succeed without a body are judged by the listing alone.

    Args:
        act: Sends the action.
        look: Lists one page.
        action: The action that ``act`` sends.
        query: Which cards.
        retry: How often to repeat an action that changes nothing, and how long to wait between.
    """

    def __init__(
        self,
        act: Callable[[CardQuery], ActionResponse],
        look: Callable[[CardQuery], list[Card]],
        action: Action,
        query: CardQuery,
        *,
        retry: RetryPolicy,
    ) -> None:
        self._act = act
        self._look = look
        self._action = action
        self._query = query
        self._retry = retry
        self._states = _states_to_change(action, query)
        self._reported: set[str] = set()
        self._refusal: RefusedError | None = None
        self._is_silent = False
        self._shown: frozenset[str | None] = frozenset()
        self._shown_before: frozenset[str | None] = frozenset()
        self._requests = self._updated = self._unknown = 0

    def run(self, on_progress: Callable[[DrainProgress], None], max_requests: int) -> DrainReport:
        """Repeat until nothing is left, nothing changes any more, or ``max_requests`` are sent.

        Raises:
            RefusedError: The target keeps refusing cards that the listing shows.
            AtomicCardsError: An action or a listing failed.
        """
        query, stalled = self._query, None
        hopeless: dict[Status | str, RefusedError | None] = {}
        while self._requests < max_requests:
            last_updated, progressed = self._attempt(query)
            on_progress(DrainProgress(self._requests, self._updated, last_updated))
            if progressed:
                stalled = None
                continue
            left = self._left()
            if left and self._is_silent and self._shows_others():
                continue
            if query.status in left and stalled is not None and not stalled.again():
                hopeless[query.status] = self._refusal
            state = next((one for one in left if one not in hopeless), None)
            if state is None:
                break
            if query.status != state or stalled is None:
                query, stalled = self._query.replace(status=state), self._retry_for(state).begin()
        else:
            left = self._left()
        refusal = next(filter(None, map(hopeless.get, left)), None)
        if refusal is not None:
            raise refusal
        return DrainReport(self._requests, self._updated, self._unknown, sum(left.values()))

    def _attempt(self, query: CardQuery) -> tuple[int, bool]:
        self._requests += 1
        self._refusal, self._is_silent = None, False
        try:
            response = self._act(query)
        except OutcomeUnknownError:
            self._unknown += 1
            return 0, False
        except RefusedError as error:
            if error.exchange is None or error.exchange.status not in _MAY_MEAN_NO_MATCH:
                raise
            self._refusal = error
            return 0, False
        self._is_silent = not response.raw
        counted = response.summary.updated
        updated = len(response.results) if counted is None else counted
        self._updated += updated
        return updated, updated > 0 and self._reports_new_cards(response)

    def _reports_new_cards(self, response: ActionResponse) -> bool:
        """Whether a card was reported for the first time; true if cards have no ids."""
        ids = {one.card_instance_id for one in response.results if one.card_instance_id}
        new = ids - self._reported
        self._reported |= ids
        return bool(new) or not ids

    def _shows_others(self) -> bool:
        """Whether the last listing showed different cards than the one before."""
        return self._shown != self._shown_before

    def _left(self) -> dict[Status | str, int]:
        """How many cards a page shows that could still be changed, by their state."""
        pages = {state: self._look(self._query.replace(status=state)) for state in self._states}
        left = {
            state: [card for card in page if card.status in self._states]
            for state, page in pages.items()
        }
        self._shown_before, self._shown = (
            self._shown,
            frozenset(card.card_instance_id for page in left.values() for card in page),
        )
        counts = {state: len(page) for state, page in left.items()}
        return {state: count for state, count in counts.items() if count}

    def _retry_for(self, state: Status | str) -> RetryPolicy:
        """How often to repeat: not often if the documentation does not promise the action."""
        promised = state in set(Status) and (
            TRANSITIONS[Status(state), self._action].level is Level.DOCUMENTED
        )
        return self._retry if promised else replace(self._retry, attempts=_UNPROMISED_ATTEMPTS)


def _states_to_change(action: Action, query: CardQuery) -> tuple[Status | str, ...]:
    changeable = tuple(status for status in Status if TRANSITIONS[status, action].allowed)
    if query.status is None:
        return changeable
    closed = query.status in set(Status) and query.status not in changeable
    return () if closed else (query.status,)
