"""Errors of reading a malformed recording, and their wording."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from pytest_atomic_cards.support.errors import CassetteError
from pytest_atomic_cards.support.secrets.hidden import without_value

MALFORMED: Final = (KeyError, TypeError, ValueError, AttributeError, IndexError, RecursionError)
"""What code raises that takes a recording apart which is not built as expected."""
_OF_PYTHON: Final = re.compile(r"' object |indices|is not iterable|to unpack")
"""Messages about code, which say nothing about a file."""
_LONGEST: Final = 200
"""Characters of a reason: enough for any message of Python, and it stays one line."""


def reason_of(error: Exception) -> str:
    """A reading error in a few words."""
    if isinstance(error, KeyError):
        return f"{error} is missing"
    if isinstance(error, RecursionError):
        return "it is nested too deep"
    if isinstance(error, AttributeError) or _OF_PYTHON.search(str(error)):
        return "it is not built like a recorded exchange"
    if isinstance(error, json.JSONDecodeError):
        return error.msg
    return without_value(error).splitlines()[0][:_LONGEST] if str(error) else type(error).__name__


@contextmanager
def expected_errors() -> Iterator[None]:
    """Report whatever an odd recording leads to in one line: exit code 1 means a violation only.

    Raises:
        CassetteError: Something else was raised. Its message could hold a value of the recording.
    """
    try:
        yield
    except (ArithmeticError, MemoryError, *MALFORMED) as error:
        raise CassetteError(
            f"this recording cannot be audited ({type(error).__name__}); please report it, with "
            "the smallest part of the recording that shows it"
        ) from error


def text_in(value: object) -> str:
    """A value of a recording that must be text.

    Raises:
        TypeError: It is not.
    """
    if not isinstance(value, str):
        raise TypeError(f"expected text, not a {type(value).__name__}")
    return value
