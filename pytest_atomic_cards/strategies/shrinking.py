"""Building blocks that shrink better, or are drawn faster, than the obvious ones."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, TypeVar

from hypothesis import strategies as st

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

T = TypeVar("T")


def weighted(*choices: tuple[int, SearchStrategy[T]]) -> SearchStrategy[T]:
    """One of several strategies, each as often as its weight says. Shrinks towards the first.

    ``st.one_of`` takes a strategy that it is given twice for one.
    """
    return st.one_of(*(choice.map(_itself) for weight, choice in choices for _ in range(weight)))


def _itself(value: T) -> T:
    return value


def numbers(count: int, below: int) -> SearchStrategy[tuple[int, ...]]:
    """Some whole numbers, each of which shrinks to 0, in a single draw.

    To draw them as a text takes about half as long as to draw them one by one.

    Args:
        count: How many.
        below: What each is less than; at most 50,000, as surrogates follow.
    """
    first = ord("0")
    digits = st.characters(min_codepoint=first, max_codepoint=first + below - 1)
    texts = st.text(digits, min_size=count, max_size=count)
    return texts.map(lambda text: tuple(ord(digit) - first for digit in text))


def droppable(
    elements: SearchStrategy[T], *, min_size: int = 0, max_size: int | None = None
) -> SearchStrategy[list[T]]:
    """Lists of elements that shrink by dropping any of them, however many draws each takes.

    In ``st.lists`` an element that takes more than a handful of draws is hardly ever dropped unless
    it is the last. Here, one simpler draw in its place makes it vanish.

    Args:
        elements: What the lists hold.
        min_size: Fewest elements *before* dropping: a list may well be shorter.
        max_size: Most elements.
    """
    optional = weighted((1, st.just(())), (4, elements.map(lambda element: (element,))))
    lists = st.lists(optional, min_size=min_size, max_size=max_size)
    return lists.map(lambda kept: list(chain.from_iterable(kept)))
