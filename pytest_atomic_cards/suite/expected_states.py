"""States: the state words of cards in listings, and the conditions that contracts wait for."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Final

from pytest_atomic_cards.model.lifecycle import Status
from pytest_atomic_cards.support.printable import brief
from pytest_atomic_cards.targets.seeding.listing_reader import words_for

States = dict[str, str | None]
"""The state word of each card by its key; ``None`` if no listing shows the card."""

_KNOWN_WORDS: Final = frozenset(Status)


def all_in(state: Status) -> Callable[[States], bool]:
    """Whether all cards are in a state; closed cards may also be absent from listings."""
    allowed = words_for(state)
    return lambda states: set(states.values()) <= allowed


def each_in(allowed: Mapping[str, Collection[str | None]]) -> Callable[[States], bool]:
    """Whether each card has one of its allowed words, by key."""
    return lambda states: all(states[key] in words for key, words in allowed.items())


def became(state: Status) -> Callable[[States], bool]:
    """Whether all cards reached a closed state; another contract checks the spelling of words."""
    allowed = words_for(state)
    return lambda states: all(
        word in allowed or word not in _KNOWN_WORDS for word in states.values()
    )


def left(state: Status) -> Callable[[States], bool]:
    """Whether no card is still in a state."""
    return lambda states: state.value not in states.values()


def words_of(states: States) -> str:
    """State words for a message."""
    words = {word or "not listed" for word in states.values()}
    return ", ".join(map(brief, sorted(words)))
