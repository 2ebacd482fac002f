"""Linearizability: whether some serial order explains the responses to overlapping operations.

Each operation appears to take effect at one moment between its call and its response. An operation
without a response may have happened at any moment after its call, or never. A history of several
cards is linearizable if the history of each card is (Herlihy and Wing, 1990), so check one card at
a time.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Hashable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, combinations, permutations
from typing import Generic, TypeVar

State = TypeVar("State", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Operation(Generic[State]):
    """What one client did to one object, and when.

    Args:
        called: When it began, in seconds on a clock that all operations share.
        returned: When its response arrived; ``math.inf`` if none did.
        step: Gives the states that the object may be in after the operation took effect in a
            given state, as far as the response allows. None: it cannot have taken effect there.
    """

    called: float
    returned: float
    step: Callable[[State], Collection[State]]

    @property
    def answered(self) -> bool:
        """Whether it must have happened."""
        return self.returned < math.inf


def is_linearizable(initial: State, history: Sequence[Operation[State]]) -> bool:
    """Whether the operations can be put in an order that respects their times and responses.

    Tries every order, as a race has no more than a handful of operations. Operations whose times
    touch count as overlapping.

    Args:
        initial: The state of the object before all operations.
        history: The operations, in any order.
    """
    return any(
        _respects_times(order) and _ends_somewhere(initial, order) for order in _orders(history)
    )


def _orders(history: Sequence[Operation[State]]) -> Iterator[tuple[Operation[State], ...]]:
    """Every order of the answered operations and of any choice of the others."""
    answered = [one for one in history if one.answered]
    lost = [one for one in history if not one.answered]
    choices = chain.from_iterable(combinations(lost, count) for count in range(len(lost) + 1))
    for choice in choices:
        yield from permutations([*answered, *choice])


def _respects_times(order: Sequence[Operation[State]]) -> bool:
    return all(earlier.called <= later.returned for earlier, later in combinations(order, 2))


def _ends_somewhere(initial: State, order: Sequence[Operation[State]]) -> bool:
    states = {initial}
    for operation in order:
        states = {after for state in states for after in operation.step(state)}
    return bool(states)
