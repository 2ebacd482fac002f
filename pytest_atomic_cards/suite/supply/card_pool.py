"""CardPool: fresh cards, seeded in batches and handed out one group or one card at a time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from pytest_atomic_cards.model.card_spec import CardSpec
from pytest_atomic_cards.model.cards import Card
from pytest_atomic_cards.model.lifecycle import Status
from pytest_atomic_cards.suite.supply.card_stock import (
    CONTRACTS,
    GROUP,
    OF_QUESTIONS,
    QUESTIONS,
    SINGLES_OF_QUESTIONS,
    Batch,
    Kind,
    StartKind,
    Stock,
    population_of,
)
from pytest_atomic_cards.support.errors import AtomicCardsError, NotAvailableError, SeedingError
from pytest_atomic_cards.support.recorder import NULL_RECORDER, PerCassette, Recorder
from pytest_atomic_cards.targets.seeding.listing_reader import Group
from pytest_atomic_cards.targets.seeding.seeder import Seeder

_BOUNDED: Final = "the target refuses to start an Action Flow for several customers at once"
_CUSTOMERS: Final = 24
"""Groups of one customer each to seed at once, unless a plan says how many a run takes."""
_FEW: Final = 6
"""The same once those are used up, as a run seldom takes many more than planned."""
_FEW_SINGLES: Final = 2
"""Single cards to seed at once beyond those."""


class CardPool:
    """Hands out cards that nothing has touched.

    Args:
        seeder: Seeds them.
        recorder: Each part of a recording has its own stock, a small one at first, as it should
            seed only what it needs; then it doubles.
        batch: What to seed at once.

    Attributes:
        groups: How many groups of one customer each to seed at once.
        taken: How many groups of one customer each were handed out, also in parts.
        is_restocking: Whether it is seeding cards, for whoever needs them.
    """

    def __init__(
        self, seeder: Seeder, recorder: Recorder = NULL_RECORDER, batch: Batch = CONTRACTS
    ) -> None:
        self.groups = OF_QUESTIONS if batch is QUESTIONS else _CUSTOMERS
        self._singles = SINGLES_OF_QUESTIONS if batch is QUESTIONS else {}
        self.taken = 0.0
        self.is_restocking = False
        self._seeder = seeder
        self._recorder = recorder
        self._batch = batch
        first = 1 if recorder.is_used else math.inf
        self._stocks = PerCassette(recorder, lambda: Stock(first))

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
        except (NotAvailableError, SeedingError):
            if self._stocks.current.no_customers is None:
                raise
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
            self._restock_customers(stock, groups=_FEW)
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
                self._restock_singles(stock, state)
            except (NotAvailableError, SeedingError) as error:
                if state is not Status.ACTIVE:  # active ones may only be late
                    stock.absent[state] = error
                raise
        if state in stock.absent:
            raise stock.absent[state]
        return stock.singles[state].pop()

    def one(self) -> tuple[Group, Card]:
        """An active card, and its group, whose other cards are handed out as well.

        It takes a third of the cards of :meth:`take`, for who looks at no other card.

        Raises:
            NotAvailableError: There is only one card at a time.
            SeedingError: No more cards can be seeded.
        """
        left = self._stocks.current.opened
        if not left:
            before = self.taken
            group = self.take()
            self.taken = before
            left += [(group, card) for card in reversed(group.cards)]
        self.taken += 1 / GROUP
        return left.pop()

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

    def _restock_singles(self, stock: Stock, state: Status) -> None:
        """Seed cards of a state, on a live target each for a customer of its own."""
        is_live = not self._seeder.backend.delivery_is_certain
        if is_live and not stock.no_customers:
            with suppress(NotAvailableError):
                self._restock_customers(stock, state=state)
                return
        self._restock(stock, state)

    def _restock_customers(
        self, stock: Stock, *, groups: int = 0, state: Status | None = None
    ) -> None:
        """Seed what the run is planned to take, and then a few groups, or a few of a state.

        Raises:
            NotAvailableError: The target has no customers without other cards.
            SeedingError: No group, or no card of the state, can be seeded.
        """
        singles = {state: _FEW_SINGLES} if state else {}
        if not stock.is_begun:
            groups = self.groups if groups or not self._recorder.is_used else 0
            singles = {**singles, **self._singles}
        wanted: list[tuple[Kind, list[CardSpec]]] = [
            (StartKind.CUSTOMER, [CardSpec()] * GROUP)
        ] * int(min(groups, stock.most))
        for one, count in singles.items():
            wanted += [(one, [CardSpec(status=one)])] * int(min(count, stock.most))
        self.is_restocking = True
        try:
            made = self._seeder.seed_customers(*(specs for _, specs in wanted))
        except (NotAvailableError, SeedingError) as error:
            if isinstance(error, NotAvailableError) or error.exchange is None:  # no passing failure
                stock.no_customers = error
            raise
        finally:
            self.is_restocking = False
        stock.most *= 2
        stock.is_begun = True
        self._keep(stock, [kind for kind, _ in wanted], made)

    def _keep(
        self, stock: Stock, kinds: Sequence[Kind], made: Sequence[Group | AtomicCardsError]
    ) -> None:
        failed: dict[Kind, AtomicCardsError] = {}
        for kind, one in zip(kinds, made, strict=True):
            if isinstance(one, AtomicCardsError):
                failed[kind] = one
            elif isinstance(kind, Status):
                stock.singles[kind].append((one, one.cards[0]))
            else:
                stock.starts[kind].append(one)
        for kind, error in failed.items():
            if isinstance(kind, Status) and kind is not Status.ACTIVE:
                stock.absent[kind] = error
            elif not (stock.singles[kind] if isinstance(kind, Status) else stock.starts[kind]):
                raise error

    def _restock(self, stock: Stock, kind: Kind) -> None:
        """Seed a batch; on a target that limits the size of a start, a single card."""
        is_plain = kind in self._batch and not stock.is_bounded
        batch = self._batch if is_plain else {kind: 1}
        is_by_customer = self._singles and not self._seeder.backend.delivery_is_certain
        kinds = [
            one
            for one, count in batch.items()
            for _ in range(int(min(count, stock.most)))
            if one is kind or not (is_by_customer and isinstance(one, Status))
        ]
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

    def _seed(self, stock: Stock, kinds: list[Kind]) -> None:
        groups = self._seeder.seed(*(population_of(kind, stock.most) for kind in kinds))
        for kind, group in zip(kinds, groups, strict=True):
            if isinstance(kind, Status):
                stock.singles[kind] += [(group, card) for card in group.cards]
            else:
                stock.starts[kind].append(group)
