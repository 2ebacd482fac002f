"""Covering arrays: few rows that together hold every combination of values that matters.

The greedy construction of AETG, with backtracking where a combination is forbidden. It is here
because of what it must be: deterministic, so that a recorded run is replayed by the same rows, and
complete, which is counted by :func:`uncovered` and not taken on trust.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import combinations, product
from typing import Final

from pytest_atomic_cards.model.request_space import Point

Values = Mapping[str, Sequence[str]]
"""The values of each dimension."""
Forbidden = Mapping[str, Collection[str]]
"""A combination that no row may hold: one of the given values in each of these dimensions."""
Tuple = frozenset[tuple[str, str]]
"""Values of some dimensions, each with the name of its dimension."""

PAIRS: Final = 2


def holds(point: Point, combination: Forbidden) -> bool:
    """Whether a point has one of the given values in each dimension of a combination."""
    return all(point.get(name) in values for name, values in combination.items())


def covering_array(
    dimensions: Values,
    forbidden: Sequence[Forbidden] = (),
    *,
    first: Iterable[Point] = (),
    named: Iterable[Collection[str]] = (),
    strength: int = PAIRS,
) -> list[Point]:
    """Rows that hold every combination of values that is not forbidden.

    Args:
        dimensions: The values of each dimension.
        forbidden: Combinations that no row may hold.
        first: Values that some row must hold together, such as those of an example.
        named: Sets of dimensions all of whose combinations must be covered.
        strength: Of how many dimensions, besides, every combination must be covered.
    """
    missing = _Missing(dimensions, named, strength)
    rows: list[Point] = []

    def add(wanted: Point) -> None:
        row = _completed(wanted, dimensions, forbidden, missing)
        if row is not None:
            rows.append(row)
            missing.strike(row)

    for wanted in first:
        add(wanted)
    while missing.left:
        combination = next(iter(missing.left))
        add(dict(sorted(combination)))
        missing.drop(combination)  # if it is still there, no row can hold it
    return rows


def uncovered(
    rows: Iterable[Point],
    dimensions: Values,
    forbidden: Sequence[Forbidden] = (),
    *,
    named: Iterable[Collection[str]] = (),
    strength: int = PAIRS,
) -> list[Tuple]:
    """The combinations that no row holds although one could."""
    missing = _Missing(dimensions, named, strength)
    for row in rows:
        missing.strike(row)
    nothing = _Missing({}, (), strength)
    return [
        combination
        for combination in missing.left
        if _completed(dict(sorted(combination)), dimensions, forbidden, nothing) is not None
    ]


class _Missing:
    """The combinations that no row holds yet.

    Attributes:
        left: All of them, in their order.
        with_value: Those that hold a value of a dimension.
    """

    def __init__(self, dimensions: Values, named: Iterable[Collection[str]], strength: int) -> None:
        sets = (*map(sorted, named), *map(sorted, combinations(dimensions, strength)))
        self._sets = tuple(dict.fromkeys(map(tuple, sets)))
        self.left: dict[Tuple, None] = {}
        self.with_value: defaultdict[tuple[str, str], dict[Tuple, None]] = defaultdict(dict)
        for names in self._sets:
            for values in product(*(dimensions[name] for name in names)):
                combination = frozenset(zip(names, values, strict=True))
                self.left[combination] = None
                for value in combination:
                    self.with_value[value][combination] = None

    def strike(self, row: Point) -> None:
        """Strike what a row holds."""
        for names in self._sets:
            self.drop(frozenset((name, row[name]) for name in names))

    def drop(self, combination: Tuple) -> None:
        """Strike one combination."""
        if combination in self.left:
            del self.left[combination]
            for value in combination:
                del self.with_value[value][combination]


def _completed(
    row: Point,
    dimensions: Values,
    forbidden: Sequence[Forbidden],
    missing: _Missing,
) -> dict[str, str] | None:
    """The row with a value in every dimension; ``None`` if every choice is forbidden."""
    left = {name: _allowed(row, name, dimensions[name], forbidden) for name in dimensions}
    if not all(left.values()):
        return None
    if len(row) == len(dimensions):
        return {name: row[name] for name in dimensions}
    # One without a choice shows at once what is forbidden; otherwise take the largest.
    name = max(
        (one for one in dimensions if one not in row),
        key=lambda one: (len(left[one]) == 1, len(dimensions[one])),
    )
    for value in _best_first(row, name, left[name], missing):
        complete = _completed({**row, name: value}, dimensions, forbidden, missing)
        if complete is not None:
            return complete
    return None


def _allowed(
    row: Point, name: str, values: Sequence[str], forbidden: Sequence[Forbidden]
) -> Sequence[str]:
    """The values that a dimension may still have, or has."""
    concerned = [one for one in forbidden if name in one and one.keys() <= {*row, name}]
    given = [row[name]] if name in row else values
    if not concerned:
        return given
    return [
        value for value in given if not any(holds({**row, name: value}, one) for one in concerned)
    ]


def _best_first(
    row: Point,
    name: str,
    values: Sequence[str],
    missing: _Missing,
) -> list[str]:
    """The values by how many missing combinations they complete, then by how many they begin."""
    fixed = row.items()
    scores: Counter[str] = Counter()
    for value in values:
        this = {(name, value)}
        for combination in missing.with_value[name, value]:
            scores[value] += 1 + 1_000 * (combination - this <= fixed)
    return sorted(values, key=lambda value: -scores[value])
