"""Responses for failures of the sandbox itself: never a bare 500 or a traceback to a client."""

from __future__ import annotations

import secrets
import sqlite3
import sys
import traceback
from typing import Final, NamedTuple

_DATABASE_TROUBLE: Final = {
    sqlite3.SQLITE_BUSY: 503,
    sqlite3.SQLITE_LOCKED: 503,
    sqlite3.SQLITE_READONLY: 503,
    sqlite3.SQLITE_IOERR: 503,
    sqlite3.SQLITE_CORRUPT: 503,
    sqlite3.SQLITE_NOTADB: 503,
    sqlite3.SQLITE_CANTOPEN: 503,
    sqlite3.SQLITE_PERM: 503,
    sqlite3.SQLITE_FULL: 507,
}
"""Errors of the file or the disk, with the status of the response. All other errors are bugs.

None is a 500, which the contract suite takes for a failure of the API.
"""
_PRIMARY: Final = 0xFF
"""The bits of the primary code in an error code. Source: sqlite.org, Result Codes."""


class Trouble(NamedTuple):
    """A response about a failure of the sandbox, not of the API.

    Args:
        status: 507 if the disk is full, 503 for other trouble with the database, 500 for a bug.
        message: What failed, and what to do about it.
    """

    status: int
    message: str


def trouble_with(error: Exception) -> Trouble:
    """The response for an unexpected error; the traceback of a bug goes to standard error."""
    status = _database_status(error)
    if status:
        return Trouble(
            status,
            f"the sandbox cannot use its database: {error}; nothing was changed. "
            "This is trouble of the sandbox, not of the API: check the file and the disk",
        )
    number = secrets.token_hex(4)
    traceback_to_stderr(f"sandbox bug {number}", error)
    return Trouble(
        500,
        f"bug {number} in the sandbox ({type(error).__name__}), not a response of the API; "
        "please report it with the traceback on the sandbox's standard error",
    )


def traceback_to_stderr(what: str, error: Exception) -> None:
    """Print an exception that a client gets a response for."""
    lines = "".join(traceback.format_exception(error))
    sys.stderr.write(f"{what}:\n{lines}")


def _database_status(error: Exception) -> int | None:
    # An error that Python raises itself, such as for a closed database, has no code.
    code = getattr(error, "sqlite_errorcode", None)
    return None if code is None else _DATABASE_TROUBLE.get(code & _PRIMARY)
