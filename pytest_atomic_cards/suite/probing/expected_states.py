"""States: the state words of cards in listings, and the conditions that contracts wait for.

Only two state words are documented, so these conditions accept other words where the target may use
them (:func:`~pytest_atomic_cards.model.lifecycle.may_show`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pytest_atomic_cards.model.lifecycle import Status, may_show
from pytest_atomic_cards.support.printable import brief

States = dict[str, str | None]
"""The state word of each card by its key; ``None`` if no listing shows the card."""


def all_in(state: Status) -> Callable[[States], bool]:
    """Whether all cards may be in a state."""
    return lambda states: all(may_show(state, word) for word in states.values())


def each_in(due: Mapping[str, Status]) -> Callable[[States], bool]:
    """Whether each card may be in its own state, by key."""
    return lambda states: all(may_show(state, states[key]) for key, state in due.items())


def left(state: Status) -> Callable[[States], bool]:
    """Whether no card is still in a state."""
    return lambda states: state.value not in states.values()


def words_of(states: States) -> str:
    """State words for a message."""
    words = {word or "not listed" for word in states.values()}
    return ", ".join(map(brief, sorted(words)))
