"""Linearizability of register histories: write a number, read a number."""

from __future__ import annotations

import math
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_atomic_cards.suite.experiments.linearizability import Operation, is_linearizable

History = list[Operation[int]]

OPERATIONS = 6
"""Operations of a simulated history: more than any race has."""


def write(value: int, called: float, returned: float = math.inf) -> Operation[int]:
    """Sets the register."""
    return Operation(called, returned, lambda _: {value})


def read(value: int, called: float, returned: float) -> Operation[int]:
    """Reads a value from the register."""
    return Operation(called, returned, lambda state: {value} if state == value else ())


def simulated(random: Random, clients: int, each: int, lost: float = 0.0) -> History:
    """A history of sequential clients of a correct register.

    Some responses to writes are lost, whether or not the write was applied.
    """
    free = [0.0] * clients
    moments = []
    for _ in range(clients * each):
        client = min(range(clients), key=free.__getitem__)
        called = free[client] + random.random()
        effect = called + random.random()
        free[client] = effect + random.random()
        moments.append((effect, called, free[client]))
    history: History = []
    state = 0
    for _, called, returned in sorted(moments):
        value = random.randrange(9)
        if random.random() < 0.5:
            history.append(read(state, called, returned))
        elif random.random() >= lost:
            history.append(write(value, called, returned))
            state = value
        else:
            history.append(write(value, called))
            state = random.choice((state, value))
    random.shuffle(history)
    return history


@pytest.mark.parametrize(
    "history",
    [
        [],
        [write(1, 0, 1), read(1, 2, 3)],
        [write(1, 0, 3), read(0, 1, 2)],
        [write(1, 0, 3), read(1, 1, 2)],
        [write(1, 0, 3), write(2, 0, 3), read(1, 4, 5)],
        [write(1, 0, 3), write(2, 0, 3), read(2, 4, 5)],
        [write(1, 0, 9), read(0, 1, 2), read(1, 3, 4)],
    ],
)
def test_a_history_that_some_order_explains(history: History) -> None:
    """Overlapping operations may take effect in either order."""
    assert is_linearizable(0, history)


@pytest.mark.parametrize(
    "history",
    [
        [read(1, 0, 1)],
        [write(1, 0, 1), read(0, 2, 3)],
        [read(1, 0, 1), write(1, 2, 3)],
        [write(1, 0, 9), read(1, 1, 2), read(0, 3, 4)],
        [write(1, 0, 3), write(2, 0, 3), read(1, 4, 5), read(2, 6, 7)],
    ],
)
def test_a_history_that_no_order_explains(history: History) -> None:
    """An operation that returned precedes any later call, and nothing is undone."""
    assert not is_linearizable(0, history)


def test_operations_that_touch_overlap() -> None:
    """An operation called at the moment when another returns may precede it."""
    assert is_linearizable(0, [write(1, 0, 1), read(0, 1, 2)])


@pytest.mark.parametrize("seen", [0, 1])
def test_a_lost_answer_leaves_both_possible(seen: int) -> None:
    """An operation without a response may take effect at any later moment, or never."""
    assert is_linearizable(0, [write(1, 0), read(0, 1, 2), read(seen, 8, 9)])


def test_a_lost_answer_explains_nothing_before_its_call() -> None:
    """An operation without a response does not take effect before its call."""
    assert not is_linearizable(0, [write(1, 5), read(1, 1, 2)])


def test_a_lost_answer_happens_once() -> None:
    """An operation without a response does not take effect twice."""
    history = [write(1, 0), read(1, 1, 2), write(2, 3, 4), read(2, 5, 6), read(1, 7, 8)]
    assert not is_linearizable(0, history)


def test_a_step_with_several_outcomes() -> None:
    """An operation whose response leaves its effect open may have any of the effects."""
    toggled_or_not = Operation(0, 1, lambda state: {state, 1 - state})
    assert all(is_linearizable(0, [toggled_or_not, read(value, 2, 3)]) for value in (0, 1))
    assert not is_linearizable(0, [toggled_or_not, read(2, 2, 3)])


@given(st.randoms(use_true_random=True), st.integers(1, 3), st.sampled_from([0.0, 0.3]))
@settings(max_examples=60, deadline=None, database=None)
def test_histories_of_a_correct_register_are_accepted(
    random: Random, clients: int, lost: float
) -> None:
    """Histories of a correct register are linearizable, however they overlap or lose responses."""
    assert is_linearizable(0, simulated(random, clients, OPERATIONS // clients, lost))


@given(st.randoms(use_true_random=True), st.integers(1, 3))
@settings(max_examples=60, deadline=None, database=None)
def test_a_value_that_nobody_wrote_is_rejected(random: Random, clients: int) -> None:
    """A history with a corrupted read is not linearizable."""
    history = simulated(random, clients, OPERATIONS // clients)
    place = random.randrange(len(history))
    history[place] = read(99, history[place].called, history[place].returned)
    assert not is_linearizable(0, history)
