"""Reserves of fresh cards, seeded many at a time and handed out to contracts one by one."""

from __future__ import annotations

from typing import Final

from pytest_atomic_cards.cards import Card
from pytest_atomic_cards.errors import NotAvailableError, SeedingError
from pytest_atomic_cards.lifecycle import Status
from pytest_atomic_cards.seeding.reader import Group
from pytest_atomic_cards.seeding.seeder import Seeder
from pytest_atomic_cards.seeding.spec import CardSpec, Population

GROUP: Final = 3
"""Cards of a group."""
_BATCH: Final = 24
_SINGLES: Final = 6


class Reserve:
    """Hands out groups of fresh active cards, each an invocation of its own."""

    def __init__(self, seeder: Seeder) -> None:
        self._seeder = seeder
        self._groups: list[Group] = []

    def take(self) -> Group:
        """A group of at least two active cards that no contract has touched.

        Raises:
            SeedingError: No more cards can be seeded.
        """
        if not self._groups:
            self._groups = self._seeder.seed(*[Population.of(GROUP)] * _BATCH)
        return self._groups.pop()


class StateReserve:
    """Hands out single cards of any state, seeded several at a time."""

    def __init__(self, seeder: Seeder) -> None:
        self._seeder = seeder
        self._spare: dict[Status, list[tuple[Group, Card]]] = {}
        self._absent: dict[Status, NotAvailableError | SeedingError] = {}

    def take(self, state: Status) -> tuple[Group, Card]:
        """A card in ``state`` that no contract has touched, and the group it belongs to.

        Raises:
            NotAvailableError: The target cannot give such a card.
            SeedingError: A card could not be brought into that state.
        """
        if state in self._absent:
            raise self._absent[state]
        if not self._spare.get(state):
            try:
                group = self._seeder.seed(Population.of(_SINGLES, CardSpec(status=state)))[0]
            except (NotAvailableError, SeedingError) as error:
                self._absent[state] = error
                raise
            self._spare[state] = [(group, card) for card in group.cards]
        return self._spare[state].pop()
