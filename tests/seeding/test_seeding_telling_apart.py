"""Telling the cards of one group apart."""

from __future__ import annotations

from typing import Any

import pytest
from scripted_listing import card_body, group_of

from pytest_atomic_cards.model.cards import Card
from pytest_atomic_cards.support.errors import NotAvailableError
from pytest_atomic_cards.targets.seeding.listing_reader import key_of


@pytest.mark.parametrize(
    ("first", "second", "parameters"),
    [
        ({}, {}, ["flowInstanceId"]),
        (
            {"flowInstanceId": "same"},
            {"flowInstanceId": "same"},
            ["flowInvocationId", "lifecycleId"],
        ),
        (
            {"flowInstanceId": None},
            {"flowInstanceId": None},
            ["flowInvocationId", "lifecycleId"],
        ),
        (
            {"flowInstanceId": "same", "lifecycleId": None},
            {"flowInstanceId": "same", "lifecycleId": None},
            ["flowInvocationId", "userId"],
        ),
        (
            {"flowInstanceId": "same", "lifecycleId": "same"},
            {"flowInstanceId": "same", "lifecycleId": "same", "flowInvocationId": "other"},
            ["flowInvocationId"],
        ),
        (
            {"flowInstanceId": "same", "lifecycleId": "same", "userId": "same"},
            {
                "flowInstanceId": "same",
                "lifecycleId": "same",
                "userId": "same",
                "cardTemplateId": "other",
            },
            ["cardTemplateId", "flowInstanceId"],
        ),
        (
            {"flowInstanceId": None, "lifecycleId": None, "userId": "same"},
            {
                "flowInstanceId": None,
                "lifecycleId": None,
                "userId": "same",
                "cardTemplateId": "other",
            },
            ["cardTemplateId", "flowInvocationId", "userId"],
        ),
    ],
)
def test_the_shortest_telling_query_is_chosen(
    first: dict[str, Any], second: dict[str, Any], parameters: list[str]
) -> None:
    """One card is selected by as few attributes as tell it from all others of its group."""
    group = group_of(card_body(1, **first), card_body(2, **second))
    card, other = group.cards
    query = group.single(card)
    assert sorted(name for name, _ in query.parameters()) == sorted(parameters)
    assert query.matches(card.attributes)
    assert not query.matches(other.attributes)


def test_cards_that_cannot_be_told_apart_are_refused() -> None:
    """Where no attributes tell a card from another, it cannot be had alone."""
    alike = {"flowInstanceId": "same", "lifecycleId": "same", "userId": "same"}
    group = group_of(card_body(1, **alike), card_body(2, **alike))
    with pytest.raises(NotAvailableError, match="no attributes tell card card-1"):
        group.single(group.cards[0])


@pytest.mark.parametrize(
    ("fields", "key"),
    [
        ({}, "card-1"),
        ({"cardInstanceId": None}, "lifecycle-1"),
        ({"cardInstanceId": None, "lifecycleId": None}, "instance-1/template/user-1"),
    ],
)
def test_a_card_without_an_id_is_known_by_the_best_it_has(fields: dict[str, Any], key: str) -> None:
    """The key of a card is its instance id, or else what its body still has."""
    assert key_of(Card.from_body(card_body(1, **fields))) == key
