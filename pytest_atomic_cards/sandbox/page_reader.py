"""Reading pages of cards from SQLite at a cost that does not grow with the number of cards.

Two cases do grow: the first jump to an offset far from any page that was read, and the order
``by-id`` with attributes that many cards share, which SQLite has to sort.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from pytest_atomic_cards.model.lifecycle import Status
from pytest_atomic_cards.sandbox.card_record import Row

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Hashable, Mapping, Sequence

    from pytest_atomic_cards.sandbox.schema import Schema, Shape

Parameters = tuple[str | int, ...]

_ORDERS: Final = {
    "oldest-first": "seq",
    "newest-first": "seq DESC",
    "by-id": "card_instance_id",
}
_STATES: Final = tuple(status.value for status in Status)
_MOST_PAGE_ENDS: Final = 10_000
"""Ends of pages to remember: ten million cards in pages of a thousand, in about 5 MB."""


class Selection(NamedTuple):
    """Which cards to read.

    Args:
        environment: Number of the environment.
        filters: Column, but not ``status`` → the values of which a card must have one.
        statuses: States of which a card must have one, or ``None`` for any.
    """

    environment: int
    filters: Mapping[str, tuple[str, ...]]
    statuses: tuple[str, ...] | None = None

    @property
    def is_impossible(self) -> bool:
        """Whether no card can satisfy it."""
        return () in self.filters.values() or (
            self.statuses is not None and not set(self.statuses).intersection(_STATES)
        )


class PageReader:
    """Reads from the table of cards.

    It remembers where pages ended until the next write, since a listing is read page by page and
    SQLite's OFFSET costs about 10 ns for each card that it skips: 10 ms at the end of a million,
    more than a page of a thousand itself.

    Args:
        connection: The database.
        schema: Its SQL.
        fold: How attribute values are made alike before they are compared; ``None`` for exactly.
    """

    def __init__(
        self, connection: sqlite3.Connection, schema: Schema, fold: Callable[[str], str] | None
    ) -> None:
        self._connection = connection
        self._schema = schema
        self._fold = fold
        self._page_ends: dict[Hashable, str | int] = {}

    def forget(self) -> None:
        """Forget what held before a write."""
        self._page_ends.clear()

    def page(self, selection: Selection, order: str, limit: int, offset: int) -> list[Row]:
        """The cards of a selection from ``offset`` on, in an order as the store names it."""
        shape, arms = self._arms(selection)
        column = _ORDERS[order]
        listing = (order, shape, *arms)
        end = self._page_ends.get((listing, offset))
        resume = () if end is None else (end,)
        sql = self._schema.page(
            shape, len(arms) if selection.statuses else 0, column, resumed=bool(resume)
        )
        known = (value for arm in arms for value in (*arm, *resume))
        rows = self.rows(sql, (*known, limit, 0 if resume else offset))
        if len(rows) == limit:
            if len(self._page_ends) >= _MOST_PAGE_ENDS:
                self._page_ends.clear()
            self._page_ends[listing, offset + limit] = getattr(rows[-1], column.split()[0])
        return rows

    def count(self, selection: Selection) -> int:
        """How many cards a selection has."""
        shape, arms = self._arms(selection)
        sql = self._schema.count(shape, len(arms) if selection.statuses else 0)
        return self.value(sql, tuple(value for arm in arms for value in arm))

    def rows(self, sql: str, parameters: Parameters) -> list[Row]:
        """The cards that a statement gives."""
        return list(map(Row._make, self._connection.execute(sql, parameters)))

    def value(self, sql: str, parameters: Parameters = ()) -> int:
        """The number that a statement gives."""
        return int(self._connection.execute(sql, parameters).fetchone()[0])

    def _arms(self, selection: Selection) -> tuple[Shape, Sequence[Parameters]]:
        """How many values each column may have, and the parameters of each arm."""
        environment, filters, statuses = selection
        shape = tuple((column, len(values)) for column, values in filters.items())
        given = (value for values in filters.values() for value in values)
        known = (environment, *(given if self._fold is None else map(self._fold, given)))
        if statuses is None:
            return shape, (known,)
        return shape, tuple((*known, state) for state in _STATES if state in statuses)
