"""Supply: fresh active cards for observers, even if a target limits the size of a start."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from pytest_atomic_cards.model.card_spec import Population
from pytest_atomic_cards.model.cards import Card
from pytest_atomic_cards.model.lifecycle import Status
from pytest_atomic_cards.suite.card_pool import GROUP, StatePool
from pytest_atomic_cards.support.errors import NotAvailableError, SeedingError
from pytest_atomic_cards.support.recorder import NULL_RECORDER, PerCassette, Recorder
from pytest_atomic_cards.targets.seeding.listing_reader import Group
from pytest_atomic_cards.targets.seeding.seeder import Seeder

_BOUNDED: Final = "the target refuses to start an Action Flow for several customers at once"


@dataclass(frozen=True, slots=True)
class _Size:
    """What is seeded at once: groups, invocations whose cards are used singly, and single cards."""

    groups: int
    shared: int
    alone: int

    @property
    def populations(self) -> list[Population]:
        """The populations to seed."""
        return [
            *[Population.of(GROUP)] * self.groups,
            *[Population.of(_TOGETHER)] * self.shared,
            *[Population.of(1)] * self.alone,
        ]


_TOGETHER: Final = 6
"""Cards of an invocation that are used singly: two invocations serve all observers."""
_MUCH: Final = _Size(groups=10, shared=2, alone=2)
"""What all observers need together, so a live target is waited for once."""
_LITTLE: Final = _Size(groups=1, shared=1, alone=1)
"""In a recording each part seeds only what it needs, so parts can be replayed one by one."""


@dataclass(slots=True)
class _Stock:
    """The remaining cards, and what seeding showed of the target."""

    groups: list[Group] = field(default_factory=list)
    cards: list[tuple[Group, Card]] = field(default_factory=list)
    alone: list[Group] = field(default_factory=list)
    is_bounded: bool = False
    failure: SeedingError | None = None


class Supply:
    """Hands out fresh cards, seeded in batches, as waiting for them takes long.

    Args:
        seeder: Seeds them.
        recorder: Each part of a recording has its own, small stock.
    """

    def __init__(self, seeder: Seeder, recorder: Recorder = NULL_RECORDER) -> None:
        self._seeder = seeder
        self._recorder = recorder
        self._size = _LITTLE if recorder.is_used else _MUCH
        self._in_state = StatePool(seeder, recorder)
        self._stocks = PerCassette(recorder, _Stock)
        self._is_calibrated = False

    def group(self) -> Group:
        """At least two active cards that one query selects.

        Raises:
            NotAvailableError: There is only one, or the target limits the size of a start.
            SeedingError: They cannot be seeded; further calls fail at once.
        """
        stock = self._stocks.current
        if not stock.groups and not stock.is_bounded:
            self._restock(stock)
        if stock.is_bounded:
            raise NotAvailableError(_BOUNDED)
        group = stock.groups.pop()
        if len(group.cards) == 1:
            raise NotAvailableError("an Action Flow for several customers creates only one card")
        return group

    def card(self, state: Status = Status.ACTIVE) -> tuple[Group, Card]:
        """A card in a state, and its group, whose other cards may change.

        Raises:
            NotAvailableError: The target cannot provide such a card.
            SeedingError: A card could not be brought into that state.
        """
        if state is not Status.ACTIVE:
            return self._in_state.take(state)
        stock = self._stocks.current
        if not stock.cards:
            self._restock(stock)
        return stock.cards.pop()

    def alone(self) -> Group:
        """The cards of a start for one customer: one or more active ones.

        Raises:
            SeedingError: It cannot be seeded.
        """
        stock = self._stocks.current
        if not stock.alone:
            self._restock(stock)
        return stock.alone.pop()

    def bulk(self, count: int) -> Group:
        """Many active cards that one query selects.

        Raises:
            NotAvailableError: The target limits the size of a start.
            SeedingError: It cannot seed that many cards.
        """
        if self._stocks.current.is_bounded:
            raise NotAvailableError(_BOUNDED)
        return self._seeder.seed_bulk(count)

    def _restock(self, stock: _Stock) -> None:
        if stock.failure is not None:
            raise stock.failure
        try:
            groups, shared, alone = self._seed(stock)
        except SeedingError as error:
            stock.failure = error
            raise
        stock.groups += groups
        stock.cards += [(group, card) for group in shared for card in group.cards]
        stock.alone += alone

    def _seed(self, stock: _Stock) -> tuple[list[Group], list[Group], list[Group]]:
        if not self._is_calibrated:
            with self._recorder.use_cassette("scene-rehearsal"):
                self._seeder.calibrate()
            self._is_calibrated = True
        if not stock.is_bounded:
            size = self._size
            try:
                seeded = iter(self._seeder.seed(*size.populations))
            except SeedingError as error:
                if not _is_refusal(error):
                    raise
                stock.is_bounded = True
            else:
                counts = (size.groups, size.shared, size.alone)
                groups, shared, alone = (list(islice(seeded, count)) for count in counts)
                return groups, shared, alone
        one, another = self._seeder.seed(Population.of(1), Population.of(1))
        return [], [one], [another]


def _is_refusal(error: SeedingError) -> bool:
    """Whether the target refused the start, as opposed to cards that did not appear in time."""
    return error.exchange is not None
