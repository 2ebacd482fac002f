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

_GROUPS: Final = 10
_SHARED: Final = 2
_ALONE: Final = 2
_STOCK: Final = (
    *[Population.of(GROUP)] * _GROUPS,
    *[Population.of(6)] * _SHARED,
    *[Population.of(1)] * _ALONE,
)
_BOUNDED: Final = "the target refuses to start an Action Flow for several customers at once"


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
        self._alone: list[Group] = []
        self._is_rehearsed = False
        self._is_bounded = False
        self._failure: SeedingError | None = None

    def group(self) -> Group:
        """At least two active cards that one query selects.

        Raises:
            NotAvailableError: There is only one, or the target bounds the size of a start.
            SeedingError: They cannot be seeded; from then on at once.
        """
        if not self._groups and not self._is_bounded:
            self._restock()
        if self._is_bounded:
            raise NotAvailableError(_BOUNDED)
        group = self._groups.pop()
        if len(group.cards) == 1:
            raise NotAvailableError("an Action Flow for several customers gives one card")
        return group

    def card(self, state: Status = Status.ACTIVE) -> tuple[Group, Card]:
        """A card in a state, and the group it belongs to, which others may change.

        Raises:
            NotAvailableError: The target cannot give such a card.
            SeedingError: A card could not be brought into that state.
        """
        if state is not Status.ACTIVE:
            return self._in_state.take(state)
        if not self._cards:
            self._restock()
        return self._cards.pop()

    def alone(self) -> Group:
        """What a start for one customer gives: an active card, or several.

        Raises:
            SeedingError: It cannot be seeded.
        """
        if not self._alone:
            self._restock()
        return self._alone.pop()

    def bulk(self, count: int) -> Group:
        """Many active cards that one query selects.

        Raises:
            NotAvailableError: The target bounds the size of a start.
            SeedingError: It does not give so many cards.
        """
        if self._is_bounded:
            raise NotAvailableError(_BOUNDED)
        return self._seeder.seed_bulk(count)

    def _restock(self) -> None:
        if self._failure is not None:
            raise self._failure
        try:
            groups, shared, alone = self._seed()
        except SeedingError as error:
            self._failure = error
            raise
        self._groups += groups
        self._cards += [(group, card) for group in shared for card in group.cards]
        self._alone += alone

    def _seed(self) -> tuple[list[Group], list[Group], list[Group]]:
        if not self._is_rehearsed:
            self._seeder.rehearse()
            self._is_rehearsed = True
        if not self._is_bounded:
            try:
                stock = self._seeder.seed(*_STOCK)
            except SeedingError as error:
                if not _is_refusal(error):
                    raise
                self._is_bounded = True
            else:
                return stock[:_GROUPS], stock[_GROUPS:-_ALONE], stock[-_ALONE:]
        shared, alone = self._seeder.seed(Population.of(1), Population.of(1))
        return [], [shared], [alone]


def _is_refusal(error: SeedingError) -> bool:
    """Whether the target refused to start, and not whether cards did not appear in time."""
    return error.exchange is not None
