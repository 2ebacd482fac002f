"""Recipe: an application that uses ``aiohttp``."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import aiohttp

from pytest_atomic_cards import Status

if TYPE_CHECKING:
    from pytest_atomic_cards import Cards


async def settle_claim(base_url: str, environment: str, customer: str) -> int:
    """The application: cancels the cards of a customer, and returns how many."""
    async with aiohttp.ClientSession(base_url, raise_for_status=True) as http:
        query = {"userId": customer, "multiple": "1"}
        async with http.put(f"/v1/{environment}/cards/cancel", params=query) as response:
            return int((await response.json())["summary"]["updated"])


def test_the_claim_is_settled(cards: Cards):
    """The application is pointed at the URL of the fixture, and needs no token there."""
    reminder = cards.seed(user_id="customer-1")
    assert asyncio.run(settle_claim(cards.url, cards.environment_id, "customer-1")) == 1
    assert cards.get(reminder).status is Status.CANCELLED
