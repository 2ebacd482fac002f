"""Faults of filters: which cards a query matches, and how it is decoded."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote, unquote_plus

from pytest_atomic_cards.model.query import Attribute
from pytest_atomic_cards.sandbox.faults.fault import Fault, Original, Wrapper
from pytest_atomic_cards.sandbox.query_decisions import UNLIMITED

if TYPE_CHECKING:
    from pytest_atomic_cards.sandbox.card_record import Row
    from pytest_atomic_cards.sandbox.page_reader import Selection
    from pytest_atomic_cards.sandbox.query_decisions import Filters

_AREA: Final = "query"
_LONG: Final = 64
"""Characters: a usual width of a database column, and longer than a UUID."""
_MANY: Final = 3
"""Attributes: the fewest that a suite of single attributes and pairs never sends together."""
_Comparison = Callable[[str, str], bool]
"""Whether the value of a card satisfies the value of a query."""


def _without(attribute: str, original: Original, pairs: Any) -> Filters:  # noqa: ANN401
    return {name: values for name, values in original(pairs).items() if name != attribute}


def _status_without_user(original: Original, pairs: Any) -> Filters:  # noqa: ANN401
    filters: Filters = original(pairs)
    if Attribute.USER_ID in filters:
        filters.pop(Attribute.STATUS, None)
    return filters


def _first_two(original: Original, pairs: Any) -> Filters:  # noqa: ANN401
    filters = original(pairs)
    return dict(list(filters.items())[: _MANY - 1])


def _last_only(original: Original, pairs: Any) -> Filters:  # noqa: ANN401
    filters = original(pairs)
    return dict(list(filters.items())[-1:])


def _user_among_many(original: Original, pairs: Any) -> Filters:  # noqa: ANN401
    filters: Filters = original(pairs)
    if len(filters) > _MANY + 2:
        filters.pop(Attribute.USER_ID, None)
    return filters


def _matching(accepts: Callable[[Row, Selection], bool]) -> Wrapper:
    """Selects the cards of the environment that a predicate accepts."""

    def find(
        original: Original, selection: Selection, *, order: str, limit: int, offset: int = 0
    ) -> list[Row]:
        everything = selection._replace(filters={}, statuses=None)
        rows = original(everything, order=order, limit=UNLIMITED)
        return [row for row in rows if accepts(row, selection)][offset : offset + limit]

    return find


def _any_attribute(row: Row, selection: Selection) -> bool:
    found = [getattr(row, column) in values for column, values in selection.filters.items()]
    if selection.statuses is not None:
        found.append(row.status in selection.statuses)
    return any(found) or not found


def _any_attribute_in_state(row: Row, selection: Selection) -> bool:
    found = [getattr(row, column) in values for column, values in selection.filters.items()]
    return row.status in (selection.statuses or ()) and (any(found) or not found)


def _comparing(compare: _Comparison) -> Wrapper:
    """Selects cards by a different comparison of all attributes but the status."""

    def accepts(row: Row, selection: Selection) -> bool:
        return (selection.statuses is None or row.status in selection.statuses) and all(
            any(compare(getattr(row, column), value) for value in values)
            for column, values in selection.filters.items()
        )

    return _matching(accepts)


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


def _all_where_none(
    original: Original, selection: Selection, *, order: str, limit: int, offset: int = 0
) -> list[Row]:
    window = {"order": order, "limit": limit, "offset": offset}
    unfiltered = selection._replace(filters={})
    rows: list[Row] = original(selection, **window) or original(unfiltered, **window)
    return rows


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
    *(
        Fault(
            f"list-ignores-{attribute}",
            _AREA,
            f"A listing ignores the attribute {attribute}.",
            {"listing_filters": partial(_without, attribute.value)},
        )
        for attribute in Attribute
    ),
    *(
        Fault(
            f"act-ignores-{attribute}",
            _AREA,
            f"Actions ignore the attribute {attribute}.",
            {"action_filters": partial(_without, attribute.value)},
        )
        for attribute in Attribute
    ),
    Fault(
        "act-ignores-status-beside-userId",
        _AREA,
        "Actions ignore the attribute status if userId is given.",
        {"action_filters": _status_without_user},
    ),
    Fault(
        "list-any-attribute",
        _AREA,
        "A listing shows the cards that match any attribute, instead of all.",
        {"cards.read": _matching(_any_attribute)},
    ),
    Fault(
        "act-any-attribute",
        _AREA,
        "Actions change the cards that match any attribute, instead of all.",
        {"cards.select": _matching(_any_attribute_in_state)},
    ),
    Fault(
        "third-attribute-ignored",
        _AREA,
        "With three or more attributes, only the first two count.",
        {"filters": _first_two},
    ),
    Fault(
        "user-ignored-among-many",
        _AREA,
        f"With more than {_MANY + 2} attributes, userId is ignored.",
        {"filters": _user_among_many},
    ),
    Fault(
        "only-last-attribute",
        _AREA,
        "With several attributes, only the last counts.",
        {"filters": _last_only},
    ),
    Fault(
        "no-match-lists-all",
        _AREA,
        "A listing whose attributes no card matches shows all cards.",
        {"cards.read": _all_where_none},
    ),
    Fault(
        "no-match-acts-on-all",
        _AREA,
        "An action whose attributes no card matches changes all cards.",
        {"cards.select": _all_where_none},
    ),
    *(_both(name, text, _comparing(compare)) for name, text, compare in _COMPARISONS),
    *(Fault(name, _AREA, text, {"decode": wrapper}) for name, text, wrapper in _DECODERS),
)
