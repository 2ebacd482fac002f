"""Seeder: puts cards in place, waits until they are listed, and cleans up behind itself."""

from __future__ import annotations

from contextlib import suppress
from math import ceil
from typing import Final

from pytest_atomic_cards.client.api import CardsApi
from pytest_atomic_cards.client.scope import Scope
from pytest_atomic_cards.errors import (
    MisuseError,
    NotAvailableError,
    OutcomeUnknownError,
    SeedingError,
    TransportError,
)
from pytest_atomic_cards.query import Attribute, CardQuery
from pytest_atomic_cards.seeding.arranging import Arranger, creatable
from pytest_atomic_cards.seeding.cleanup import Cleaner, CleanUp
from pytest_atomic_cards.seeding.journal import Start
from pytest_atomic_cards.seeding.placement import Placed, Placement
from pytest_atomic_cards.seeding.readback import ReadBack
from pytest_atomic_cards.seeding.reader import Group, Reader
from pytest_atomic_cards.seeding.spec import CardSpec, Population

_BULK_CHUNKS: Final = (100, 20, 5, 1)
_TRIES: Final = 5


class Seeder:
    """Seeds populations into one target.

    Args:
        api: Client of the target.
        placement: How cards come into being there.
        scope: Learns which cards are this run's own; ``None`` where no guard is needed.
        cleaner: Remembers what was started, for all seeders of the target.

    Attributes:
        placement: How cards come into being.
    """

    def __init__(
        self,
        api: CardsApi,
        placement: Placement,
        scope: Scope | None = None,
        cleaner: Cleaner | None = None,
    ) -> None:
        reader = Reader(api)
        self.placement = placement
        self._read_back = ReadBack(reader, placement, api.session.timeline)
        self._arranger = Arranger(api, reader, placement)
        self._cleaner = cleaner or Cleaner(api, reader)
        self._scope = scope
        self._starts: dict[str, Start] = {}
        self._lost: list[Start] = []

    def rehearse(self) -> None:
        """Seed one card, to see that it can be done and how many cards a target gets.

        Raises:
            SeedingError: No card appeared in time.
        """
        placed = self._place(Population.of(1))
        self._read_back.rehearse(placed)
        self._cleaner.complete(self._starts[placed.invocation])

    def seed(self, *populations: Population) -> list[Group]:
        """Seed populations, each as one invocation, and hand over its cards in their states.

        Raises:
            NotAvailableError: The target cannot give such cards.
            SeedingError: The cards did not appear in time, or not as they were asked for.
        """
        placed = [self._place(population) for population in populations]
        visible = self._read_back.await_visible(placed)
        for one in placed:
            self._cleaner.complete(self._starts[one.invocation])
        if self._scope:
            self._scope.adopt([card for cards in visible for card in cards])
        return [
            self._arranger.arrange(
                population, Group(CardQuery(flow_invocation_id=one.invocation), cards, one.users)
            )
            for population, one, cards in zip(populations, placed, visible, strict=True)
        ]

    def seed_bulk(self, count: int) -> Group:
        """Seed at least ``count`` active cards that one query selects.

        One invocation is tried first, then many invocations for one customer of this run's own,
        since a target may bound the size of a start request.

        Raises:
            SeedingError: The target does not give so many cards.
        """
        targets = ceil(count / self._read_back.cards_per_target)
        try:
            return self.seed(Population.of(targets))[0]
        except SeedingError as error:
            if error.exchange is None:
                raise
            refusal = error
        for chunk in _BULK_CHUNKS:
            with suppress(SeedingError):
                first = self.seed(Population.of(chunk))[0]
                user = first.cards[0].user_id
                if user and self._owns(user):
                    return self._seed_for_user(user, targets, chunk)
        raise refusal

    def clean_up(self) -> CleanUp:
        """Cancel every card that was seeded and may still be open."""
        return self._cleaner.clean_up([*self._starts.values(), *self._lost])

    def _owns(self, user: str) -> bool:
        return self._scope is None or self._scope.holds(Attribute.USER_ID, user)

    def _seed_for_user(self, user: str, count: int, chunk: int) -> Group:
        spec = CardSpec(user=user)
        groups = self.seed(*[Population.of(chunk, spec)] * ceil(count / chunk))
        cards = tuple(card for group in groups for card in group.cards)
        return Group(CardQuery(user_id=user), cards, (user,) * len(cards))

    def _place(self, population: Population) -> Placed:
        """Place a population, and anew where the answer was lost; what that left is cleaned up."""
        if not population.specs:
            raise SeedingError("a population to seed must hold at least one card")
        population = creatable(population)
        for _ in range(_TRIES):
            try:
                return self._place_once(population)
            except OutcomeUnknownError as error:
                lost = error
        raise SeedingError(f"no usable answer in {_TRIES} attempts: {lost}", lost.exchange)

    def _place_once(self, population: Population) -> Placed:
        users = self.placement.choose_users(population)
        own = [user for user in users if self.placement.owns(user)]
        others = [user for user in users if not self.placement.owns(user)]
        start = self._cleaner.begin(own, others, (spec.status for spec in population))
        self._lost.append(start)
        if self._scope:
            for user in own:
                self._scope.adopt_user(user)
        try:
            invocation = self.placement.place(population, users)
        except (MisuseError, NotAvailableError, SeedingError, TransportError) as error:
            if not isinstance(error, OutcomeUnknownError):
                self._cleaner.withdraw(start)
                self._lost.remove(start)
            raise
        self._cleaner.confirm(start, invocation)
        self._lost.remove(start)
        self._starts[invocation] = start
        if self._scope:
            self._scope.adopt_invocation(invocation)
        return Placed(invocation, users, users_are_ours=not others)
