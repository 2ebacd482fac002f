"""The heat map of a run: which combinations of attributes and status were queried."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations
from math import ceil, log10
from typing import Any, Final

from pytest_atomic_cards.model.lifecycle import Status
from pytest_atomic_cards.suite.planning.traffic_stats import ANY, NARROWING, OTHER

HEATS: Final = 4
"""Shades of a queried cell: one for each power of ten, the last for all above."""
COMBINATIONS: Final = tuple(
    chosen for count in range(len(NARROWING) + 1) for chosen in combinations(NARROWING, count)
)
"""Every combination of attributes except the status, the smallest first."""
COLUMNS: Final = (ANY, *(status.value for status in Status), OTHER)


@dataclass(frozen=True, slots=True)
class Cell:
    """How often a combination was queried with a status."""

    count: int

    @property
    def heat(self) -> int:
        """The shade, from 0 for never to :data:`HEATS`."""
        return min(HEATS, ceil(log10(self.count + 1))) if self.count else 0


@dataclass(frozen=True, slots=True)
class HeatMap:
    """Counts of queries.

    Args:
        rows: The cells of each combination of attributes, in the order of the columns.
        columns: The queried statuses: any, one of the seven, or another one.
        attributes: The attributes that are combined.
        tried: How many combinations were queried.
    """

    rows: Mapping[tuple[str, ...], tuple[Cell, ...]]
    columns: tuple[str, ...]
    attributes: tuple[str, ...]
    tried: int


def heat_map(queries: Iterable[Mapping[str, Any]]) -> HeatMap:
    """The heat map of the queries in ``report.json``."""
    counts = {(tuple(one["attributes"]), one["status"]): one["count"] for one in queries}
    rows = {
        chosen: tuple(Cell(counts.get((chosen, status), 0)) for status in COLUMNS)
        for chosen in COMBINATIONS
    }
    tried = sum(any(cell.count for cell in cells) for cells in rows.values())
    return HeatMap(rows, COLUMNS, NARROWING, tried)
