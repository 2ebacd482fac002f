"""Recipe: an application that uses ``requests``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import requests

from pytest_atomic_cards import Status

if TYPE_CHECKING:
    from pytest_atomic_cards import Cards


def settle_claim(http: requests.Session, api: str, customer: str) -> int:
    """The application: cancels the cards of a customer, and returns how many."""
    query = {"userId": customer, "multiple": "1"}
    response = http.put(f"{api}/cards/cancel", params=query, timeout=30)
    response.raise_for_status()
    return int(response.json()["summary"]["updated"])


def test_the_claim_is_settled(cards: Cards):
    """The application is pointed at the URL of the fixture, and needs no token there."""
    reminder = cards.seed(user_id="customer-1")
    with requests.Session() as http:
        assert settle_claim(http, f"{cards.url}/v1/{cards.environment_id}", "customer-1") == 1
    assert cards.get(reminder).status is Status.CANCELLED


def test_the_claim_is_settled_without_a_socket(cards: Cards):
    """An adapter takes the place of the network, whatever host the application talks to."""
    reminder = cards.seed(user_id="customer-1")
    with requests.Session() as http:
        http.mount("https://", cards.requests_adapter())
        api = f"https://cards.example/v1/{cards.environment_id}"
        assert settle_claim(http, api, "customer-1") == 1
    assert cards.get(reminder).status is Status.CANCELLED
