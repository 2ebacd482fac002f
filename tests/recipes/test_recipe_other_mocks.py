"""Recipe: responses or requests-mock for other services, the sandbox for the Cards API."""

from __future__ import annotations

import pytest
import requests
from claims import REMINDER, settle_claim

from pytest_atomic_cards import Cards, Status

CLAIM = "https://claims.example/claims/7"


def settle_if_paid(cards: Cards) -> None:
    """The application under test: it asks one service, then the Cards API."""
    claim = requests.get(CLAIM, timeout=5).json()
    if claim["paid"]:
        settle_claim(cards.api, claim["customer"])


def test_responses_mocks_only_the_other_service(cards: Cards):
    """Requests to the sandbox pass by the mock."""
    responses = pytest.importorskip("responses")
    reminder = cards.seed(user_id="customer-1", card_template_id=REMINDER)

    with responses.RequestsMock() as mock:
        mock.get(CLAIM, json={"paid": True, "customer": "customer-1"})
        settle_if_paid(cards)

    assert cards.get(reminder).status is Status.CANCELLED


def test_requests_mock_mocks_only_the_other_service(cards: Cards):
    """Requests to the sandbox pass by the mock."""
    requests_mock = pytest.importorskip("requests_mock")
    reminder = cards.seed(user_id="customer-1", card_template_id=REMINDER)

    with requests_mock.Mocker() as mock:
        mock.get(CLAIM, json={"paid": True, "customer": "customer-1"})
        settle_if_paid(cards)

    assert cards.get(reminder).status is Status.CANCELLED
