"""Covering arrays hold every combination that is allowed, and are the same each time."""

from __future__ import annotations

from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_atomic_cards.suite.experiments.covering_array import covering_array, holds, uncovered

SPACE = {"color": ("red", "green", "blue"), "size": ("s", "m"), "fit": ("slim", "wide", "long")}

spaces = st.dictionaries(
    st.sampled_from("abcde"),
    st.lists(st.sampled_from("12345"), min_size=1, max_size=4, unique=True),
    min_size=3,
)


def test_every_pair_stands_in_a_row() -> None:
    """Every two values of different dimensions stand in some row, in fewer rows than all."""
    rows = covering_array(SPACE)
    assert len(rows) < 3 * 2 * 3
    for one, other in combinations(SPACE, 2):
        pairs = {(row[one], row[other]) for row in rows}
        assert len(pairs) == len(SPACE[one]) * len(SPACE[other])


@settings(max_examples=40)
@given(spaces, st.data())
def test_allowed_pairs_are_covered_and_forbidden_ones_are_not(
    space: dict[str, list[str]], data: st.DataObject
) -> None:
    """Whatever is forbidden, no row holds it, and no combination that could be held is missing."""
    names = list(space)
    forbidden = [
        {name: data.draw(st.sets(st.sampled_from(space[name]))) for name in pair}
        for pair in data.draw(st.lists(st.permutations(names).map(lambda some: some[:2])))
    ]
    rows = covering_array(space, forbidden)
    assert not any(holds(row, one) for row in rows for one in forbidden)
    assert not uncovered(rows, space, forbidden)


def test_what_is_missing_is_counted() -> None:
    """Combinations that no row holds are reported, unless they are forbidden."""
    rows = [{"color": "red", "size": "s", "fit": "slim"}]
    left = uncovered(rows, SPACE, [{"color": ("green", "blue")}])
    assert frozenset({("color", "red"), ("size", "m")}) in left
    assert not any(("color", "green") in combination for combination in left)


def test_named_dimensions_are_covered_together() -> None:
    """All combinations of dimensions that are named together stand in some row."""
    rows = covering_array(SPACE, named=[SPACE])
    assert len({tuple(row.values()) for row in rows}) == 3 * 2 * 3


def test_first_rows_come_first() -> None:
    """Values that must stand together begin the array, completed."""
    wanted = {"size": "m", "fit": "long"}
    first = covering_array(SPACE, first=[wanted])[0]
    assert wanted.items() <= first.items()
    assert first.keys() == SPACE.keys()


def test_the_array_is_the_same_each_time() -> None:
    """The same space gives the same rows, as recordings hold what they sent."""
    assert covering_array(SPACE) == covering_array(SPACE)
