"""Tables, indexes and statements of the store.

Every index ends with the row number, so a page of cards with given values is one range of one
index, already in the order of ``seq``. SQLite's planner chooses the index, from statistics that are
written with the tables: plans depend neither on ANALYZE nor on the cards that happen to be there.
"""

# ruff: noqa: S608 - SQL text is built from the names in this module only; values are parameters

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from pytest_atomic_cards.sandbox.card_record import Row

if TYPE_CHECKING:
    from collections.abc import Iterator

Shape = tuple[tuple[str, int], ...]
"""Columns that are compared, each with the number of values it may have."""

PAGES: Final = 2**6 * 8 * 2
"""Statements to keep: one for each choice from six attributes and number of states, from the start
of a listing or resumed. Preparing one takes longer than reading a card with it."""
_CARDS: Final = 1_000_000
"""The size of the store that the statistics describe: the largest that the benchmarks measure."""
_CARDS_PER_VALUE: Final = {
    "flow_instance_id": 1,
    "lifecycle_id": 2,
    "user_id": 50,
    "flow_invocation_id": 100,
    "card_template_id": _CARDS // 10,
    "status": _CARDS // 7,
    "event_name": _CARDS // 5,
}
"""Estimates; only their order matters. A flow instance sends one card to one user, a lifecycle has
a card and its successors, and an invocation reaches many users; a suite has few templates and
events, and there are seven states."""
_INDEXES: Final = (
    (),
    ("event_name",),
    ("card_template_id",),
    ("event_name", "card_template_id"),
    ("lifecycle_id",),
    ("flow_instance_id",),
    ("user_id",),
    ("flow_invocation_id",),
    ("status",),
    ("event_name", "status"),
    ("card_template_id", "status"),
    ("event_name", "card_template_id", "status"),
    ("user_id", "status"),
    ("flow_invocation_id", "status"),
)
"""Columns of which many cards share a value need an index for each of their combinations. Of those
of which few cards do, one is enough: the rest is compared card by card."""
_COLUMNS: Final = ", ".join(Row._fields)


class Schema:
    """SQL text of the store.

    Args:
        folded: Whether attribute values are compared through the SQL function ``fold``.
    """

    card: Final = f"SELECT {_COLUMNS} FROM card WHERE card_instance_id = ? AND environment = ?"
    due: Final = f"SELECT {_COLUMNS} FROM card WHERE due <= ? ORDER BY due, seq"
    timed: Final = (
        f"SELECT {_COLUMNS} FROM card "
        "WHERE coalesce(embargo_until, expires_at, snooze_until) IS NOT NULL"
    )
    events: Final = (
        "SELECT event.type, event.at, card_instance_id, flow_invocation_id, flow_instance_id, "
        "completion FROM event JOIN card ON card.seq = event.card "
        "WHERE environment = ? ORDER BY event.at, event.seq"
    )
    insert: Final = f"INSERT INTO card VALUES ({', '.join('?' * (len(Row._fields) + 1))})"
    change: Final = (
        "UPDATE card SET status = ?, updated = ?, completion = ?, due = NULL WHERE seq = ?"
    )

    def __init__(self, *, folded: bool) -> None:
        self._folded = folded
        self.page = lru_cache(PAGES)(self._page)
        self.count = lru_cache(PAGES)(self._count)

    def create(self) -> list[str]:
        """The statements that make an empty store."""
        indexes = [
            f"CREATE INDEX IF NOT EXISTS {self._index(columns)} ON card "
            f"({', '.join(['environment', *map(self._expression, columns)])})"
            for columns in _INDEXES
        ]
        return [
            "CREATE TABLE IF NOT EXISTS environment (number INTEGER PRIMARY KEY, id TEXT UNIQUE)",
            f"CREATE TABLE IF NOT EXISTS card ({_definitions()}, due INTEGER)",
            "CREATE TABLE IF NOT EXISTS event (seq INTEGER PRIMARY KEY, card, type, at)",
            "CREATE TABLE IF NOT EXISTS credential (id PRIMARY KEY, secret, role, environment)",
            "CREATE UNIQUE INDEX IF NOT EXISTS by_card ON card (card_instance_id)",
            "CREATE INDEX IF NOT EXISTS by_due ON card (due) WHERE due IS NOT NULL",
            *indexes,
            "ANALYZE sqlite_master",  # creates the table of statistics, and reads no card
            "DELETE FROM sqlite_stat1",
            f"INSERT INTO sqlite_stat1 VALUES {', '.join(self._statistics())}",
            "ANALYZE sqlite_master",  # loads the statistics
        ]

    def _statistics(self) -> Iterator[str]:
        """Rows of ``sqlite_stat1``. Source: sqlite.org, Database File Format › sqlite_stat1."""
        yield f"('card', 'by_card', '{_CARDS} 1')"
        for columns in _INDEXES:
            alike = [_CARDS, _CARDS]
            for column in columns:
                alike.append(max(1, alike[-1] * _CARDS_PER_VALUE[column] // _CARDS))
            yield f"('card', '{self._index(columns)}', '{' '.join(map(str, alike))}')"

    def _page(self, shape: Shape, states: int, order: str, *, resumed: bool = False) -> str:
        """One page of cards, merged from one ordered read for each state.

        Parameters of the statement: for each state (once if ``states`` is 0) the environment, the
        values, the state if there are any and, if ``resumed``, the row number to start after;
        then limit and offset.
        """
        column, _, direction = order.partition(" ")
        after = f" AND {column} {'<' if direction == 'DESC' else '>'} ?" if resumed else ""
        return f"{self._cards(_COLUMNS, shape, states, after)} ORDER BY {order} LIMIT ? OFFSET ?"

    def _count(self, shape: Shape, states: int) -> str:
        """How many cards there are; its parameters are those of a page without its window."""
        return f"SELECT count(*) FROM ({self._cards('seq', shape, states, '')})"

    def _cards(self, columns: str, shape: Shape, states: int, after: str) -> str:
        terms = [
            "environment = ?",
            *(f"{self._expression(name)} {_any_of(n)}" for name, n in shape),
        ]
        if states:
            terms.append("status = ?")
        arm = f"SELECT {columns} FROM card WHERE {' AND '.join(terms)}{after}"
        return " UNION ALL ".join([arm] * max(states, 1))

    def _expression(self, column: str) -> str:
        return f"fold({column})" if self._folded and column != "status" else column

    def _index(self, columns: tuple[str, ...]) -> str:
        return "_".join(("folded" if self._folded else "by", "environment", *columns))


def _any_of(count: int) -> str:
    return "= ?" if count == 1 else f"IN ({', '.join('?' * count)})"


def _definitions() -> str:
    numbers = {"environment", "created", "updated", "embargo_until", "expires_at", "snooze_until"}
    kinds = {name: "INTEGER" if name in numbers else "TEXT" for name in Row._fields}
    return ", ".join(
        f"{name} {kind}" for name, kind in (kinds | {"seq": "INTEGER PRIMARY KEY"}).items()
    )
