"""Linearizability: whether some serial order explains what overlapping operations answered.

Each operation seems to take effect at one moment between its call and its answer. The checker is
that of Wing and Gong (Testing and Verifying Concurrent Objects, 1993), with the memory of visited
configurations that Lowe added. An operation without an answer may have happened at any moment
after its call, or never.

A history of several objects is linearizable if that of each object is (Herlihy and Wing), so
check one card at a time.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Hashable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

State = TypeVar("State", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Operation(Generic[State]):
    """What one client did to one object, and when.

    Args:
        called: When it began, in seconds on a clock that all operations share.
        returned: When its answer came; ``math.inf`` where none came.
        step: Gives the states in which the object may be after the operation took effect in a
            given state, as far as the answer allows. None: it cannot have taken effect there.
    """

    called: float
    returned: float
    step: Callable[[State], Collection[State]]

    @property
    def answered(self) -> bool:
        """Whether it must have happened."""
        return self.returned < math.inf


def is_linearizable(initial: State, history: Sequence[Operation[State]]) -> bool:
    """Whether the operations can be put in an order that respects their times and answers.

    Operations whose times touch count as overlapping. The search is fast where few operations
    overlap at any one time, and exponential in their number at worst.

    Args:
        initial: The state of the object before all operations.
        history: The operations, in any order.
    """
    operations = sorted(history, key=lambda operation: operation.called)
    due = sum(1 << place for place, one in enumerate(operations) if one.answered)
    visited = {(0, initial)}
    stack = [(0, initial)]
    while stack:
        done, state = stack.pop()
        if done & due == due:
            return True
        for place in reversed(_next(operations, done)):
            for after in operations[place].step(state):
                configuration = (done | 1 << place, after)
                if configuration not in visited:
                    visited.add(configuration)
                    stack.append(configuration)
    return False


def _next(operations: Sequence[Operation[State]], done: int) -> list[int]:
    """The places of the operations that may take effect next.

    They are those called before any other one that is still to happen has returned. As operations
    come in the order of their calls, the first one that is called too late ends the search.
    """
    places = []
    end = math.inf
    first = (~done & (done + 1)).bit_length() - 1
    for place in range(first, len(operations)):
        operation = operations[place]
        if operation.called > end:
            break
        if not done >> place & 1:
            places.append(place)
            end = min(end, operation.returned)
    return places
