"""The rows of the experiments that list few cards in pages.

Source: Cards API page › Pagination.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import product
from typing import Final

from pytest_atomic_cards.model.documented import DEFAULT_PAGE, LARGEST_LIMIT
from pytest_atomic_cards.model.lifecycle import Status
from pytest_atomic_cards.model.request_space import ABSENT, DIMENSIONS, OTHER, Point
from pytest_atomic_cards.suite.experiments.covering_array import Values, covering_array
from pytest_atomic_cards.suite.experiments.experiment_rows import (
    FORBIDDEN,
    LIMITS,
    MATCHES,
    NAMES_STATUS,
    SETS,
    WHOLE_ENVIRONMENT,
    Parameters,
)

OFFSETS: Final[Mapping[str, Parameters]] = {
    ABSENT: (),
    "0": (("offset", "0"),),
    "inside": (("offset", "1"),),
    "page": (("offset", str(DEFAULT_PAGE)),),
    OTHER: (("offset", "-1"),),
}
SKIPPED_BUT: Final = {"last": 1, "end": 0}
"""The offsets that skip all cards, however many these are, or all but one."""
_LIMITED: Final = ("1", "some", str(LARGEST_LIMIT))
"""The documented limits, but for none."""
PAGING_SPACE: Final[Values] = {
    "by": SETS,
    "limit": tuple(LIMITS),
    "offset": DIMENSIONS["offset"],
}


def offset_of(value: str, count: int) -> Parameters:
    """How a page says that it begins where a row says.

    Args:
        value: That of the dimension ``offset``.
        count: How many cards match.
    """
    if value in SKIPPED_BUT:
        return (("offset", str(max(0, count - SKIPPED_BUT[value]))),)
    return OFFSETS[value]


@cache
def paging_rows(sets: Sequence[str] = SETS) -> tuple[Point, ...]:
    """The rows of listings with ``limit`` and ``offset``.

    Most offsets skip all of a few cards, so all limits are also tried with one that skips none.
    """
    several = {"matches": ("many",), "state": (Status.ACTIVE.value,)}
    skipping = covering_array({**PAGING_SPACE, "by": sets, **several})
    first = {
        "by": sets,
        "matches": ("1", "2", "many"),
        "state": DIMENSIONS["state"],
        "limit": _LIMITED,
        "offset": ("0", "inside"),
    }
    named = (("by", "limit"), ("matches", "state", "limit", "offset"))
    # Each count of cards of a whole environment would need one of its own.
    forbidden = (*FORBIDDEN, {"by": WHOLE_ENVIRONMENT, "matches": ("2",)})
    shown = covering_array(first, forbidden, named=named, strength=0)
    return (*skipping, *shown, *_beyond_pages(sets))


def _beyond_pages(sets: Sequence[str]) -> Iterator[Point]:
    """Pages that begin at the last cards, or beyond them, and pages of cards in each state."""
    for by in sets:
        page = {"by": by, "state": Status.ACTIVE.value}
        yield {**page, "matches": "many", "limit": "1", "offset": "inside"}
        if by not in WHOLE_ENVIRONMENT:
            for limit in (ABSENT, "some"):
                yield {**page, "matches": "2", "limit": limit, "offset": "inside"}
        if "+" not in by and by not in WHOLE_ENVIRONMENT:
            for matches in MATCHES:
                yield {**page, "matches": matches, "limit": ABSENT, "offset": "page"}
    words = (status.value for status in Status if status is not Status.ACTIVE)
    for by, state in product([by for by in sets if "+" not in by or by in NAMES_STATUS], words):
        page = {"by": by, "matches": "2", "state": state}
        yield {**page, "limit": ABSENT, "offset": "inside"}
        if by in NAMES_STATUS:
            yield {**page, "limit": ABSENT, "offset": "0"}
            yield from ({**page, "limit": limit, "offset": ABSENT} for limit in _LIMITED)
