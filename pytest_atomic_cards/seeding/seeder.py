"""Seeder: puts cards in place, waits until they are visible, and cleans up behind itself.

What was asked for is read back through the API. Everything seeded is cancelled at the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from math import ceil
from typing import Final

from pytest_atomic_cards.cards import Card
from pytest_atomic_cards.client.api import CardsApi
from pytest_atomic_cards.client.scope import Scope
from pytest_atomic_cards.errors import AtomicCardsError, SeedingError
from pytest_atomic_cards.lifecycle import Status
from pytest_atomic_cards.query import Attribute, CardQuery
from pytest_atomic_cards.seeding.arranging import Arranger, creatable
from pytest_atomic_cards.seeding.placement import Placed, Placement
from pytest_atomic_cards.seeding.polling import poll
from pytest_atomic_cards.seeding.reader import Found, Group, Reader, key_of
from pytest_atomic_cards.seeding.spec import CardSpec, Population

_MOST_PAGES: Final = 20
_FULL_PAGE: Final = 100
_SAMPLE: Final = 5
_BULK_CHUNKS: Final = (100, 20, 5, 1)
_MOST_DRAINS: Final = 20


@dataclass(frozen=True, slots=True)
class CleanUp:
    """What became of the cards that were seeded.

    Args:
        invocations: How many invocations were seeded.
        left_open: What may still hold open cards, and why.
    """

    invocations: int
    left_open: tuple[str, ...] = ()


class Seeder:
    """Seeds populations into one target.

    Args:
        api: Client of the target.
        placement: How cards come into being there.
        scope: Learns which cards are this run's own; ``None`` where no guard is needed.
    """

    def __init__(self, api: CardsApi, placement: Placement, scope: Scope | None = None) -> None:
        self._api = api
        self._reader = Reader(api)
        self._placement = placement
        self._arranger = Arranger(api, self._reader, placement)
        self._scope = scope
        self._open: dict[str, set[Status]] = {}
        self._cards_per_target = 1

    def seed(self, *populations: Population) -> list[Group]:
        """Seed populations, each as one invocation, and hand over its cards in their states.

        Raises:
            NotAvailableError: The target cannot give such cards.
            SeedingError: The cards did not appear in time, or not as they were asked for.
        """
        placed = [self._place(population) for population in populations]
        visible = self._await_visible(placed)
        self._cards_per_target = len(visible[0]) // placed[0].count or 1
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
        targets = ceil(count / self._cards_per_target)
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
                if user and self._scope_allows_user(user):
                    return self._seed_for_user(user, targets, chunk)
        raise refusal

    def _scope_allows_user(self, user: str) -> bool:
        return self._scope is None or self._scope.holds(Attribute.USER_ID, user)

    def _seed_for_user(self, user: str, count: int, chunk: int) -> Group:
        spec = CardSpec(user=user)
        groups = self.seed(*[Population.of(chunk, spec)] * ceil(count / chunk))
        cards = tuple(card for group in groups for card in group.cards)
        return Group(CardQuery(user_id=user), cards, (user,) * len(cards))

    def _place(self, population: Population) -> Placed:
        if not population.specs:
            raise SeedingError("a population to seed must hold at least one card")
        placed = self._placement.place(creatable(population))
        states = {spec.status for spec in population if spec.status.is_open}
        self._open.setdefault(placed.invocation, set()).update(states | {Status.ACTIVE})
        if self._scope:
            self._scope.adopt_invocation(placed.invocation)
            if placed.users_are_ours:
                for user in placed.users:
                    self._scope.adopt_user(user)
        return placed

    # Reading back

    def _await_visible(self, placed: Sequence[Placed]) -> list[tuple[Card, ...]]:
        seen: dict[str, tuple[Card, ...]] = {}
        rounds = 0

        def waiting() -> list[Placed]:
            nonlocal rounds
            rounds += 1
            for one in placed:
                if one.invocation not in seen:
                    cards = self._visible(one, thorough=rounds > 1)
                    if len(cards) >= one.count or self._is_paged_away(one, cards):
                        seen[one.invocation] = _in_order(cards, one.users)
            return [one for one in placed if one.invocation not in seen]

        missing = poll(waiting, lambda left: not left, self._placement.patience)
        if missing:
            raise SeedingError(
                f"{sum(one.count for one in missing)} seeded card(s) of {len(missing)} "
                f"invocation(s), the first being {missing[0].invocation}, were not all visible "
                f"after {self._placement.patience:g} s"
            )
        if self._scope:
            self._scope.adopt([card for cards in seen.values() for card in cards])
        return [seen[one.invocation] for one in placed]

    def _visible(self, placed: Placed, *, thorough: bool) -> list[Card]:
        """The cards of an invocation, also where its own attribute or a limit does not find them."""
        pin = CardQuery(flow_invocation_id=placed.invocation)
        cards = self._own(placed, self._reader.find(pin, _MOST_PAGES))
        if not cards and thorough:
            cards = self._own(placed, self._reader.page(pin))
        if not cards and thorough:
            for user in dict.fromkeys(placed.users):
                more = self._own(placed, self._reader.find(CardQuery(user_id=user), _MOST_PAGES))
                if not more:
                    break
                cards |= more
        return list(cards.values())

    @staticmethod
    def _own(placed: Placed, found: Found) -> dict[str, Card]:
        return {
            key_of(card): card
            for card in found.cards
            if card.flow_invocation_id == placed.invocation
            or (
                card.flow_invocation_id is None
                and placed.users_are_ours
                and card.user_id in placed.users
            )
        }

    def _is_paged_away(self, placed: Placed, cards: Sequence[Card]) -> bool:
        """Whether cards exist that paging does not reach: the paging contracts judge that."""
        if len(cards) < _FULL_PAGE or not placed.users_are_ours:
            return False
        hidden = sorted(set(placed.users) - {card.user_id for card in cards})
        sample = hidden[:: max(1, len(hidden) // _SAMPLE)]
        return bool(sample) and all(
            self._own(placed, self._reader.page(CardQuery(user_id=user))) for user in sample
        )

    # Cleaning up

    def clean_up(self) -> CleanUp:
        """Cancel every card that was seeded and may still be open."""
        left = []
        for invocation, states in self._open.items():
            pin = CardQuery(flow_invocation_id=invocation)
            for state in sorted(states):
                try:
                    self._cancel_all(pin.replace(status=state))
                except AtomicCardsError as error:
                    left.append(f"{state.value} cards of invocation {invocation}: {error}")
        report = CleanUp(len(self._open), tuple(left))
        self._open.clear()
        return report

    def _cancel_all(self, query: CardQuery) -> None:
        for _ in range(_MOST_DRAINS):
            if not self._reader.page(query.replace(limit=1)).cards:
                return
            self._api.cancel(query.replace(multiple=True, limit=1000))


def _in_order(cards: Sequence[Card], users: Sequence[str]) -> tuple[Card, ...]:
    """Cards in the order of the users they were asked for, further ones last."""
    by_user: dict[str | None, list[Card]] = {}
    for card in cards:
        by_user.setdefault(card.user_id, []).append(card)
    ordered = [by_user[user].pop(0) for user in users if by_user.get(user)]
    return (*ordered, *(card for rest in by_user.values() for card in rest))
