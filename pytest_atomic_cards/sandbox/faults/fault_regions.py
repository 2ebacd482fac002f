"""Which conditions can narrow each fault: those under which its decision is taken at all.

A decision about listings is never taken for an action, and ``offset`` is documented for listings
only. Junk values, which the documentation leaves open, narrow nothing but what is about them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Final

from pytest_atomic_cards.model.lifecycle import Action, Status
from pytest_atomic_cards.model.request_space import (
    ABSENT,
    DIMENSIONS,
    MIXED,
    OTHER,
    SETS_WITHOUT_PAIRS,
    Point,
)
from pytest_atomic_cards.sandbox.faults.fault import Fault

Region = Mapping[str, tuple[str, ...]]
"""Values of some dimensions, by the name of the dimension."""

_ALL: Final = DIMENSIONS["operation"]
_ACTIONS: Final = tuple(action.value for action in Action)
_SOME_MATCH: Final = DIMENSIONS["matches"][1:]
_LISTED: Final = (*(status.value for status in Status), MIXED)
_OPEN: Final = (Status.ACTIVE.value, Status.SNOOZED.value, MIXED)
"""Cards that an action changes; what cancel does to an embargoed card is inferred."""
_LIMITS: Final = (ABSENT, "1", "some", "1000")

_CHANGED: Final = {"by": DIMENSIONS["by"], "matches": _SOME_MATCH, "state": _OPEN}
_LISTING: Final[Region] = {
    **_CHANGED,
    "state": _LISTED,
    "limit": _LIMITS,
    "offset": (ABSENT, "0", "inside", "page"),
}
_COMPLETION: Final[Region] = {**_CHANGED, "multiple": (ABSENT, "1")}
_ACTION: Final[Region] = {"operation": _ACTIONS, **_COMPLETION}
_CANCEL: Final[Region] = {**_CHANGED, "limit": _LIMITS}
_NO_MATCH: Final[Region] = {"by": DIMENSIONS["by"][1:]}
_REFUSAL: Final[Region] = {
    **_ACTION,
    "matches": DIMENSIONS["matches"][2:],
    "multiple": (ABSENT, "0", OTHER),
}
_QUERY: Final[Region] = {"operation": _ALL, "by": DIMENSIONS["by"][1:]}
_ACCESS: Final[Region] = {"operation": _ALL, "by": SETS_WITHOUT_PAIRS}
_REGIONS: Final[Mapping[str, Region]] = {
    **dict.fromkeys(
        (
            *("listing_filters", "listing_window", "page_size", "page_start", "cards.read"),
            *("page", "staleness", "listing_body", "card_body", "timestamp"),
        ),
        _LISTING,
    ),
    **dict.fromkeys(
        (
            *("action_filters", "cards.select", "cards.act", "cards.change", "store.change"),
            *("summary", "action_body", "result_body", "action_word", "batch"),
            "outcome",
        ),
        _ACTION,
    ),
    "store.hold": {"operation": _ACTIONS, "state": _OPEN[:2]},
    **dict.fromkeys(("action_window", "batch_size"), _CANCEL),
    "zero_match_listing": _NO_MATCH,
    "zero_match_action": {"operation": _ACTIONS, **_NO_MATCH},
    "check_multiple": _REFUSAL,
    "multiple": {**_REFUSAL, "multiple": ("1", "0", OTHER)},
    **dict.fromkeys(("completion", "completions"), _COMPLETION),
    **dict.fromkeys(("filters", "decode", "number"), _QUERY),
    "content_type": {"operation": _ALL, "by": DIMENSIONS["by"]},
    "check_user_agent": _ACCESS,
    "check_role": _ACCESS,
    "has_expired": _ACCESS,
    "identify": _ACCESS,
    "check_environment": _ACCESS,
    "authorise": {
        **_ACCESS,
        "token": ("none", "garbage", "expired", "role"),
        "environment": (OTHER,),
    },
}
"""Seam → the conditions under which its decision is taken. Others have none: a token endpoint knows
no request to the Cards API, and a timer no request at all."""
_REMEMBERING: Final = frozenset(
    {"refused-and-done-later", "refusal-moves-updated", "completion-of-request-before"}
)
"""Faults in which one request changes what another one shows; no condition on one fits both."""


def region_of(fault: Fault) -> Region:
    """The conditions that can narrow a fault; none if it cannot be narrowed."""
    if fault.name in _REMEMBERING:
        return {}
    regions = [_REGIONS.get(seam, {}) for seam in fault.replaces if seam != "actionable"]
    if {frozenset(region) for region in regions} == {frozenset(_LISTING), frozenset(_ACTION)}:
        return {"operation": _ALL, "by": DIMENSIONS["by"][1:], "matches": _SOME_MATCH}
    return regions[0]


def conditions_for(fault: Fault, count: int) -> Iterator[Point]:
    """All combinations of so many conditions that can narrow a fault."""
    region = region_of(fault)
    for names in combinations(region, count):
        yield from _points(names, region)


def _points(names: tuple[str, ...], region: Region) -> Iterator[Point]:
    if not names:
        yield {}
        return
    first, *rest = names
    for value in region[first]:
        for point in _points(tuple(rest), region):
            yield {first: value, **point}
