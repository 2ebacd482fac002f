"""Cleaning up: every card that was seeded is cancelled at the end."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from pytest_atomic_cards.client.api import CardsApi
from pytest_atomic_cards.errors import AtomicCardsError, OutcomeUnknownError
from pytest_atomic_cards.lifecycle import Action, Status
from pytest_atomic_cards.query import CardQuery
from pytest_atomic_cards.seeding.reader import LARGEST_PAGE, Reader

_MOST_REPEATS: Final = 6
_FEW_REPEATS: Final = 2
_FIRST_PAUSE: Final = 0.05


@dataclass(frozen=True, slots=True)
class CleanUp:
    """What became of the cards that were seeded.

    Args:
        invocations: How many invocations were seeded.
        left_open: What may still hold active cards, and why.
        waiting: What still holds embargoed or snoozed cards, as whether those can be cancelled is
            an open question.
    """

    invocations: int
    left_open: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()


@dataclass(slots=True)
class Cleaner:
    """Remembers what was seeded, and cancels what is still open of it.

    Args:
        api: Client of the target.
        reader: Lists cards.
    """

    api: CardsApi
    reader: Reader
    seeded: dict[str, set[Status]] = field(default_factory=dict)
    lost_users: set[str] = field(default_factory=set)
    futile: bool = False

    def remember(self, invocation: str, states: Iterable[Status]) -> None:
        """Take in an invocation, and the open states that its cards may be in."""
        open_states = {state for state in states if state.is_open}
        self.seeded.setdefault(invocation, {Status.ACTIVE}).update(open_states)

    def remember_lost(self, users: Iterable[str]) -> None:
        """Take in customers of this run whose invocation may or may not have been started."""
        self.lost_users.update(users)

    def clean_up(self) -> CleanUp:
        """Cancel every card that was seeded and is listed as open.

        To be repeated at the end of a run: a flow may send a card after its invocation was
        cleaned up.
        """
        pins = [CardQuery(flow_invocation_id=invocation) for invocation in self.seeded]
        pins += [CardQuery(user_id=user) for user in sorted(self.lost_users)]
        waiting = [
            self._cancelled(CardQuery(flow_invocation_id=invocation, status=state), _FEW_REPEATS)
            for invocation, states in self.seeded.items()
            for state in sorted(states - {Status.ACTIVE})
        ]
        left = [self._cancelled(pin.replace(status=Status.ACTIVE), _MOST_REPEATS) for pin in pins]
        return CleanUp(len(self.seeded), tuple(filter(None, left)), tuple(filter(None, waiting)))

    def _cancelled(self, query: CardQuery, repeats: int) -> str:
        """Cancel what a query selects; empty, or what may be left and why.

        An answer that is lost does no harm: the next listing shows what is left. Listings may lag
        behind, so they are given time, until that was in vain once.
        """
        answer = "no answer"
        try:
            for attempt in range(repeats):
                if attempt > 1 and not self.futile:
                    self.api.session.timeline.sleep(_FIRST_PAUSE * 2**attempt)
                if not self.reader.page(query.replace(limit=1)).cards:
                    return ""
                with suppress(OutcomeUnknownError):
                    batch = query.replace(multiple=True, limit=LARGEST_PAGE)
                    answer = self.api.act_exchange(Action.CANCEL, batch).describe()
        except AtomicCardsError as error:
            return f"cards of {query}: {error}"
        self.futile |= repeats == _MOST_REPEATS
        return f"cards of {query}: still listed after {repeats} cancels, {answer}"
