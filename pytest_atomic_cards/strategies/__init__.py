"""Hypothesis strategies for the Cards API, for your own tests.

Example:
    >>> from hypothesis import given
    >>> from pytest_atomic_cards import strategies
    >>> @given(strategies.payloads())
    ... def test_my_form_survives(payload): ...

They cover attribute values, combinations of attributes and queries; completion payloads; card specs
and populations to seed; histories for stateful tests; network faults. All of them shrink towards
few and plain values, and generate only what is documented as legal unless you ask for more.
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
