"""CardPool: fresh cards, seeded in batches and handed out one group or one card at a time."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from types import MappingProxyType
from typing import Final

from pytest_atomic_cards.model.card_spec import CardSpec, Population
from pytest_atomic_cards.model.cards import Card
from pytest_atomic_cards.model.lifecycle import Status
from pytest_atomic_cards.support.errors import (
    AtomicCardsError,
    NotAvailableError,
    SeedingError,
)
from pytest_atomic_cards.support.recorder import NULL_RECORDER, PerCassette, Recorder
from pytest_atomic_cards.targets.seeding.listing_reader import Group
from pytest_atomic_cards.targets.seeding.seeder import Seeder

GROUP: Final = 3
"""Cards of a group: the fewest that differ from two, for targets that treat a pair specially."""
_SINGLES: Final = 6
"""Cards of a state in one start: one for each action, with and without status."""
_BOUNDED: Final = "the target refuses to start an Action Flow for several customers at once"


class StartKind(Enum):
    """Active cards that belong together.

    A group of several customers and a card of one customer take a start each. Groups of one
    customer each share a few starts, and only a live target needs them for that.
    """

    GROUP = auto()
    CUSTOMER = auto()
    ALONE = auto()


Kind = StartKind | Status
"""What is kept in stock: whole starts, or single cards of a state."""
Batch = Mapping[Kind, int]
"""How many starts of each kind to seed at once; any other kind is seeded by itself."""

CONTRACTS: Final[Batch] = MappingProxyType({StartKind.GROUP: 4})
"""Groups of several customers to seed at once: few contracts need one."""
_CUSTOMERS: Final = 24
"""Groups of one customer each to seed at once, unless a plan says how many a run takes."""
_FEW: Final = 6
"""The same once those are used up, as a run seldom takes many more than planned."""
QUESTIONS: Final[Batch] = MappingProxyType({Status.ACTIVE: 2, StartKind.ALONE: 2})
"""What all open questions need together beside groups, so a live target is waited for once."""
OF_QUESTIONS: Final = 10
"""Groups that all open questions take."""


@dataclass(slots=True)
class _Stock:
    """The remaining cards, and what seeding showed of the target.

    Attributes:
        most: Limits the starts of a kind and the cards of a start that are seeded at once.
        no_customers: Why groups of one customer each cannot be seeded.
        is_bounded: Whether the target limits the size of a start.
        absent: Why cards of a state are unavailable.
    """

    most: float
    starts: defaultdict[StartKind, list[Group]] = field(default_factory=lambda: defaultdict(list))
    singles: defaultdict[Status, list[tuple[Group, Card]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    no_customers: NotAvailableError | None = None
    is_bounded: bool = False
    absent: dict[Status, NotAvailableError | SeedingError] = field(default_factory=dict)


class CardPool:
    """Hands out cards that nothing has touched.

    Args:
        seeder: Seeds them.
        recorder: Each part of a recording has its own stock, a small one at first, as it should
            seed only what it needs; then it doubles.
        batch: What to seed at once.

    Attributes:
        groups: How many groups of one customer each to seed at once.
        taken: How many groups of one customer each were handed out.
        is_restocking: Whether it is seeding cards, for whoever needs them.
    """

    def __init__(
        self, seeder: Seeder, recorder: Recorder = NULL_RECORDER, batch: Batch = CONTRACTS
    ) -> None:
        self.groups = OF_QUESTIONS if batch is QUESTIONS else _CUSTOMERS
        self.taken = 0
        self.is_restocking = False
        self._seeder = seeder
        self._batch = batch
        first = 1 if recorder.is_used else math.inf
        self._stocks = PerCassette(recorder, lambda: _Stock(first))

    def take(self) -> Group:
        """A group of at least two active cards that one query selects.

        On a live target they are cards of one customer, of which many take few starts.

        Raises:
            NotAvailableError: There is only one, or the target limits the size of a start.
            SeedingError: No more cards can be seeded.
        """
        if self._seeder.backend.delivery_is_certain:
            return self.take_across()
        try:
            return self.customer()
        except NotAvailableError:
            return self.take_across()

    def customer(self) -> Group:
        """Active cards of several invocations for a customer, selected by the customer's id.

        Raises:
            NotAvailableError: The target has no customer without other cards.
            SeedingError: No more cards can be seeded.
        """
        stock = self._stocks.current
        if stock.no_customers:
            raise stock.no_customers
        if not stock.starts[StartKind.CUSTOMER]:
            self._restock_customers(stock)
        self.taken += 1
        return stock.starts[StartKind.CUSTOMER].pop()

    def take_across(self) -> Group:
        """A group like that of :meth:`take`, of several customers and in one invocation.

        Raises:
            NotAvailableError: There is only one card, or the target limits the size of a start.
            SeedingError: No more cards can be seeded.
        """
        group = self._start(StartKind.GROUP)
        if len(group.cards) == 1:
            raise NotAvailableError("an Action Flow for several customers creates only one card")
        return group

    def alone(self) -> Group:
        """The cards of a start for one customer: one or more active ones.

        Raises:
            SeedingError: It cannot be seeded.
        """
        return self._start(StartKind.ALONE)

    def card(self, state: Status = Status.ACTIVE) -> tuple[Group, Card]:
        """A card in a state, and its group, whose other cards may change.

        Raises:
            NotAvailableError: The target cannot provide such a card.
            SeedingError: A card could not be brought into that state.
        """
        stock = self._stocks.current
        if state in stock.absent:
            raise stock.absent[state]
        if not stock.singles[state]:
            try:
                self._restock(stock, state)
            except (NotAvailableError, SeedingError) as error:
                if state is not Status.ACTIVE:  # active ones may only be late
                    stock.absent[state] = error
                raise
        return stock.singles[state].pop()

    def bulk(self, count: int) -> Group:
        """Many active cards that one query selects.

        Raises:
            NotAvailableError: The target limits the size of a start.
            SeedingError: It cannot seed that many cards.
        """
        if self._stocks.current.is_bounded:
            raise NotAvailableError(_BOUNDED)
        return self._seeder.seed_bulk(count)

    def _start(self, kind: StartKind) -> Group:
        stock = self._stocks.current
        is_refused = stock.is_bounded and kind is StartKind.GROUP
        if not stock.starts[kind] and not is_refused:
            self._restock(stock, kind)
        if not stock.starts[kind]:
            raise NotAvailableError(_BOUNDED)
        return stock.starts[kind].pop()

    def _restock_customers(self, stock: _Stock) -> None:
        """Seed the groups that the run is planned to take, and then a few at a time."""
        self.is_restocking = True
        try:
            count = int(min(self.groups, stock.most))
            stock.starts[StartKind.CUSTOMER] = self._customers([[CardSpec()] * GROUP] * count)
            stock.most *= 2
            self.groups = min(self.groups, _FEW)
        except NotAvailableError as error:
            stock.no_customers = error
            raise
        finally:
            self.is_restocking = False

    def _customers(self, wanted: Sequence[Sequence[CardSpec]]) -> list[Group]:
        """Groups of one customer each.

        Raises:
            NotAvailableError: There is none.
            SeedingError: There is none.
        """
        made = self._seeder.seed_customers(*wanted)
        groups = [one for one in made if isinstance(one, Group)]
        for one in made:
            if not groups and isinstance(one, AtomicCardsError):
                raise one
        return groups

    def _restock(self, stock: _Stock, kind: Kind) -> None:
        """Seed a batch; on a target that limits the size of a start, a single card."""
        is_plain = kind in self._batch and not stock.is_bounded
        batch = self._batch if is_plain else {kind: 1}
        kinds = [one for one, count in batch.items() for _ in range(int(min(count, stock.most)))]
        try:
            self._seed(stock, kinds)
        except SeedingError as error:
            if error.exchange is None or not is_plain:  # too late, or refused for its state
                raise
            stock.most = 1
            self._seed(stock, [Status.ACTIVE, StartKind.ALONE])
            stock.is_bounded = True
        if not stock.is_bounded:
            stock.most *= 2

    def _seed(self, stock: _Stock, kinds: list[Kind]) -> None:
        groups = self._seeder.seed(*(_population(kind, stock.most) for kind in kinds))
        for kind, group in zip(kinds, groups, strict=True):
            if isinstance(kind, Status):
                stock.singles[kind] += [(group, card) for card in group.cards]
            else:
                stock.starts[kind].append(group)


def _population(kind: Kind, most: float) -> Population:
    if isinstance(kind, Status):
        return Population.of(int(min(_SINGLES, most)), CardSpec(status=kind))
    return Population.of(GROUP if kind is StartKind.GROUP else 1)
