"""Faults of values: how those of a query are decoded and compared."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, unquote_plus

from pytest_atomic_cards.sandbox.faults.fault import Fault, Original, Wrapper
from pytest_atomic_cards.sandbox.faults.query_faults import matching

if TYPE_CHECKING:
    from pytest_atomic_cards.sandbox.card_record import Row
    from pytest_atomic_cards.sandbox.page_reader import Selection

_AREA: Final = "query"
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

    return matching(accepts)


def _is_like(value: str, pattern: str) -> bool:
    words = {"%": ".*", "_": "."}
    expression = "".join(words.get(character, re.escape(character)) for character in pattern)
    return re.fullmatch(expression, value, re.DOTALL) is not None


def _equal_numbers(value: str, wanted: str) -> bool:
    if value.isdecimal() and wanted.isdecimal():
        return int(value) == int(wanted)
    return value == wanted


def _ascii(text: str) -> str:
    return text.encode("ascii", "ignore").decode()


def _without_accents(text: str) -> str:
    parted = unicodedata.normalize("NFD", text)
    return "".join(character for character in parted if not unicodedata.combining(character))


def _decoded_twice(original: Original, text: str) -> str:
    return unquote(original(text), errors="replace")


_COMPARISONS: Final[tuple[tuple[str, str, _Comparison], ...]] = (
    ("prefix-match", "A value also matches longer values that begin with it.", str.startswith),
    (
        "like-match",
        "A percent sign or underscore in a value is a wildcard.",
        _is_like,
    ),
    (
        "numeric-comparison",
        "Values of digits are compared as numbers, so 7 matches 007.",
        _equal_numbers,
    ),
    (
        "ascii-only-comparison",
        "Only the ASCII characters of values are compared.",
        lambda value, wanted: _ascii(value) == _ascii(wanted),
    ),
    (
        "accents-not-compared",
        "Accents are ignored, so u matches ü.",
        lambda value, wanted: _without_accents(value) == _without_accents(wanted),
    ),
    (
        "numbers-not-found",
        "A value of only digits matches nothing.",
        lambda value, wanted: value == wanted and not wanted.isdecimal(),
    ),
    (
        "long-values-cut",
        f"Only the first {_LONG} characters of values are compared.",
        lambda value, wanted: value[:_LONG] == wanted[:_LONG],
    ),
    (
        "spaces-trimmed",
        "Leading and trailing spaces of values are ignored.",
        lambda value, wanted: value.strip() == wanted.strip(),
    ),
)
_DECODERS: Final[tuple[tuple[str, str, Wrapper], ...]] = (
    (
        "escaped-plus-is-space",
        "%2B in a query string is read as a space.",
        lambda original, text: original(text.replace("%2B", "+").replace("%2b", "+")),
    ),
    (
        "percent-decoded-twice",
        "A query string is percent-decoded twice.",
        _decoded_twice,
    ),
    (
        "latin-1-decoding",
        "A query string is decoded as Latin-1 instead of UTF-8.",
        lambda _original, text: unquote_plus(text, encoding="latin-1"),
    ),
    (
        "value-cut-at-ampersand",
        "A value ends at an escaped ampersand.",
        lambda original, text: original(text).partition("&")[0],
    ),
    (
        "value-cut-at-equals",
        "A value ends at an escaped equals sign.",
        lambda original, text: original(text).partition("=")[0],
    ),
    (
        "value-cut-at-hash",
        "A value ends at an escaped hash sign.",
        lambda original, text: original(text).partition("#")[0],
    ),
    (
        "value-cut-at-nul",
        "A value ends at an escaped NUL character.",
        lambda original, text: original(text).partition("\0")[0],
    ),
)


def _both(name: str, description: str, wrapper: Wrapper) -> Fault:
    return Fault(name, _AREA, description, {"cards.read": wrapper, "cards.select": wrapper})


FAULTS: Final = (
    *(_both(name, text, _comparing(compare)) for name, text, compare in _COMPARISONS),
    *(Fault(name, _AREA, text, {"decode": wrapper}) for name, text, wrapper in _DECODERS),
)
