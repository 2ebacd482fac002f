"""Filter semantics: whether a target honours an attribute, and combines several by *and*.

The combination by *and* is inferred, not documented. On a target that combines by *or*, an action
on ``status=active`` and an id of this run would change every active card of the environment; so
would one on that id alone if the attribute is ignored.
"""

from __future__ import annotations

import string
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterable
from functools import partial
from threading import Lock
from typing import Final

from pytest_atomic_cards.client.scope_guard import PINS
from pytest_atomic_cards.model.cards import Card
from pytest_atomic_cards.model.lifecycle import Status
from pytest_atomic_cards.model.query import Attribute, CardQuery
from pytest_atomic_cards.support.errors import AtomicCardsError
from pytest_atomic_cards.support.randomness import TRUE_RANDOMNESS, Randomness
from pytest_atomic_cards.support.recorder import NULL_RECORDER, Recorder
from pytest_atomic_cards.targets.seeding.listing_reader import Reader, key_of

Question = Callable[[Attribute, str, Collection[Card]], bool]
"""Takes an attribute, its value, and some cards that are listed by it."""

_ALPHABETS: Final = (string.digits, "abcdef", "ABCDEF")
_FURTHER_ALPHABETS: Final = (string.digits, string.ascii_lowercase, string.ascii_uppercase)
_SAMPLES: Final = 4
"""Cards to look with: one is enough, unless tests close it or its listing lags."""
_TRIES: Final = 3
"""Attempts at each question: a lost response shows nothing, and is no reason to give up."""


class FilterSemantics:
    """Observes, once for each pair of attributes, how a target combines them.

    Threads may share it.

    Args:
        reader: Lists cards.
        recorder: Excludes these listings from a recording, as they depend on what else was run.
    """

    def __init__(self, reader: Reader, recorder: Recorder = NULL_RECORDER) -> None:
        self._reader = reader
        self._recorder = recorder
        self._cards: deque[Card] = deque(maxlen=_SAMPLES)
        self._by_and: set[tuple[Attribute, Attribute]] = set()
        self._tries: Counter[tuple[Attribute, Attribute]] = Counter()
        self._honoured: dict[Attribute, bool] = {}
        self._lock = Lock()

    def adopt(self, cards: Iterable[Card]) -> None:
        """Provide cards that this run seeded. With a new one, open questions are asked again."""
        card = next(iter(cards), None)
        if card is None or any(key_of(card) == key_of(known) for known in self._cards):
            return
        self._cards.append(card)
        for pin in PINS:
            self._tries[pin, pin] = 0

    def is_honoured(self, pin: Attribute) -> bool | None:
        """Whether listings by an attribute show only cards that have the value.

        ``None`` if no card of ours is listed by it yet, or no response is usable.
        """
        with self._lock:
            while pin not in self._honoured and self._cards and self._tries[pin, pin] < _TRIES:
                self._tries[pin, pin] += 1
                honoured = self._ask(pin, self._honours)
                if honoured is not None:
                    self._honoured[pin] = honoured
            return self._honoured.get(pin)

    def are_joined_by_and(self, pin: Attribute, others: Collection[Attribute]) -> bool:
        """Whether each of the others was seen to narrow what ``pin`` selects, and ``pin`` them.

        What could not be observed, for lack of a card or of a usable response, does not count.
        """
        with self._lock:
            return all(self._is_by_and((pin, other)) for other in others)

    def _is_by_and(self, pair: tuple[Attribute, Attribute]) -> bool:
        while pair not in self._by_and and self._cards and self._tries[pair] < _TRIES:
            self._tries[pair] += 1
            if self._ask(pair[0], partial(self._excludes, pair[1])):
                self._by_and.add(pair)
        return pair in self._by_and

    def _ask(self, pin: Attribute, question: Question) -> bool | None:
        """The answer to a question about cards of ours; ``None`` if no response shows it."""
        try:
            with self._recorder.unrecorded("how attributes are combined is observed once in a run"):
                for card in tuple(reversed(self._cards)):
                    own = card.attributes.get(pin)
                    listed = own and self._listed({pin: own})
                    if own and listed:
                        return question(pin, own, listed)
        except AtomicCardsError:
            pass
        return None

    def _honours(self, pin: Attribute, own: str, listed: Collection[Card]) -> bool:
        """Whether only cards with a value are listed by it, and none by a value that none has."""
        others = any(card.attributes.get(pin, own) != own for card in listed)
        return not others and not self._listed({pin: similar(own)})

    def _excludes(
        self, other: Attribute, pin: Attribute, own: str, listed: Collection[Card]
    ) -> bool:
        """Whether neither value of a pair lists cards without the other one."""
        values = {card.attributes.get(other) for card in listed}
        if other is Attribute.STATUS:
            strange = next((state.value for state in Status if state.value not in values), None)
        else:
            strange = similar(next(filter(None, values), TRUE_RANDOMNESS.token()))
        if strange is None or self._listed({pin: own, other: strange}):
            return False
        return not any(self._listed({pin: similar(own), other: value}) for value in values if value)

    def _listed(self, values: dict[Attribute, str]) -> tuple[Card, ...]:
        return self._reader.page(CardQuery.of(values).replace(limit=_SAMPLES)).cards


def similar(value: str, randomness: Randomness = TRUE_RANDOMNESS) -> str:
    """A made-up value of the same form, with digits and letters in the same places."""
    letters = value.replace("-", "")
    is_hexadecimal = all(character in string.hexdigits for character in letters)
    alphabets = _ALPHABETS if is_hexadecimal else _FURTHER_ALPHABETS
    return "".join(
        next(
            (one[int(randomness.fraction() * len(one))] for one in alphabets if character in one),
            character,
        )
        for character in value
    )
