"""The rows of the experiments cover what the documentation speaks about."""

from __future__ import annotations

from itertools import product

import pytest

from pytest_atomic_cards.model.lifecycle import Action, Status
from pytest_atomic_cards.model.request_space import DIMENSIONS, request_point
from pytest_atomic_cards.suite.experiments.covering_array import holds, uncovered
from pytest_atomic_cards.suite.experiments.crowd_rows import crowd_rows
from pytest_atomic_cards.suite.experiments.experiment_rows import (
    ACTION_SPACE,
    BODIES,
    DECISIVE,
    EXAMPLES,
    FORBIDDEN,
    LIMITS,
    MULTIPLE,
    SETS,
    action_rows,
)
from pytest_atomic_cards.suite.experiments.paging_rows import OFFSETS, PAGING_SPACE, paging_rows


def test_every_pair_of_an_action_is_tried() -> None:
    """No allowed pair of values of two dimensions is missing among the actions."""
    assert not uncovered(action_rows(), ACTION_SPACE, FORBIDDEN)


def test_every_pair_of_a_page_is_tried() -> None:
    """No pair of attributes, limit and offset is missing among the listings."""
    assert not uncovered(paging_rows(), PAGING_SPACE)


def test_operation_attributes_and_multiple_are_tried_together() -> None:
    """Each action by each set of attributes is tried with each decisive spelling of multiple."""
    tried = {(row["operation"], row["by"], row["multiple"]) for row in action_rows()}
    assert {*product(map(str, Action), SETS, DECISIVE)} <= tried


def test_each_action_is_tried_in_each_state() -> None:
    """Each action meets a single card in each state, without multiple."""
    single = {"matches": ("1",), "multiple": ("absent",)}
    tried = {(row["operation"], row["state"]) for row in action_rows() if holds(row, single)}
    assert {*product(map(str, Action), map(str, Status))} <= tried


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example["operation"])
def test_examples_of_the_page_are_rows(example: dict[str, str]) -> None:
    """The page's own examples are among the rows."""
    assert any(example.items() <= row.items() for row in action_rows())


def test_pages_of_the_page_are_rows() -> None:
    """offset=100 and limit=1000 without anything else are among the rows."""
    pages = [(row["by"], row["limit"], row["offset"]) for row in crowd_rows()]
    assert ("none", "absent", "page") in pages
    assert ("none", "1000", "absent") in pages


@pytest.mark.parametrize(
    ("dimension", "spellings"),
    [("multiple", MULTIPLE), ("limit", LIMITS), ("offset", OFFSETS)],
)
def test_spellings_are_those_of_the_space(
    dimension: str, spellings: dict[str, tuple[tuple[str, str], ...]]
) -> None:
    """A parameter is sent as the value of the space that its row names, or as another."""
    for name, parameters in spellings.items():
        if name == "twice":
            continue
        value = request_point("list", parameters)[dimension]
        assert value == (name if name in DIMENSIONS[dimension] else "other")


def test_bodies_are_those_of_the_space() -> None:
    """A body is of the kind that its row names."""
    assert {name: request_point("complete", (), body)["body"] for name, body in BODIES.items()} == {
        name: name for name in BODIES
    }
