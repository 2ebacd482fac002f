"""The space that the documentation speaks about: requests, and the cards that they match.

A sentence such as "the same attributes for every action" quantifies over this space. It has few
dimensions, each with few values, which are named here once. Experiments cover pairs of values of
different dimensions.

Source: Cards API page › Query attributes, Pagination, Request limits, Actioning multiple cards at
once, Card state; API authentication page.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from types import MappingProxyType
from typing import Final

from pytest_atomic_cards.model.documented import DEFAULT_CANCEL, DEFAULT_PAGE, LARGEST_LIMIT
from pytest_atomic_cards.model.lifecycle import Action, Status
from pytest_atomic_cards.model.query import Attribute

Point = Mapping[str, str]
"""A value for some of the dimensions, by the name of the dimension."""

NO_ATTRIBUTE: Final = "none"
EVERY_ATTRIBUTE: Final = "all"
MIXED: Final = "mixed"
OTHER: Final = "other"
ABSENT: Final = "absent"

_SETS: Final = (*((name,) for name in Attribute), *combinations(Attribute, 2))

DIMENSIONS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "operation": ("list", *(action.value for action in Action)),
        "by": (NO_ATTRIBUTE, *("+".join(names) for names in _SETS), OTHER, EVERY_ATTRIBUTE),
        "matches": ("0", "1", "2", "many", "over-page", "over-limit", "over-largest"),
        "state": (*(status.value for status in Status), MIXED),
        "multiple": (ABSENT, "1", "0", OTHER),
        "limit": (ABSENT, "1", "some", str(LARGEST_LIMIT), OTHER),
        "offset": (ABSENT, "0", "inside", "page", OTHER),
        "token": ("good", "none", "garbage", "expired", "deleted", "role"),
        "environment": ("own", OTHER),
        "body": ("none", "empty", "object", OTHER),
    }
)
"""The values of each dimension.

``by`` is the set of attributes that the request gives, ``matches`` how many cards have all their
values, ``state`` the state of these cards. ``deleted`` is a token whose credential was deleted,
``role`` one of a credential of another role.
"""
SETS_WITHOUT_PAIRS: Final = tuple(name for name in DIMENSIONS["by"] if "+" not in name)
"""A few sets of attributes: none, each alone, five as any others, and all."""


def attributes_of(by: str) -> tuple[Attribute, ...]:
    """The attributes of a set, by its value of the dimension ``by``."""
    if by == OTHER:
        return tuple(Attribute)[1:-1]
    if by == EVERY_ATTRIBUTE:
        return tuple(Attribute)
    return () if by == NO_ATTRIBUTE else tuple(map(Attribute, by.split("+")))


def request_point(
    operation: str, parameters: Sequence[tuple[str, str]], body: bytes = b""
) -> Point:
    """Where a request lies, by what it says itself.

    Args:
        operation: ``list`` or the name of an action.
        parameters: The decoded query parameters.
        body: The request body.
    """
    given = dict(parameters)
    return {
        "operation": operation,
        "by": _attributes([name for name in Attribute if name in given]),
        "multiple": _known(given.get("multiple"), "multiple"),
        "limit": _limit(given.get("limit")),
        "offset": _offset(given.get("offset")),
        "body": _body(body.strip()),
    }


def card_point(states: Sequence[str]) -> Point:
    """Where a request lies, by the states of the cards that have the values it gives."""
    words = set(states)
    return {
        "matches": _matches(len(states)),
        **({"state": words.pop() if len(words) == 1 else MIXED} if words else {}),
    }


def _attributes(names: Sequence[str]) -> str:
    if len(names) == len(Attribute):
        return EVERY_ATTRIBUTE
    joined = "+".join(names) or NO_ATTRIBUTE
    return joined if joined in DIMENSIONS["by"] else OTHER


def _known(value: str | None, dimension: str) -> str:
    if value is None:
        return ABSENT
    return value if value in DIMENSIONS[dimension] else OTHER


def _limit(value: str | None) -> str:
    if value is not None and value.isdecimal() and 1 < int(value) < LARGEST_LIMIT:
        return "some"
    return _known(value, "limit")


def _offset(value: str | None) -> str:
    if value is None or not value.isdecimal():
        return _known(value, "offset")
    number = int(value)
    if number == 0:
        return "0"
    return "inside" if number % DEFAULT_PAGE else "page"


def _body(body: bytes) -> str:
    if not body:
        return "none"
    if not (body.startswith(b"{") and body.endswith(b"}")):
        return OTHER
    return "object" if body[1:-1].strip() else "empty"


def _matches(count: int) -> str:
    if count <= 2:  # noqa: PLR2004 - 0, 1 and 2 are values of their own
        return str(count)
    bounds = (
        (DEFAULT_PAGE, "many"),
        (DEFAULT_CANCEL, "over-page"),
        (LARGEST_LIMIT, "over-limit"),
    )
    return next((name for bound, name in bounds if count <= bound), "over-largest")
