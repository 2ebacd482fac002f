"""Supply: fresh active cards for observers, also from a target that bounds the size of a start."""

from __future__ import annotations

from typing import Final

from pytest_atomic_cards.cards import Card
from pytest_atomic_cards.errors import NotAvailableError, SeedingError
from pytest_atomic_cards.lifecycle import Status
from pytest_atomic_cards.seeding.reader import Group
from pytest_atomic_cards.seeding.seeder import Seeder
from pytest_atomic_cards.seeding.spec import Population
from pytest_atomic_cards.verification.reserve import GROUP, StateReserve

_GROUPS: Final = 12
_SINGLES: Final = 6
_STOCK: Final = [Population.of(GROUP)] * _GROUPS + [Population.of(_SINGLES)] * 2


class Supply:
    """Hands out fresh cards, which are seeded many at a time, as to wait for them takes long.

    Args:
        seeder: Seeds them.
    """

    def __init__(self, seeder: Seeder) -> None:
        self._seeder = seeder
        self._in_state = StateReserve(seeder)
        self._groups: list[Group] = []
        self._cards: list[tuple[Group, Card]] = []
        self._is_rehearsed = False
        self._is_bounded = False
        self._failure: SeedingError | None = None

    def group(self) -> Group:
        """At least two active cards that one query selects.

        Raises:
            NotAvailableError: There is only one.
            SeedingError: They cannot be seeded; from then on at once.
        """
        if not self._groups:
            self._restock()
        group = self._groups.pop()
        if len(group.cards) == 1:
            raise NotAvailableError("an Action Flow for several customers gives one card")
        return group

    def card(self, state: Status = Status.ACTIVE) -> tuple[Group, Card]:
        """A card in a state, and the group it belongs to.

        Raises:
            NotAvailableError: The target cannot give such a card.
            SeedingError: A card could not be brought into that state.
        """
        if state is not Status.ACTIVE:
            return self._in_state.take(state)
        if not self._cards:
            self._restock()
        return self._cards.pop()

    def _restock(self) -> None:
        if self._failure is not None:
            raise self._failure
        try:
            groups, more = self._seed()
        except SeedingError as error:
            self._failure = error
            raise
        self._groups += groups
        self._cards += [(group, card) for group in more for card in group.cards]

    def _seed(self) -> tuple[list[Group], list[Group]]:
        """Groups to hand out as they are, and others whose cards are handed out one by one."""
        if not self._is_rehearsed:
            self._seeder.rehearse()
            self._is_rehearsed = True
        if not self._is_bounded:
            try:
                stock = self._seeder.seed(*_STOCK)
                return stock[:_GROUPS], stock[_GROUPS:]
            except SeedingError as error:
                if not _is_refusal(error):
                    raise
                self._is_bounded = True
        return [self._seeder.seed_bulk(GROUP)], self._seeder.seed(Population.of(1))

    def bulk(self, count: int) -> Group:
        """Many active cards that one query selects.

        Raises:
            NotAvailableError: The target refuses to start for several customers at once.
            SeedingError: It does not give so many cards.
        """
        if self._is_bounded:
            raise NotAvailableError("so many cards would take as many starts")
        return self._seeder.seed_bulk(count)


def _is_refusal(error: SeedingError) -> bool:
    """Whether the target refused to start, and not whether cards did not appear in time."""
    return error.exchange is not None
