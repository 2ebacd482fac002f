"""Building blocks for strategies: better to shrink, to print or to draw than the obvious ones."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, TypeVar

from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Callable

    from hypothesis.strategies import SearchStrategy

T = TypeVar("T")
U = TypeVar("U")


def mapped(strategy: SearchStrategy[T], function: Callable[[T], U]) -> SearchStrategy[U]:
    """``strategy.map(function)``, except that a failing example shows the result, not the call.

    Hypothesis prints a value that ``map`` or ``st.builds`` made as a call of the function, which
    nobody can paste if the function is private.
    """
    return strategy.flatmap(lambda drawn: st.just(function(drawn)))


def weighted(*choices: tuple[int, SearchStrategy[T]]) -> SearchStrategy[T]:
    """One of several strategies, in proportion to their weights. Shrinks towards the first.

    Each repetition is another strategy, as ``st.one_of`` ignores repeated strategies.
    """
    return st.one_of(
        *(mapped(choice, _itself) for weight, choice in choices for _ in range(weight))
    )


def _itself(value: T) -> T:
    return value


def numbers(count: int, below: int) -> SearchStrategy[tuple[int, ...]]:
    """Several whole numbers in a single draw; each shrinks to 0.

    Drawing them as one text takes about half as long as drawing them one by one.

    Args:
        count: How many.
        below: The exclusive upper bound; at most 50,000, as surrogates follow.
    """
    first = ord("0")
    digits = st.characters(min_codepoint=first, max_codepoint=first + below - 1)
    texts = st.text(digits, min_size=count, max_size=count)
    return texts.map(lambda text: tuple(ord(digit) - first for digit in text))


def droppable(
    elements: SearchStrategy[T], *, min_size: int = 0, max_size: int | None = None
) -> SearchStrategy[list[T]]:
    """Lists that shrink by dropping any element, however many draws each element takes.

    ``st.lists`` hardly ever drops an element that takes more than a handful of draws, unless it is
    the last. Here, a single simpler draw drops it.

    Args:
        elements: The elements of the lists.
        min_size: The minimum number of elements *before* dropping: a list may be shorter.
        max_size: The maximum number of elements.
    """
    optional = weighted((1, st.just(())), (4, elements.map(lambda element: (element,))))
    lists = st.lists(optional, min_size=min_size, max_size=max_size)
    return mapped(lists, lambda kept: list(chain.from_iterable(kept)))
