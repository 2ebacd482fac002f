"""Faults of pagination."""

from __future__ import annotations

import random
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from pytest_atomic_cards.model.documented import DEFAULT_PAGE
from pytest_atomic_cards.sandbox.faults.fault import Fault, Original, Wrapper
from pytest_atomic_cards.sandbox.query_decisions import UNLIMITED
from pytest_atomic_cards.sandbox.refusal import Refusal

if TYPE_CHECKING:
    from pytest_atomic_cards.sandbox.card_record import Row
    from pytest_atomic_cards.sandbox.page_reader import Selection

_AREA: Final = "pagination"
_CONTROLS: Final = frozenset({"limit", "offset", "multiple"})


def _default(size: int, original: Original, limit: int | None) -> int:
    return size if limit is None else int(original(limit))


def _adjusted(by: int, original: Original, limit: int | None) -> int:
    size = int(original(limit))
    return size if limit is None else max(size + by, 0)


def _at_most(most: int, original: Original, limit: int | None) -> int:
    return min(int(original(limit)), most)


def _start(change: Any, original: Original, offset: int | None, limit: int | None) -> int:  # noqa: ANN401
    return int(change(original(offset, limit), limit))


def _swapped(original: Original, pairs: Any) -> tuple[int, int]:  # noqa: ANN401
    names = {"limit": "offset", "offset": "limit"}
    swaps = names.keys() <= {name for name, _ in pairs}
    window = [(names.get(name, name), value) for name, value in pairs] if swaps else pairs
    limit, offset = original(window)
    return limit, offset


def _no_offset_with_filter(original: Original, pairs: Any) -> tuple[int, int]:  # noqa: ANN401
    limit, offset = original(pairs)
    return limit, 0 if any(name not in _CONTROLS for name, _ in pairs) else offset


def _whole_pages_only(
    original: Original, selection: Selection, *, order: str, limit: int, offset: int = 0
) -> list[Row]:
    rows: list[Row] = original(selection, order=order, limit=limit, offset=offset)
    return rows if offset == 0 or len(rows) == limit else []


def _shuffled(
    original: Original, selection: Selection, *, order: str, limit: int, offset: int = 0
) -> list[Row]:
    rows: list[Row] = original(selection, order=order, limit=UNLIMITED)
    random.shuffle(rows)
    return rows[offset : offset + limit]


def _without_newest(
    original: Original, selection: Selection, *, order: str, limit: int, offset: int = 0
) -> list[Row]:
    rows: list[Row] = original(selection, order=order, limit=UNLIMITED)
    newest = max(rows, key=lambda row: row.seq, default=None)
    return [row for row in rows if row is not newest or len(rows) == 1][offset : offset + limit]


def _large_page_fails(original: Original, rows: list[Row]) -> list[Row]:
    if len(rows) > DEFAULT_PAGE:
        raise Refusal(500, "internal error")
    page: list[Row] = original(rows)
    return page


_SIZES: Final[tuple[tuple[str, str, Wrapper], ...]] = (
    ("default-page-50", "Without limit 50 cards are listed.", partial(_default, 50)),
    ("default-page-99", "Without limit 99 cards are listed.", partial(_default, 99)),
    ("default-page-101", "Without limit 101 cards are listed.", partial(_default, 101)),
    (
        "default-page-unlimited",
        "Without limit all cards are listed.",
        partial(_default, UNLIMITED),
    ),
    (
        "limit-ignored",
        "A listing ignores limit.",
        lambda original, _limit: original(None),
    ),
    ("limit-one-more", "A listing shows one card more than limit.", partial(_adjusted, 1)),
    ("limit-one-less", "A listing shows one card less than limit.", partial(_adjusted, -1)),
    (
        "limit-capped-at-100",
        "A listing never shows more than 100 cards.",
        partial(_at_most, 100),
    ),
    (
        "limit-capped-at-500",
        "A listing never shows more than 500 cards, even with limit=1000.",
        partial(_at_most, 500),
    ),
)
_STARTS: Final[tuple[tuple[str, str, Any], ...]] = (
    (
        "offset-counts-pages",
        "offset counts pages instead of cards.",
        lambda offset, limit: offset * (limit or DEFAULT_PAGE),
    ),
    (
        "offset-one-more",
        "An offset skips one card too many.",
        lambda offset, _limit: offset + 1 if offset else 0,
    ),
    (
        "offset-one-less",
        "Each page begins with the last card of the previous page.",
        lambda offset, _limit: max(offset - 1, 0),
    ),
    ("offset-ignored", "A listing ignores offset.", lambda _offset, _limit: 0),
    (
        "offset-ignored-with-limit",
        "offset is ignored if limit is given.",
        lambda offset, limit: offset if limit is None else 0,
    ),
    (
        "offset-ignored-without-limit",
        "offset is ignored if limit is not given.",
        lambda offset, limit: 0 if limit is None else offset,
    ),
    (
        "offset-rounded-to-page",
        "If limit is given, offset is rounded down to a multiple of it.",
        lambda offset, limit: offset - offset % limit if limit else offset,
    ),
    (
        "offset-one-less-after-200",
        "An offset above 200 skips one card too few.",
        lambda offset, _limit: offset - (offset > 200),  # noqa: PLR2004 - no contract ends there
    ),
    (
        "offset-capped-at-100",
        "An offset above 100 is taken as 100.",
        lambda offset, _limit: min(offset, 100),
    ),
)

FAULTS: Final = (
    *(Fault(name, _AREA, text, {"page_size": wrapper}) for name, text, wrapper in _SIZES),
    *(
        Fault(name, _AREA, text, {"page_start": partial(_start, change)})
        for name, text, change in _STARTS
    ),
    Fault(
        "limit-and-offset-swapped",
        _AREA,
        "If both are given, limit and offset are swapped.",
        {"listing_window": _swapped},
    ),
    Fault(
        "offset-ignored-with-attribute",
        _AREA,
        "offset is ignored if an attribute is given.",
        {"listing_window": _no_offset_with_filter},
    ),
    Fault(
        "last-page-lost",
        _AREA,
        "A last page that is not full is returned empty.",
        {"cards.read": _whole_pages_only},
    ),
    Fault(
        "order-unstable",
        _AREA,
        "Each request orders the cards differently, so pages overlap and miss cards.",
        {"cards.read": _shuffled},
    ),
    Fault(
        "newest-card-missing",
        _AREA,
        "A listing of several cards lacks the newest one.",
        {"cards.read": _without_newest},
    ),
    Fault(
        "large-page-gives-500",
        _AREA,
        f"A page of more than {DEFAULT_PAGE} cards gives a server error.",
        {"page": _large_page_fails},
    ),
    Fault(
        "card-listed-twice",
        _AREA,
        "A listing shows its first card twice.",
        {"page": lambda original, rows: original(rows[:1] + rows)},
    ),
)
