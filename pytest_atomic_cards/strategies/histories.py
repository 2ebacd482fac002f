"""Strategies for histories: steps that act on a set of cards, as plain data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from hypothesis import strategies as st

from pytest_atomic_cards.model.card_spec import CardSpec, Population
from pytest_atomic_cards.model.lifecycle import Action
from pytest_atomic_cards.model.query import CardQuery
from pytest_atomic_cards.strategies.populations import (
    STAND_INS,
    apart,
    populations,
    value_pools,
    with_values,
)
from pytest_atomic_cards.strategies.query_strategies import (
    KnownValues,
    QueryPlan,
    attribute_combinations,
    plans,
    query_of,
)
from pytest_atomic_cards.strategies.shrinking import droppable, mapped
from pytest_atomic_cards.support.pasteable import Pasteable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hypothesis.strategies import SearchStrategy

    from pytest_atomic_cards.model.query import Attribute

_MOST_HOURS: Final = 24
"""Half the longest of :func:`durations`: one step ends some timers, and two end them all."""


@dataclass(frozen=True, slots=True, repr=False)
class Seed(Pasteable):
    """Seed cards."""

    population: Population


@dataclass(frozen=True, slots=True, repr=False)
class Act(Pasteable):
    """Dismiss, complete or cancel the cards that a query matches."""

    action: Action
    query: CardQuery


@dataclass(frozen=True, slots=True, repr=False)
class Advance(Pasteable):
    """Let time pass."""

    by: timedelta


Step = Seed | Act | Advance


def actions() -> SearchStrategy[Action]:
    """The three actions. Shrinks to ``Action.DISMISS``."""
    return st.sampled_from(Action)


def histories(
    max_steps: int = 12, *, values: Mapping[Attribute, Sequence[str]] | None = None
) -> SearchStrategy[tuple[Step, ...]]:
    """Sequences of steps for your own stateful tests; the first one seeds at least one card.

    The query of an action has at least one attribute, so it is never unscoped, and usually matches
    cards of the first step; some set ``multiple``. Seeded cards have timers, and time advances in
    whole hours, so no timer is ever due at the exact moment of an action (see :func:`durations`).
    Shrinks to one step that seeds one plain card.

    Example:
        >>> @given(strategies.histories())
        ... def test_my_cache_agrees(history):
        ...     for step in history:
        ...         match step:
        ...             case Seed(population): ...
        ...             case Act(action, query): ...
        ...             case Advance(by): ...

    Args:
        max_steps: The maximum number of steps, at least 1.
        values: As for :func:`card_specs`. If left out, each history draws its own few values, as
            :func:`populations` does.
    """
    pool = value_pools() if values is None else st.none()
    values = STAND_INS if values is None else values
    first = populations(1, values=values, timed=True)
    steps = st.one_of(
        st.builds(_PlannedAct, actions(), plans(attribute_combinations(1), 8), st.booleans()),
        mapped(st.integers(1, _MOST_HOURS), lambda hours: Advance(timedelta(hours=hours))),
        st.builds(Seed, populations(1, 3, values=values, timed=True)),
    )
    parts = st.tuples(pool, first, droppable(steps, max_size=max_steps - 1))
    return mapped(parts, lambda drawn: _history(*drawn))


@dataclass(frozen=True, slots=True)
class _PlannedAct:
    action: Action
    plan: QueryPlan
    multiple: bool


def _history(
    pool: Sequence[str] | None, first: Population, steps: Sequence[_PlannedAct | Advance | Seed]
) -> tuple[Step, ...]:
    known = KnownValues(_real(first, pool))
    seeded: list[CardSpec] = []

    def carried_out(step: _PlannedAct | Advance | Seed) -> Step:
        match step:
            case _PlannedAct(action, plan, multiple):
                return Act(action, query_of(known.follow(plan)).replace(multiple=multiple))
            case Seed(population):
                fresh = apart(_real(population, pool), seeded)
                seeded.extend(fresh)
                return Seed(fresh)
        return step

    return tuple(map(carried_out, (Seed(first), *steps)))


def _real(population: Population, pool: Sequence[str] | None) -> Population:
    return population if pool is None else with_values(population, pool)
