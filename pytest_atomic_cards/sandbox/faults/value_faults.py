"""Faults of values: how those of a query are decoded and compared."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, unquote_plus

from pytest_atomic_cards.sandbox.faults.fault import Faults, Original, Wrapper
from pytest_atomic_cards.sandbox.faults.found_rows import accepted_by

if TYPE_CHECKING:
    from pytest_atomic_cards.sandbox.card_record import Row
    from pytest_atomic_cards.sandbox.page_reader import Selection

FAULTS: Final = Faults("query")
_LONG: Final = 64
"""Characters: a usual width of a database column, and longer than a UUID."""
_Comparison = Callable[[str, str], bool]
"""Whether the value of a card satisfies the value of a query."""


def _comparing(compare: _Comparison) -> Wrapper:
    """Selects cards by a different comparison of all attributes but the status."""

    def accepts(row: Row, selection: Selection) -> bool:
        return (selection.statuses is None or row.status in selection.statuses) and all(
            any(compare(getattr(row, column), value) for value in values)
            for column, values in selection.filters.items()
        )

    return accepted_by(accepts)


_comparison = FAULTS.replacing("cards.read", "cards.select", by=_comparing)


@_comparison
def prefix_match(value: str, wanted: str) -> bool:
    """A value also matches longer values that begin with it."""
    return value.startswith(wanted)


@_comparison
def last_character_ignored(value: str, wanted: str) -> bool:
    """Values that differ only in their last character are the same."""
    return len(value) == len(wanted) and value[:-1] == wanted[:-1]


@_comparison
def like_match(value: str, pattern: str) -> bool:
    """A percent sign or underscore in a value is a wildcard."""
    return _like(pattern).fullmatch(value) is not None


@cache
def _like(pattern: str) -> re.Pattern[str]:
    words = {"%": ".*", "_": "."}
    expression = "".join(words.get(character, re.escape(character)) for character in pattern)
    return re.compile(expression, re.DOTALL)


@_comparison
def numeric_comparison(value: str, wanted: str) -> bool:
    """Values of digits are compared as numbers, so 7 matches 007."""
    if value.isdecimal() and wanted.isdecimal():
        return int(value) == int(wanted)
    return value == wanted


@_comparison
def ascii_only_comparison(value: str, wanted: str) -> bool:
    """Only the ASCII characters of values are compared."""
    return value.encode("ascii", "ignore") == wanted.encode("ascii", "ignore")


def _without_accents(text: str) -> str:
    parted = unicodedata.normalize("NFD", text)
    return "".join(character for character in parted if not unicodedata.combining(character))


@_comparison
def accents_not_compared(value: str, wanted: str) -> bool:
    """Accents are ignored, so u matches ü."""
    return _without_accents(value) == _without_accents(wanted)


@_comparison
def numbers_not_found(value: str, wanted: str) -> bool:
    """A value of only digits matches nothing."""
    return value == wanted and not wanted.isdecimal()


FAULTS.add(
    "long-values-cut",
    f"Only the first {_LONG} characters of values are compared.",
    dict.fromkeys(
        ("cards.read", "cards.select"),
        _comparing(lambda value, wanted: value[:_LONG] == wanted[:_LONG]),
    ),
)


@_comparison
def spaces_trimmed(value: str, wanted: str) -> bool:
    """Leading and trailing spaces of values are ignored."""
    return value.strip() == wanted.strip()


@FAULTS.replacing("decode")
def escaped_plus_is_space(original: Original[str], text: str) -> str:
    """%2B in a query string is read as a space."""
    return original(text.replace("%2B", "+").replace("%2b", "+"))


@FAULTS.replacing("decode")
def percent_decoded_twice(original: Original[str], text: str) -> str:
    """A query string is percent-decoded twice."""
    return unquote(original(text), errors="replace")


@FAULTS.replacing("decode")
def latin_1_decoding(_: Original[str], text: str) -> str:
    """A query string is decoded as Latin-1 instead of UTF-8."""
    return unquote_plus(text, encoding="latin-1")


def _cut_at(end: str) -> Wrapper:
    return lambda original, text: original(text).partition(end)[0]


FAULTS.add(
    "value-cut-at-ampersand", "A value ends at an escaped ampersand.", {"decode": _cut_at("&")}
)
FAULTS.add(
    "value-cut-at-equals", "A value ends at an escaped equals sign.", {"decode": _cut_at("=")}
)
FAULTS.add("value-cut-at-hash", "A value ends at an escaped hash sign.", {"decode": _cut_at("#")})
FAULTS.add(
    "value-cut-at-nul", "A value ends at an escaped NUL character.", {"decode": _cut_at("\0")}
)
