"""Listings of one invocation: which of its cards a target shows, by whatever attribute works."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Final

from pytest_atomic_cards.model.cards import Card
from pytest_atomic_cards.model.documented import DEFAULT_PAGE
from pytest_atomic_cards.model.lifecycle import Status
from pytest_atomic_cards.model.query import CardQuery
from pytest_atomic_cards.support.errors import AtomicCardsError, ContractBrokenError
from pytest_atomic_cards.targets.seeding.awaited_cards import AwaitedCards
from pytest_atomic_cards.targets.seeding.backend import Placement
from pytest_atomic_cards.targets.seeding.listing_reader import (
    ALL_PAGES,
    SMALLEST_PAGE,
    Found,
    Reader,
    key_of,
)
from pytest_atomic_cards.targets.seeding.listing_sense import contradiction
from pytest_atomic_cards.targets.seeding.ownership import Ownership

_SAMPLE: Final = 5
"""Customers to look up for cards that paging hides: more requests would show nothing new."""


class InvocationListings:
    """Lists the cards of invocations, on a shared target only those shown to be ours.

    Args:
        reader: Lists cards.
        ownership: Decides which cards are this run's own, on a shared target.

    Attributes:
        contradiction: Why the listings since it was last cleared contradict their queries.
    """

    def __init__(self, reader: Reader, ownership: Ownership | None = None) -> None:
        self._reader = reader
        self._ownership = ownership
        self.contradiction: ContractBrokenError | None = None

    def firsts(self, placed: Iterable[Placement]) -> list[Found | AtomicCardsError]:
        """The listing of each invocation by its own attribute, or what that failed with."""
        return self._reader.overlap.outcomes(
            partial(self._reader.find, one.pin, ALL_PAGES, wanted=one.count) for one in placed
        )

    def first_page(self, placed: Placement) -> dict[str, Card]:
        """The cards on the first page of an invocation's own listing."""
        return self._own(placed, self._page(placed, placed.pin))

    def visible(
        self, placed: Placement, first: Found | AtomicCardsError, *, is_late: bool
    ) -> dict[str, Card]:
        """The cards of an invocation; if they are late, by whatever listing shows them.

        Large pages, or the invocation's own attribute, may not work.

        Args:
            placed: What was requested.
            first: The listing by the invocation, or what it failed with.
            is_late: Whether the cards can be expected by now.

        Raises:
            AtomicCardsError: The listing failed, and not because it breaks the contract.
        """
        cards: dict[str, Card] = {}
        if isinstance(first, Found):
            cards = self._own(placed, self._checked(placed, placed.pin, first))
        elif isinstance(first, ContractBrokenError):
            is_late = True
        else:
            raise first
        if not (cards or is_late):
            return cards
        if not cards:
            cards = self.first_page(placed)
        for state, may_be in (
            (Status.EXPIRED, placed.expire),
            (Status.EMBARGOED, placed.embargoed > 0),
        ):
            if may_be and len(cards) < placed.count:
                query = placed.pin.replace(status=state)
                cards |= self._own(placed, self._page(placed, query))
        if not cards:
            for user in dict.fromkeys(placed.users):
                wanted = placed.users.count(user)
                more = self._own(placed, self._find(placed, CardQuery(user_id=user), wanted))
                if not more:
                    break
                cards |= more
        return cards

    def are_listed_by_customer(self, one: AwaitedCards) -> bool:
        """Whether all cards that are listed neither by invocation nor in time exist nevertheless.

        If listings by invocation leave some out, that is for contracts to judge.
        """
        hidden = {*one.placed.users} - {card.user_id for card in one.cards.values()}
        if not one.cards or len(hidden) > _SAMPLE or not one.placed.users_are_ours:
            return False
        with suppress(ContractBrokenError):
            for user in sorted(hidden):
                one.cards |= self._own(one.placed, self._page(one.placed, CardQuery(user_id=user)))
        return len(one.cards) >= one.placed.count

    def is_paged_away(self, placed: Placement, cards: Sequence[Card]) -> bool:
        """Whether cards exist that paging does not reach, which the paging contracts judge."""
        if len(cards) < DEFAULT_PAGE or not placed.users_are_ours:
            return False
        hidden = sorted(set(placed.users) - {card.user_id for card in cards})
        sample = hidden[:: max(1, len(hidden) // _SAMPLE)]
        return bool(sample) and all(
            self._own(placed, self._reader.page(CardQuery(user_id=user))) for user in sample
        )

    def _find(self, placed: Placement, query: CardQuery, wanted: int) -> Found:
        found = self._reader.find(query, ALL_PAGES, wanted=wanted)
        return self._checked(placed, query, found)

    def _page(self, placed: Placement, query: CardQuery) -> Found:
        return self._checked(placed, query, self._reader.page(query))

    def _checked(self, placed: Placement, query: CardQuery, found: Found) -> Found:
        """What a query has listed, unless cards of others are listed under our invocation."""
        self.contradiction = self.contradiction or contradiction(query, found)
        if self._ownership:
            # The target may serve smaller pages, so that others match which are not listed here.
            complete = found.complete and len(found.cards) < SMALLEST_PAGE
            self._ownership.note(query, replace(found, complete=complete))
            for invocation in (placed.invocation, *placed.further):
                self._ownership.refuse_strangers(invocation)
        return found

    def _own(self, placed: Placement, found: Found) -> dict[str, Card]:
        """The cards of an invocation, on a shared target only those shown to be ours."""
        is_ours = self._ownership.provenance.is_ours if self._ownership else placed.holds
        return {key_of(card): card for card in found.cards if placed.holds(card) and is_ours(card)}
