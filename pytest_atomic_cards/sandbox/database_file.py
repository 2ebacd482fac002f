"""The file that a sandbox keeps its cards in: used by one sandbox at a time, or refused.

A file that does not belong to a sandbox is only read, never written.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Final

from pytest_atomic_cards.sandbox.schema import PAGES
from pytest_atomic_cards.support.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

APPLICATION_ID: Final = 0x41434244
"""``ACBD`` in ASCII marks a database as a sandbox's."""
SCHEMA_VERSION: Final = 1
"""Raise it with each change of the tables but a new table, which older files get when opened."""

_MAGIC: Final = b"SQLite format 3\0"
_HEADER_SIZE: Final = 100
_USER_VERSION, _APPLICATION_ID = slice(60, 64), slice(68, 72)
"""Their place in the header. Source: sqlite.org, Database File Format › The Database Header."""
_LOCK_TIMEOUT: Final = 1.0
"""Seconds to wait for a lock: a sandbox that has just been stopped releases its file within one."""
_TABLES: Final = {"environment", "card", "event"}


def open_database(path: Path | None, statements: Sequence[str]) -> sqlite3.Connection:
    """A connection to the sandbox's tables, which are created if they are missing.

    Args:
        path: The file, or ``None`` for a database in memory.
        statements: Create what is missing.

    Raises:
        SettingsError: The file is in use, damaged, read-only, or not a sandbox's.
    """
    if path is None:
        connection = _connect(":memory:")
        _create(connection, statements)
        return connection
    try:
        _check_header(path)
        return _open_file(path, statements)
    except (OSError, sqlite3.Error) as error:
        raise _refusal_of(path, error) from None


def _open_file(path: Path, statements: Sequence[str]) -> sqlite3.Connection:
    connection = _connect(path)
    try:
        # Held until the connection is closed, also by a process that is killed.
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        connection.execute("BEGIN EXCLUSIVE")
        _check_pages(path, connection)
        _create(connection, statements)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        connection.execute("COMMIT")
        # Only now, so that the header is in the file itself and not in the log beside it.
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
    except BaseException:
        connection.close()
        raise
    return connection


def _connect(database: Path | str) -> sqlite3.Connection:
    connection = sqlite3.connect(
        database,
        timeout=_LOCK_TIMEOUT,
        check_same_thread=False,
        isolation_level=None,
        cached_statements=PAGES,
    )
    connection.create_function("fold", 1, str.casefold, deterministic=True)
    return connection


def _create(connection: sqlite3.Connection, statements: Sequence[str]) -> None:
    for statement in statements:
        connection.execute(statement)


def _check_header(path: Path) -> None:
    """Read the file without SQLite, which would lock and perhaps recover a foreign database."""
    if not path.exists():
        if not path.parent.is_dir():
            raise _refusal(path, f"there is no directory {path.parent}")
        _check_writable(path, path.parent)
        return
    if not path.is_file():
        raise _refusal(path, "it is not a regular file")
    _check_writable(path, path)
    _check_writable(path, path.parent)  # for the log beside it
    with path.open("rb") as file:
        header = file.read(_HEADER_SIZE)
    if not header:
        return
    if len(header) < _HEADER_SIZE or not header.startswith(_MAGIC):
        raise _refusal(path, "it is not a SQLite database")
    if int.from_bytes(header[_APPLICATION_ID], "big") != APPLICATION_ID:
        if _has_our_tables(path):
            reason = "an earlier version of the sandbox created it; delete it"
            raise _refusal(path, reason, ", or ")
        raise _refusal(path, "it was not created by this sandbox, and is left as it is")
    version = int.from_bytes(header[_USER_VERSION], "big")
    if version != SCHEMA_VERSION:
        raise _refusal(
            path, f"it has version {version} of the tables; this sandbox needs {SCHEMA_VERSION}"
        )


def _has_our_tables(path: Path) -> bool:
    # An immutable database is neither locked nor recovered.
    uri = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
    with closing(sqlite3.connect(uri, uri=True)) as connection:
        names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    return _TABLES.issubset(name for (name,) in names)


def _check_writable(path: Path, needed: Path) -> None:
    if not os.access(needed, os.W_OK, effective_ids=os.access in os.supports_effective_ids):
        raise _refusal(path, f"{needed} is read-only")


def _check_pages(path: Path, connection: sqlite3.Connection) -> None:
    with closing(connection.execute("PRAGMA quick_check(1)")) as cursor:
        (verdict,) = cursor.fetchone()
    if verdict != "ok":
        raise _refusal(path, "it is damaged")


def _refusal_of(path: Path, error: OSError | sqlite3.Error) -> SettingsError:
    if isinstance(error, OSError):
        return _refusal(path, error.strerror or str(error))
    if error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
        return _refusal(path, "it is in use, perhaps by another sandbox; stop that one", ", or ")
    return _refusal(path, str(error))


def _refusal(path: Path, reason: str, joint: str = "; ") -> SettingsError:
    return SettingsError(
        f"{path} cannot be used as the sandbox's database: {reason}{joint}"
        "choose another file with --db"
    )
