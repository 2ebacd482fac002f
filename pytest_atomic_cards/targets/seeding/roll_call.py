"""RollCall: one listing of all active cards, instead of one for each start that was cancelled."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from threading import Lock
from typing import Final

from pytest_atomic_cards.model.cards import Card
from pytest_atomic_cards.model.lifecycle import Status
from pytest_atomic_cards.model.query import CardQuery
from pytest_atomic_cards.support.errors import AtomicCardsError
from pytest_atomic_cards.targets.seeding.ownership import Ownership

FEWEST: Final = 4
"""Fewest starts with active cards for it: with fewer, listing each of them costs no more than the
two listings of everything, one before the cancels and one after."""
_SHOWN: Final = 3
"""Starts whose cards it must show exactly; of others, cards may have been closed meanwhile."""
_PAGES: Final = 2
"""Most pages to read: the second shows that the first was the last."""
_ACTIVE: Final = CardQuery(status=Status.ACTIVE)


class RollCall:
    """Lists the active cards of everybody, and uses that if it is shown to be complete.

    It counts as complete if it ends within a few pages, shows exactly the active cards of some
    starts, and shows too many of none. Where others have many cards it takes more pages, and each
    start is listed by its own id instead. Threads may share it; one of them lists.

    Args:
        ownership: Lists cards.
    """

    def __init__(self, ownership: Ownership) -> None:
        self._ownership = ownership
        self._lock = Lock()
        self._is_complete = False
        self._cards: tuple[Card, ...] | None = None
        self._before: tuple[Card, ...] = ()

    def begin(self, known: Mapping[str, int]) -> None:
        """Check whether a listing is complete.

        Args:
            known: How many cards are active under each invocation that has some.
        """
        self._is_complete = False
        if len(known) < FEWEST:
            return
        cards = self._listed()
        shown = Counter(card.flow_invocation_id for card in cards or ())
        exact = sum(shown[one] == count for one, count in known.items())
        is_more = any(shown[one] > count for one, count in known.items())
        self._is_complete = cards is not None and exact >= _SHOWN and not is_more
        self._cards, self._before = cards, cards or ()

    def is_empty_before(self, pin: CardQuery) -> bool:
        """Whether no card of a pin was active before the first cancel."""
        return self._is_complete and not _under(pin, self._before)

    def forget(self) -> None:
        """List again the next time, as an action was sent."""
        self._cards = None

    def under(self, pin: CardQuery) -> list[Card] | None:
        """The active cards that a pin selects; ``None`` if that is not known."""
        with self._lock:
            if not self._is_complete:
                return None
            if (cards := self._cards) is None:
                cards = self._cards = self._listed()
            if cards is None:
                self._is_complete = False
                return None
        return _under(pin, cards)

    def _listed(self) -> tuple[Card, ...] | None:
        try:
            found = self._ownership.look(_ACTIVE, _PAGES)
        except AtomicCardsError:
            return None
        return found.cards if found.complete else None


def _under(pin: CardQuery, cards: Sequence[Card]) -> list[Card]:
    return [card for card in cards if pin.matches(card.attributes)]
