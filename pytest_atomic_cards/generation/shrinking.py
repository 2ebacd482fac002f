"""Building blocks that shrink better than the obvious ones."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, TypeVar

from hypothesis import strategies as st

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

T = TypeVar("T")


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
    present = elements.map(lambda element: (element,))
    optional = st.one_of(st.just(()), present, present, present, present)
    lists = st.lists(optional, min_size=min_size, max_size=max_size)
    return lists.map(lambda kept: list(chain.from_iterable(kept)))
