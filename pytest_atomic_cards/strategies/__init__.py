"""Hypothesis strategies for the Cards API, to use in tests of your own.

Example:
    >>> from hypothesis import given
    >>> from pytest_atomic_cards import strategies
    >>> @given(strategies.payloads())
    ... def test_my_form_survives(payload): ...

Attribute values, combinations of attributes and queries; completion payloads; card specs and
populations to seed; histories for stateful tests; faults of the network. All of them shrink towards
the fewest and plainest, and none of them strays from what is documented to be legal, unless it is
asked to.
"""

from __future__ import annotations

from pytest_atomic_cards.strategies.histories import (
    Act,
    Advance,
    Seed,
    Step,
    actions,
    histories,
)
from pytest_atomic_cards.strategies.network_strategies import network_faults
from pytest_atomic_cards.strategies.populations import (
    card_specs,
    durations,
    populations,
    statuses,
)
from pytest_atomic_cards.strategies.query_strategies import (
    HasAttributes,
    attribute_combinations,
    queries,
)
from pytest_atomic_cards.strategies.values import attribute_values, payloads

__all__ = [
    "Act",
    "Advance",
    "HasAttributes",
    "Seed",
    "Step",
    "actions",
    "attribute_combinations",
    "attribute_values",
    "card_specs",
    "durations",
    "histories",
    "network_faults",
    "payloads",
    "populations",
    "queries",
    "statuses",
]
