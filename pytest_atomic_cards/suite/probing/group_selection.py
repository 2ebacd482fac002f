"""Some cards of a group, and the query for an action on all of them."""

from __future__ import annotations

from pytest_atomic_cards.model.cards import Card
from pytest_atomic_cards.model.query import CardQuery
from pytest_atomic_cards.targets.seeding.listing_reader import Group


def of_user(group: Group, user: str) -> list[Card]:
    """The cards of a group that belong to one customer."""
    return [card for card in group.cards if card.user_id == user]


def several(group: Group) -> CardQuery:
    """The query for an action on all cards of a group, with multiple=1 if they are more than one.

    Whether a target accepts multiple=1 for a single card is inferred.
    """
    return group.pin.replace(multiple=len(group.cards) > 1)


def only(group: Group, *cards: Card) -> Group:
    """Some cards of a group; its pin still selects all of them."""
    return Group(group.pin, cards, tuple(card.user_id or "" for card in cards))
