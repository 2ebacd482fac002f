"""Faults of pagination."""

from __future__ import annotations

import random
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from pytest_atomic_cards.model.documented import DEFAULT_PAGE
from pytest_atomic_cards.model.query import CONTROLS
from pytest_atomic_cards.sandbox.faults.fault import Faults, Original, Wrapper
from pytest_atomic_cards.sandbox.faults.found_rows import among_all
from pytest_atomic_cards.sandbox.query_decisions import UNLIMITED
from pytest_atomic_cards.sandbox.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_atomic_cards.sandbox.card_record import Row
    from pytest_atomic_cards.sandbox.faults.found_rows import Rows
    from pytest_atomic_cards.sandbox.page_reader import Selection
    from pytest_atomic_cards.sandbox.query_decisions import Pairs

FAULTS: Final = Faults("pagination")


def _default(size: int, original: Original[int], limit: int | None) -> int:
    return size if limit is None else original(limit)


def _adjusted(by: int, original: Original[int], limit: int | None) -> int:
    size = original(limit)
    return size if limit is None else max(size + by, 0)


def _at_most(most: int, original: Original[int], limit: int | None) -> int:
    return min(original(limit), most)


_SIZES: Final[tuple[tuple[str, str, Wrapper], ...]] = (
    ("default-page-50", "Without limit 50 cards are listed.", partial(_default, 50)),
    ("default-page-99", "Without limit 99 cards are listed.", partial(_default, 99)),
    ("default-page-101", "Without limit 101 cards are listed.", partial(_default, 101)),
    ("default-page-unlimited", "Without limit all cards are listed.", partial(_default, UNLIMITED)),
    ("limit-ignored", "A listing ignores limit.", lambda original, _limit: original(None)),
    ("limit-one-more", "A listing shows one card more than limit.", partial(_adjusted, 1)),
    ("limit-one-less", "A listing shows one card less than limit.", partial(_adjusted, -1)),
    ("limit-capped-at-100", "A listing never shows more than 100 cards.", partial(_at_most, 100)),
    (
        "limit-capped-at-500",
        "A listing never shows more than 500 cards, even with limit=1000.",
        partial(_at_most, 500),
    ),
)
for _name, _text, _wrapper in _SIZES:
    FAULTS.add(_name, _text, {"page_size": _wrapper})


def _moved(move: Callable[[int, int | None], int]) -> Wrapper:
    return lambda original, offset, limit: move(original(offset, limit), limit)


_start = FAULTS.replacing("page_start", by=_moved)


@_start
def offset_counts_pages(offset: int, limit: int | None) -> int:
    """offset counts pages instead of cards."""
    return offset * (limit or DEFAULT_PAGE)


@_start
def offset_one_more(offset: int, _limit: int | None) -> int:
    """An offset skips one card too many."""
    return offset + 1 if offset else 0


@_start
def offset_one_less(offset: int, _limit: int | None) -> int:
    """Each page begins with the last card of the previous page."""
    return max(offset - 1, 0)


@_start
def offset_ignored(_offset: int, _limit: int | None) -> int:
    """A listing ignores offset."""
    return 0


@_start
def offset_ignored_with_limit(offset: int, limit: int | None) -> int:
    """offset is ignored if limit is given."""
    return offset if limit is None else 0


@_start
def offset_ignored_without_limit(offset: int, limit: int | None) -> int:
    """offset is ignored if limit is not given."""
    return 0 if limit is None else offset


@_start
def offset_rounded_to_page(offset: int, limit: int | None) -> int:
    """If limit is given, offset is rounded down to a multiple of it."""
    return offset - offset % limit if limit else offset


@_start
def offset_one_less_after_200(offset: int, _limit: int | None) -> int:
    """An offset above 200 skips one card too few."""
    return offset - (offset > 200)  # noqa: PLR2004 - no contract ends there


@_start
def offset_capped_at_100(offset: int, _limit: int | None) -> int:
    """An offset above 100 is taken as 100."""
    return min(offset, 100)


@FAULTS.replacing("listing_window")
def limit_and_offset_swapped(original: Original[tuple[int, int]], pairs: Pairs) -> tuple[int, int]:
    """If both are given, limit and offset are swapped."""
    names = {"limit": "offset", "offset": "limit"}
    swaps = names.keys() <= {name for name, _ in pairs}
    return original([(names.get(name, name), value) for name, value in pairs] if swaps else pairs)


@FAULTS.replacing("listing_window")
def offset_ignored_with_attribute(
    original: Original[tuple[int, int]], pairs: Pairs
) -> tuple[int, int]:
    """offset is ignored if an attribute is given."""
    limit, offset = original(pairs)
    return limit, 0 if any(name not in CONTROLS for name, _ in pairs) else offset


@FAULTS.replacing("cards.read")
def last_page_lost(
    original: Rows,
    selection: Selection,
    *,
    limit: int,
    offset: int = 0,
    **rest: Any,  # noqa: ANN401
) -> list[Row]:
    """A last page that is not full is returned empty."""
    rows = original(selection, limit=limit, offset=offset, **rest)
    return rows if offset == 0 or len(rows) == limit else []


@FAULTS.replacing("cards.read", by=among_all)
def order_unstable(original: Rows, selection: Selection) -> list[Row]:
    """Each request orders the cards differently, so pages overlap and miss cards."""
    rows = original(selection)
    random.shuffle(rows)
    return rows


@FAULTS.replacing("cards.read", by=among_all)
def newest_card_missing(original: Rows, selection: Selection) -> list[Row]:
    """A listing of several cards lacks the newest one."""
    rows = original(selection)
    newest = max(rows, key=lambda row: row.seq, default=None)
    return [row for row in rows if row is not newest or len(rows) == 1]


def _large_page_fails(original: Rows, rows: list[Row]) -> list[Row]:
    if len(rows) > DEFAULT_PAGE:
        raise Refusal(500, "internal error")
    return original(rows)


FAULTS.add(
    "large-page-gives-500",
    f"A page of more than {DEFAULT_PAGE} cards gives a server error.",
    {"page": _large_page_fails},
)


@FAULTS.replacing("page")
def card_listed_twice(original: Rows, rows: list[Row]) -> list[Row]:
    """A listing shows its first card twice."""
    return original(rows[:1] + rows)
