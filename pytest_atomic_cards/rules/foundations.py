"""Foundations: which requirements the contracts of others rest on, as data.

If a foundation is violated, what rests on it may be violated or inconclusive for that reason alone:
without listings nothing can be observed, without a first page no second one.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Final

from pytest_atomic_cards.rules.requirements import catalogue

EVERYTHING: Final = "*"
_FOUNDATIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "AUTH-03": (EVERYTHING,),  # without a token no request is accepted
    "SHAPE-01": (EVERYTHING,),  # every contract observes cards in listings
    "QUERY-05": (EVERYTHING,),  # a run finds its cards by their invocation
    "QUERY-06": (EVERYTHING,),  # and by their customers
    "SHAPE-02": ("SHAPE-07", "SCHEMA-02", "SCHEMA-03", "SCHEMA-04"),
    "SHAPE-03": ("results", "SHAPE-07", "SCHEMA-02", "SCHEMA-03"),  # results name cards by id
    "PAGE-02": ("pagination", "SCHEMA-04"),
    "PAGE-01": ("PAGE-03", "PAGE-05", "PAGE-08"),
    "PAGE-04": ("PAGE-05", "PAGE-06", "PAGE-08", "limits"),  # thousands are counted page by page
    "QUERY-07": ("QUERY-08", "QUERY-12", "QUERY-18"),
    "QUERY-08": ("QUERY-11", "QUERY-15", "QUERY-16"),
    "SHAPE-07": ("results", "SCHEMA-03"),
    "STATE-01": ("MULTI-02", "MULTI-08", "STATE-04", "STATE-07", "TIME-04", "TIME-06", "CONC-01"),
    "STATE-02": (
        *("MULTI-03", "MULTI-08", "STATE-05", "STATE-08", "TIME-04", "TIME-06", "CONC-01"),
        *("RESULT-03", "completion"),
    ),
    "STATE-03": ("MULTI-01", "MULTI-06", "MULTI-08", "STATE-09", "limits", "CONC-01"),
    "TIME-07": ("TIME-01", "STATE-06"),
    "TIME-02": ("STATE-10",),
}
"""What rests on each foundation: requirements, all of an area, or everything below it here.

The most basic come first: none rests on one below it."""


@cache
def foundations_of(requirement_id: str) -> tuple[str, ...]:
    """The requirements that one rests on, the most basic first."""
    names = {EVERYTHING, requirement_id, catalogue()[requirement_id].area}
    order = list(_FOUNDATIONS)
    end = order.index(requirement_id) if requirement_id in _FOUNDATIONS else len(order)
    return tuple(one for one in order[:end] if names.intersection(_FOUNDATIONS[one]))
