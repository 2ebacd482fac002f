"""StaleReads: earlier states of cards, for a server whose reads lag behind."""

from __future__ import annotations

from collections import defaultdict
from math import inf
from typing import TYPE_CHECKING

from pytest_atomic_cards.support.clock import REAL_CLOCK

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_atomic_cards.sandbox.card_record import Row


class StaleReads:
    """Earlier states of changed cards, by row number."""

    def __init__(self) -> None:
        self._earlier: defaultdict[int, list[tuple[float, Row]]] = defaultdict(list)
        self._last_change = -inf

    def remember(self, rows: Sequence[Row]) -> None:
        """Keep the states of cards that are about to change."""
        self._last_change = REAL_CLOCK.monotonic()
        for row in rows:
            self._earlier[row.seq].append((self._last_change, row))

    def has_any(self, seconds: float) -> bool:
        """Whether any card changed within the last seconds."""
        return self._last_change > REAL_CLOCK.monotonic() - seconds

    def as_of(self, row: Row, seconds: float) -> Row:
        """A card as it was some seconds ago."""
        then = REAL_CLOCK.monotonic() - seconds
        return next((old for at, old in self._earlier.get(row.seq, ()) if at > then), row)
