"""Checkpoints: where deep pages of a listing begin, so that paging on need not skip from the start.

SQLite's OFFSET costs about 10 ns for each row that it skips: 10 ms at the end of a million.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections import defaultdict
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Hashable

_MOST: Final = 10_000


class Checkpoints:
    """For a listing, at some offsets, the row number after which the page begins.

    Valid only until the next write.
    """

    def __init__(self) -> None:
        self._known: defaultdict[Hashable, list[tuple[int, int]]] = defaultdict(list)
        self._count = 0

    def clear(self) -> None:
        """Forget everything."""
        if self._count:
            self._known.clear()
            self._count = 0

    def note(self, listing: Hashable, offset: int, seq: int) -> None:
        """Remember that the page at ``offset`` begins after row ``seq``."""
        points = self._known[listing]
        place = bisect_right(points, (offset, seq))
        if place == 0 or points[place - 1] != (offset, seq):
            if self._count >= _MOST:
                self.clear()
                points = self._known[listing]
            insort(points, (offset, seq))
            self._count += 1

    def nearest(self, listing: Hashable, offset: int) -> tuple[int, int]:
        """The last known offset that is not beyond ``offset``, and its row; else zeros."""
        points = self._known.get(listing)
        if not points:
            return 0, 0
        place = bisect_right(points, (offset, 2**63))
        return points[place - 1] if place else (0, 0)
