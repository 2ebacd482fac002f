"""What a listing of seeded cards shows: whether it fits its query, and which card is whose."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_atomic_cards.model.cards import Card
from pytest_atomic_cards.model.query import CardQuery
from pytest_atomic_cards.rules import objections
from pytest_atomic_cards.support.errors import ContractBrokenError
from pytest_atomic_cards.targets.seeding.listing_reader import Found


def contradiction(query: CardQuery, found: Found) -> ContractBrokenError | None:
    """What is wrong with a listing that shows cards for which the query did not ask."""
    if not found.cards or any(query.matches(card.attributes) for card in found.cards):
        return None
    for exchange in found.exchanges:
        for one in objections(exchange):
            return ContractBrokenError(f"listing {query}: {one.actual}", exchange)
    return None


def in_order(cards: Sequence[Card], users: Sequence[str]) -> tuple[Card, ...]:
    """Cards in the order of the requested users, then any further ones."""
    by_user: dict[str | None, list[Card]] = {}
    for card in cards:
        by_user.setdefault(card.user_id, []).append(card)
    ordered = [by_user[user].pop(0) for user in users if by_user.get(user)]
    return (*ordered, *(card for rest in by_user.values() for card in rest))
