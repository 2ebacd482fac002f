"""Store: the cards of all environments, in SQLite.

One connection and one lock; every write is one transaction. Before anything is read or written,
everything that has become due (the end of an embargo or a snooze, an expiry, a delayed creation)
happens in the order of its times.
"""

from __future__ import annotations

import heapq
import sqlite3
import threading
import weakref
from contextlib import contextmanager
from math import inf
from typing import TYPE_CHECKING, Any, Protocol

from pytest_atomic_cards.model.documented import EVENT_TYPES, UNSNOOZED
from pytest_atomic_cards.model.lifecycle import Status
from pytest_atomic_cards.sandbox.database_file import open_database
from pytest_atomic_cards.sandbox.page_reader import PageReader, Selection
from pytest_atomic_cards.sandbox.schema import Schema
from pytest_atomic_cards.support.errors import MisuseError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from pytest_atomic_cards.sandbox.card_record import Row
    from pytest_atomic_cards.sandbox.sandbox_clock import SandboxClock


class Timetable(Protocol):
    """Decides when time changes a card."""

    def next_transition(self, row: Row) -> tuple[int, str] | None:
        """When time next changes a card, in milliseconds, and its state from then on."""


class Store:
    """The cards of all environments.

    Args:
        path: Database file, or ``None`` for a database in memory.
        clock: The sandbox's clock.
        timetable: Decides when time changes a card.
        system_updates: Whether changes by time set ``updated``.
        ignores_case: Whether attribute values are compared without regard to case.

    Raises:
        SettingsError: The file cannot be used.
    """

    def __init__(
        self,
        path: Path | None,
        clock: SandboxClock,
        timetable: Timetable,
        *,
        system_updates: bool,
        ignores_case: bool = False,
    ) -> None:
        self._clock = clock
        self._timetable = timetable
        self._system_updates = system_updates
        self._lock = threading.RLock()
        self._schema = Schema(folded=ignores_case)
        self._waiting: list[tuple[int, int, Row]] = []
        self._connection = open_database(path, self._schema.create())
        weakref.finalize(self, self._connection.close)
        self._reader = PageReader(
            self._connection, self._schema, str.casefold if ignores_case else None
        )
        self._last_seq: int = self._reader.value("SELECT coalesce(max(seq), 0) FROM card")
        if path is not None:
            # Another profile may have written the file.
            self.reschedule(self._reader.rows(self._schema.timed, ()))
        self._next_due = self._earliest_due()

    def close(self) -> None:
        """Close the database; one in memory is lost."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def hold(self) -> Iterator[int]:
        """Keep other threads out, and settle; yields the time in milliseconds."""
        with self._lock:
            yield self.settle()

    # Environments

    def environments(self) -> dict[str, int]:
        """The number of every environment by its id."""
        with self._lock:
            rows = self._connection.execute("SELECT id, number FROM environment ORDER BY number")
            return dict(rows.fetchall())

    def add_environment(self, environment_id: str) -> int:
        """Add an environment; returns its number."""
        with self._transaction() as connection:
            cursor = connection.execute(
                "INSERT INTO environment (id) VALUES (?)", (environment_id,)
            )
            return int(cursor.lastrowid or 0)

    def credentials(self) -> list[tuple[str, str, str, str]]:
        """Of every credential: client id, secret, role and environment, the oldest first."""
        with self._lock:
            return self._connection.execute("SELECT * FROM credential ORDER BY rowid").fetchall()

    def add_credential(self, *fields: str) -> None:
        """Add a credential, or replace the one of the same client id."""
        with self._transaction() as connection:
            connection.execute("INSERT OR REPLACE INTO credential VALUES (?, ?, ?, ?)", fields)

    def delete_credential(self, client_id: str) -> None:
        """Delete a credential."""
        with self._transaction() as connection:
            connection.execute("DELETE FROM credential WHERE id = ?", (client_id,))

    # Reading

    def page(self, selection: Selection, *, order: str, limit: int, offset: int = 0) -> list[Row]:
        """Cards of a selection.

        Args:
            selection: Which cards.
            order: ``oldest-first``, ``newest-first`` or ``by-id``.
            limit: Most cards to return.
            offset: How many to skip.
        """
        if limit == 0 or selection.is_impossible:
            return []
        with self._lock:
            self.settle()
            return self._reader.page(selection, order, limit, offset)

    def count(self, selection: Selection) -> int:
        """How many cards a selection has."""
        if selection.is_impossible:
            return 0
        with self._lock:
            self.settle()
            return self._reader.count(selection)

    def all(self, environment: int) -> list[Row]:
        """Every card of an environment, the oldest first."""
        with self._lock:
            self.settle()
            return self._reader.page(Selection(environment, {}), "oldest-first", -1, 0)

    def find(self, environment: int, card_instance_id: str) -> Row | None:
        """The card with an id."""
        with self._lock:
            self.settle()
            rows = self._reader.rows(self._schema.card, (card_instance_id, environment))
            return rows[0] if rows else None

    def events(self, environment: int) -> list[tuple[Any, ...]]:
        """Every status change: type, milliseconds, card id, invocation, instance, completion."""
        with self._lock:
            self.settle()
            return self._connection.execute(self._schema.events, (environment,)).fetchall()

    # Writing

    def take_seq(self, count: int) -> int:
        """Reserve row numbers for new cards; returns the first."""
        with self._lock:
            first = self._last_seq + 1
            self._last_seq += count
            return first

    def insert(self, rows: Sequence[Row], *, announce: bool = False) -> None:
        """Insert cards, all or none.

        Args:
            rows: The cards.
            announce: Whether to record an event for the first state of each.

        Raises:
            MisuseError: An id is taken, or a text is not valid Unicode.
        """
        values = []
        for row in rows:
            due = self._timetable.next_transition(row)
            if due is not None:
                self._next_due = min(self._next_due, due[0])
            values.append((*row, None if due is None else due[0]))
        with self._transaction() as connection:
            try:
                connection.executemany(self._schema.insert, values)
            except sqlite3.IntegrityError:
                raise MisuseError("a card_instance_id is taken already; ids are unique") from None
            except UnicodeEncodeError as error:
                raise MisuseError(f"{error.object!r} is not valid Unicode text") from None
            if announce:
                self._announce((row.seq, EVENT_TYPES[row.status], row.created) for row in rows)

    def insert_later(self, rows: Iterable[Row]) -> None:
        """Insert cards at the time in their ``created``."""
        with self._lock:
            for row in rows:
                heapq.heappush(self._waiting, (row.created, row.seq, row))
            self._next_due = self._earliest_due()

    def change(
        self, rows: Sequence[Row], after: str, now: int, completions: Sequence[str | None]
    ) -> None:
        """Change the state of cards, all or none, and store their completion payloads."""
        with self._transaction() as connection:
            connection.executemany(
                self._schema.change,
                [
                    (after, now, completion, row.seq)
                    for row, completion in zip(rows, completions, strict=True)
                ],
            )
            self._announce((row.seq, EVENT_TYPES[after], now) for row in rows)

    def snooze(self, row: Row, until: int, now: int) -> None:
        """Snooze an active card."""
        snoozed = row._replace(status=Status.SNOOZED.value, snooze_until=until, updated=now)
        with self._transaction() as connection:
            connection.execute("UPDATE card SET snooze_until = ? WHERE seq = ?", (until, row.seq))
            self._move(snoozed, now)
            self._announce([(row.seq, EVENT_TYPES[Status.SNOOZED], now)])
        self._next_due = self._earliest_due()

    def settle(self) -> int:
        """Let everything that is due happen; returns the time in milliseconds."""
        now = self._clock.milliseconds()
        if self._next_due <= now:
            self._pass_time(now)
        return now

    def _pass_time(self, now: int) -> None:
        arrived = [entry for entry in sorted(self._waiting) if entry[0] <= now]
        self.insert([row for _, _, row in arrived], announce=True)
        for _ in arrived:
            heapq.heappop(self._waiting)
        due = self._reader.rows(self._schema.due, (now,))
        queue = [(at, row.seq, row, after) for row in due for at, after in self._transitions(row)]
        heapq.heapify(queue)
        with self._transaction():
            while queue and queue[0][0] <= now:
                at, seq, row, after = heapq.heappop(queue)
                woken = row.status == Status.SNOOZED and after == Status.ACTIVE
                changed = row._replace(
                    status=after, updated=at if self._system_updates else row.updated
                )
                self._move(changed, changed.updated)
                self._announce([(seq, UNSNOOZED if woken else EVENT_TYPES[after], at)])
                for later, then in self._transitions(changed):
                    heapq.heappush(queue, (max(at, later), seq, changed, then))
        self._next_due = self._earliest_due()

    def _transitions(self, row: Row) -> list[tuple[int, str]]:
        transition = self._timetable.next_transition(row)
        return [] if transition is None else [transition]

    def _move(self, row: Row, updated: int) -> None:
        due = self._timetable.next_transition(row)
        self._connection.execute(
            "UPDATE card SET status = ?, updated = ?, due = ? WHERE seq = ?",
            (row.status, updated, None if due is None else due[0], row.seq),
        )

    def reschedule(self, rows: Iterable[Row]) -> None:
        """Decide again when time changes cards."""
        with self._transaction():
            for row in rows:
                self._move(row, row.updated)
        self._next_due = self._earliest_due()

    def _announce(self, events: Iterable[tuple[int, str, int]]) -> None:
        self._connection.executemany("INSERT INTO event (card, type, at) VALUES (?, ?, ?)", events)

    def _earliest_due(self) -> float:
        stored = self._connection.execute("SELECT min(due) FROM card").fetchone()[0]
        waiting = self._waiting[0][0] if self._waiting else inf
        return min(waiting, inf if stored is None else stored)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            connection = self._connection
            self._reader.forget()
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                # SQLite has already rolled back after some errors, such as a full disk.
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
