"""The plan of the experiments: the covering arrays, and rows for what a requirement still lacks.

Every pair of values stands in some row, but a requirement speaks of a part of the space only. So
each value of a dimension that it quantifies over must also stand in a row that it is about.
"""

from __future__ import annotations

from typing import Final

from pytest_atomic_cards.model.request_space import SETS_WITHOUT_PAIRS, Point
from pytest_atomic_cards.suite.experiments.claims import CLAIMS, Claim
from pytest_atomic_cards.suite.experiments.covering_array import PAIRS, covering_array
from pytest_atomic_cards.suite.experiments.experiment_rows import EVERYWHERE, Reach, action_rows

FEW_SETS: Final = Reach(SETS_WITHOUT_PAIRS)
"""What quick effort tries on a sandbox, in a second instead of five: all pairs of values, but no
sets of two attributes, and no crowds."""


def planned_actions(reach: Reach = EVERYWHERE) -> list[Point]:
    """The rows of the actions, with those that requirements still lack if pairs are tried."""
    rows = action_rows(reach)
    for claim in CLAIMS.values() if reach.strength >= PAIRS else ():
        rows += _lacking(claim, rows, reach)
    return rows


def _lacking(claim: Claim, rows: list[Point], reach: Reach) -> list[Point]:
    part = {
        name: [value for value in values if value in claim.about.get(name, values)]
        for name, values in reach.space.items()
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
            added += covering_array(part, reach.impossible, first=[point], strength=0)[:1]
    return added
