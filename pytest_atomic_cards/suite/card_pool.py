"""Reserves of fresh cards, seeded in batches and handed out to contracts one by one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from pytest_atomic_cards.model.card_spec import CardSpec, Population
from pytest_atomic_cards.model.cards import Card
from pytest_atomic_cards.model.lifecycle import Status
from pytest_atomic_cards.support.errors import NotAvailableError, SeedingError
from pytest_atomic_cards.support.recorder import NULL_RECORDER, PerCassette, Recorder
from pytest_atomic_cards.targets.seeding.listing_reader import Group
from pytest_atomic_cards.targets.seeding.seeder import Seeder

GROUP: Final = 3
"""Cards of a group: the fewest that differ from two, for targets that treat a pair specially."""
_BATCH: Final = 24
"""Groups seeded at once, so a live target is waited for only a few times in a run."""
_FEW: Final = 1
"""Groups at first in a recording, whose parts should seed only what they need; then it doubles."""
_SINGLES: Final = 6
"""Cards of a state seeded at once: one for each action, with and without status."""


@dataclass(slots=True)
class _Stock:
    """The remaining groups, and the size of the last batch."""

    groups: list[Group] = field(default_factory=list)
    seeded: int = 0


class CardPool:
    """Hands out groups of fresh active cards, each from its own invocation.

    Args:
        seeder: Seeds them.
        recorder: Each part of a recording has its own stock, a small one at first.
    """

    def __init__(self, seeder: Seeder, recorder: Recorder = NULL_RECORDER) -> None:
        self._seeder = seeder
        self._first = _FEW if recorder.is_used else _BATCH
        self._stocks = PerCassette(recorder, _Stock)

    def take(self) -> Group:
        """A group of at least two active cards that no contract has touched.

        Raises:
            SeedingError: No more cards can be seeded.
        """
        stock = self._stocks.current
        if not stock.groups:
            count = min(stock.seeded * 2 or self._first, _BATCH)
            stock.groups = self._seeder.seed(*[Population.of(GROUP)] * count)
            stock.seeded = count
        return stock.groups.pop()


@dataclass(slots=True)
class _Singles:
    """The remaining cards of each state, and why other states are unavailable."""

    spare: dict[Status, list[tuple[Group, Card]]] = field(default_factory=dict)
    absent: dict[Status, NotAvailableError | SeedingError] = field(default_factory=dict)


class StatePool:
    """Hands out single cards of any state, seeded several at a time.

    Args:
        seeder: Seeds them.
        recorder: Each part of a recording has its own stock.
    """

    def __init__(self, seeder: Seeder, recorder: Recorder = NULL_RECORDER) -> None:
        self._seeder = seeder
        self._count = 1 if recorder.is_used else _SINGLES
        self._stocks = PerCassette(recorder, _Singles)

    def take(self, state: Status) -> tuple[Group, Card]:
        """A card in ``state`` that no contract has touched, and its group.

        Raises:
            NotAvailableError: The target cannot provide such a card.
            SeedingError: A card could not be brought into that state.
        """
        stock = self._stocks.current
        if state in stock.absent:
            raise stock.absent[state]
        if not stock.spare.get(state):
            try:
                group = self._seeder.seed(Population.of(self._count, CardSpec(status=state)))[0]
            except (NotAvailableError, SeedingError) as error:
                stock.absent[state] = error
                raise
            stock.spare[state] = [(group, card) for card in group.cards]
        return stock.spare[state].pop()
