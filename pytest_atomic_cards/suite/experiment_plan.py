"""The plan of the experiments: the covering arrays, and rows for what a requirement still lacks.

Every pair of values stands in some row, but a requirement speaks of a part of the space only. So
each value of a dimension that it quantifies over must also stand in a row that it is about.
"""

from __future__ import annotations

from functools import cache
from typing import Final

from pytest_atomic_cards.model.request_space import Point
from pytest_atomic_cards.suite.claims import CLAIMS, Claim
from pytest_atomic_cards.suite.covering_array import Values, covering_array
from pytest_atomic_cards.suite.experiment_rows import (
    ACTION_SPACE,
    FORBIDDEN,
    SETS,
    action_rows,
)

_ALL_STATES: Final = tuple(ACTION_SPACE["state"])


@cache
def planned_actions(
    sets: tuple[str, ...] = SETS, states: tuple[str, ...] = _ALL_STATES
) -> tuple[Point, ...]:
    """The rows of the actions, with those that requirements still lack.

    Args:
        sets: The sets of attributes that a target allows.
        states: The states that it can provide.
    """
    rows = list(action_rows(sets, states))
    space = {**ACTION_SPACE, "by": sets, "state": states}
    for claim in CLAIMS.values():
        rows += _lacking(claim, rows, space)
    return tuple(rows)


def _lacking(claim: Claim, rows: list[Point], space: Values) -> list[Point]:
    part = {
        name: [value for value in values if value in claim.about.get(name, values)]
        for name, values in space.items()
    }
    if not all(part.values()) or "token" in claim.about or "environment" in claim.about:
        return []
    met = {pair for row in rows if claim.concerns(row) for pair in row.items()}
    wanted = [
        {name: value}
        for name in claim.over
        for value in part.get(name, ())
        if (name, value) not in met
    ]
    added: list[Point] = []
    for point in wanted:
        if not any(point.items() <= row.items() for row in added):
            added += covering_array(part, FORBIDDEN, first=[point], strength=0)[:1]
    return added
