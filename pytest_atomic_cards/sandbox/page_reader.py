"""Reading pages of cards out of SQLite at a cost that does not grow with the number of cards."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Final, NamedTuple

from pytest_atomic_cards.sandbox.card_record import Row
from pytest_atomic_cards.sandbox.keyset_cache import Checkpoints
from pytest_atomic_cards.sandbox.schema import STATUS, Columns, Schema, SeqOrder

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Mapping

Known = tuple[str | int, ...]
"""Parameters of a statement: the number of an environment, and values."""

_FEW: Final = (100, 10_000)
"""How many cards count as few when an index is chosen: if none has the first, then the second."""
_DEEP: Final = 1_000
"""From this offset on, where a page started is remembered."""
_SEQ_ORDERS: Final[Mapping[str, SeqOrder]] = {"oldest-first": "ASC", "newest-first": "DESC"}


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
        return self.statuses == () or () in self.filters.values()


class Reader:
    """Reads from the table of cards.

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
        self._checkpoints = Checkpoints()

    def forget(self) -> None:
        """Forget what held before a write."""
        self._checkpoints.clear()

    def page(self, selection: Selection, order: str, limit: int, offset: int) -> list[Row]:
        """The cards of a selection from ``offset`` on, in an order as the store names it."""
        environment, filters, statuses = selection
        states, columns, values = statuses or (), tuple(filters), self._values(selection)
        seq_order = _SEQ_ORDERS.get(order)
        if seq_order is None or len(values) != len(columns):
            counts = tuple(map(len, filters.values()))
            text = "card_instance_id" if seq_order is None else f"seq {seq_order}"
            sql = self._schema.general_page(columns, counts, len(states), text)
            return self.rows(sql, (environment, *values, *states, limit, offset))
        known: Known = (environment, *values)
        index = self._choose(columns, known, states)
        if len(states) > 1 and self._schema.splits_by_status(index):
            sql = self._schema.page_by_status(columns, index, len(states), seq_order)
            arms = [(*known, state, limit + offset) for state in states]
            return self.rows(sql, (*chain(*arms), limit, offset))
        if offset >= _DEEP:
            return self._deep_page(columns, index, (*known, *states), seq_order, (limit, offset))
        sql = self._schema.page(columns, index, len(states), seq_order)
        return self.rows(sql, (*known, *states, limit, offset))

    def count(self, selection: Selection) -> int:
        """How many cards a selection has."""
        environment, filters, statuses = selection
        states = statuses or ()
        counts = tuple(map(len, filters.values()))
        sql = self._schema.count(tuple(filters), counts, len(states))
        return self.value(sql, (environment, *self._values(selection), *states))

    def rows(self, sql: str, parameters: Known) -> list[Row]:
        """The cards that a statement gives."""
        return list(map(Row._make, self._connection.execute(sql, parameters)))

    def value(self, sql: str, parameters: Known = ()) -> int:
        """The number that a statement gives."""
        return int(self._connection.execute(sql, parameters).fetchone()[0])

    def _choose(self, columns: Columns, known: Known, states: Columns) -> Columns:
        """The index to read: of several, the first that holds few cards for these values."""
        one_status = len(states) == 1
        candidates = self._schema.candidates(columns, one_status=one_status)
        if len(candidates) == 1:
            return candidates[0]
        by_name = dict(zip(("environment", *columns), known, strict=True))
        if one_status:
            by_name[STATUS] = states[0]
        for few in _FEW:
            for index in candidates:
                wanted = (known[0], *(by_name[column] for column in index), few + 1)
                if self.value(self._schema.probe(index), wanted) <= few:
                    return index
        return candidates[-1]

    def _deep_page(
        self,
        columns: Columns,
        index: Columns,
        known: Known,
        order: SeqOrder,
        window: tuple[int, int],
    ) -> list[Row]:
        limit, offset = window
        listing = (columns, known, order)
        passed, seq = self._checkpoints.nearest(listing, offset)
        start = (seq,) if passed else ()
        states = len(known) - len(columns) - 1
        sql = self._schema.page(columns, index, states, order, keyset=bool(start))
        rows = self.rows(sql, (*known, *start, limit, offset - passed))
        if rows:
            before = rows[0].seq + (-1 if order == "ASC" else 1)
            self._checkpoints.note(listing, offset, before)
            self._checkpoints.note(listing, offset + len(rows), rows[-1].seq)
        return rows

    def _values(self, selection: Selection) -> Columns:
        values = tuple(value for group in selection.filters.values() for value in group)
        return values if self._fold is None else tuple(map(self._fold, values))
