"""Tables and indexes of the store, and which index serves which combination of attributes.

Every index ends with the row number, so that each is read in order of ``seq`` without sorting.
The attributes that many cards share have an index for each of their combinations; of those that
few cards share, one is enough. SQLite's own planner would need ANALYZE after every seeding.
"""

# ruff: noqa: S608 - SQL text is built from the names in this module only; values are parameters

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final, Literal

from pytest_atomic_cards.sandbox.card_record import Row

if TYPE_CHECKING:
    from collections.abc import Sequence

SeqOrder = Literal["ASC", "DESC"]
Columns = tuple[str, ...]

STATUS: Final = "status"
SELECTIVE: Final[Columns] = ("lifecycle_id", "flow_instance_id", "user_id", "flow_invocation_id")
"""Attributes that usually tell few cards from many, the most telling first."""
SHARED: Final[Columns] = ("event_name", "card_template_id")
"""Attributes of which usually many cards have the same value."""

_INDEXES: Final[tuple[Columns, ...]] = (
    (),
    ("event_name",),
    ("card_template_id",),
    ("event_name", "card_template_id"),
    ("lifecycle_id",),
    ("flow_instance_id",),
    ("user_id",),
    ("flow_invocation_id",),
    (STATUS,),
    ("event_name", STATUS),
    ("card_template_id", STATUS),
    ("event_name", "card_template_id", STATUS),
    ("user_id", STATUS),
    ("flow_invocation_id", STATUS),
)
_COLUMNS: Final = ", ".join(Row._fields)
_WITH_STATUS: Final = frozenset(columns[:-1] for columns in _INDEXES if columns[-1:] == (STATUS,))


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
        self.page = lru_cache(maxsize=1_024)(self._page)
        self.page_by_status = lru_cache(maxsize=256)(self._page_by_status)
        self.probe = lru_cache(maxsize=256)(self._probe)
        self.count = lru_cache(maxsize=256)(self._count)

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
            "CREATE UNIQUE INDEX IF NOT EXISTS by_card ON card (card_instance_id)",
            "CREATE INDEX IF NOT EXISTS by_due ON card (due) WHERE due IS NOT NULL",
            *indexes,
        ]

    @staticmethod
    def candidates(columns: Columns, *, one_status: bool) -> list[Columns]:
        """The indexes that could serve equality on all of ``columns``, the best guess first.

        Args:
            columns: Columns compared, without ``status``.
            one_status: Whether the status is compared with a single word as well.
        """
        shared = tuple(name for name in SHARED if name in columns)
        choices: list[Columns] = [(name,) for name in SELECTIVE if name in columns]
        if shared or not choices:
            choices.append(shared)
        if one_status:
            return [(*choice, STATUS) if choice in _WITH_STATUS else choice for choice in choices]
        return choices

    @staticmethod
    def splits_by_status(index: Columns) -> bool:
        """Whether there is an index that adds the status to this one."""
        return index in _WITH_STATUS

    def _page(
        self,
        columns: Columns,
        index: Columns,
        statuses: int,
        order: SeqOrder,
        *,
        keyset: bool = False,
    ) -> str:
        """One page in order of ``seq``.

        Parameters of the statement: the environment, a value for each column, the statuses, the
        row number to start after (with ``keyset``), limit, offset.
        """
        after = f" AND seq {'>' if order == 'ASC' else '<'} ?" if keyset else ""
        where = self._where(columns, [1] * len(columns), statuses)
        return (
            f"SELECT {_COLUMNS} FROM card INDEXED BY {self._index(index)} WHERE {where}{after} "
            f"ORDER BY seq {order} LIMIT ? OFFSET ?"
        )

    def _page_by_status(self, columns: Columns, index: Columns, arms: int, order: SeqOrder) -> str:
        """One page of cards in any of several states, merged from one ordered read a state.

        Parameters: for each state the environment, a value for each column, the state, and
        limit + offset; then limit and offset.
        """
        arm = (
            f"SELECT seq FROM card INDEXED BY {self._index((*index, STATUS))} "
            f"WHERE {self._where(columns, [1] * len(columns), 1)} ORDER BY seq {order} LIMIT ?"
        )
        merged = " UNION ALL ".join(f"SELECT seq FROM ({arm})" for _ in range(arms))
        return (
            f"SELECT {_COLUMNS} FROM card WHERE seq IN "
            f"(SELECT seq FROM ({merged}) ORDER BY seq {order} LIMIT ? OFFSET ?) "
            f"ORDER BY seq {order}"
        )

    def general_page(
        self, columns: Columns, counts: Sequence[int], statuses: int, order: str
    ) -> str:
        """One page in any order, with any number of values for a column; the planner chooses."""
        return (
            f"SELECT {_COLUMNS} FROM card WHERE {self._where(columns, counts, statuses)} "
            f"ORDER BY {order} LIMIT ? OFFSET ?"
        )

    def _probe(self, columns: Columns) -> str:
        """How many cards an index holds for some values, counted up to a limit."""
        return (
            f"SELECT count(*) FROM (SELECT 1 FROM card INDEXED BY {self._index(columns)} "
            f"WHERE {self._where(columns, [1] * len(columns), 0)} LIMIT ?)"
        )

    def _count(self, columns: Columns, counts: tuple[int, ...], statuses: int) -> str:
        return f"SELECT count(*) FROM card WHERE {self._where(columns, counts, statuses)}"

    def _where(self, columns: Columns, counts: Sequence[int], statuses: int) -> str:
        terms = ["environment = ?"]
        terms += [
            f"{self._expression(column)} {_placeholders(count)}"
            for column, count in zip(columns, counts, strict=True)
        ]
        if statuses:
            terms.append(f"{STATUS} {_placeholders(statuses)}")
        return " AND ".join(terms)

    def _expression(self, column: str) -> str:
        return f"fold({column})" if self._folded and column != STATUS else column

    def _index(self, columns: Columns) -> str:
        return "_".join(("folded" if self._folded else "by", "environment", *columns))


def _placeholders(count: int) -> str:
    return "= ?" if count == 1 else f"IN ({', '.join('?' * count)})"


def _definitions() -> str:
    numbers = {"environment", "created", "updated", "embargo_until", "expires_at", "snooze_until"}
    kinds = {name: "INTEGER" if name in numbers else "TEXT" for name in Row._fields}
    return ", ".join(
        f"{name} {kind}" for name, kind in (kinds | {"seq": "INTEGER PRIMARY KEY"}).items()
    )
