"""Recipe: an application that uses ``httpx``, sync or async."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import httpx
import pytest

from pytest_atomic_cards import Status

if TYPE_CHECKING:
    from pytest_atomic_cards import Cards

QUERY: Final = {"userId": "customer-1", "multiple": "1"}


def test_the_claim_is_settled(cards: Cards):
    """The application is pointed at the URL of the fixture, and needs no token there."""
    reminder = cards.seed(user_id="customer-1")
    with httpx.Client(base_url=f"{cards.url}/v1/{cards.environment_id}") as api:
        api.put("/cards/cancel", params=QUERY).raise_for_status()
    assert cards.get(reminder).status is Status.CANCELLED


@pytest.fixture
def anyio_backend() -> str:
    """Async tests run on asyncio, by the plugin of anyio, which httpx installs."""
    return "asyncio"


@pytest.mark.anyio
async def test_the_claim_is_settled_asynchronously(cards: Cards):
    """An async client needs nothing else."""
    reminder = cards.seed(user_id="customer-1")
    async with httpx.AsyncClient(base_url=f"{cards.url}/v1/{cards.environment_id}") as api:
        (await api.put("/cards/cancel", params=QUERY)).raise_for_status()
    assert cards.get(reminder).status is Status.CANCELLED


def test_the_claim_is_settled_without_a_socket(cards: Cards):
    """A transport takes the place of the network, whatever host the application talks to."""
    reminder = cards.seed(user_id="customer-1")
    base = f"https://cards.example/v1/{cards.environment_id}"
    with httpx.Client(transport=cards.httpx_transport(), base_url=base) as api:
        api.put("/cards/cancel", params=QUERY).raise_for_status()
    assert cards.get(reminder).status is Status.CANCELLED


@pytest.mark.anyio
async def test_the_claim_is_settled_asynchronously_without_a_socket(cards: Cards):
    """The same transport serves an async client."""
    reminder = cards.seed(user_id="customer-1")
    base = f"https://cards.example/v1/{cards.environment_id}"
    async with httpx.AsyncClient(transport=cards.httpx_transport(), base_url=base) as api:
        (await api.put("/cards/cancel", params=QUERY)).raise_for_status()
    assert cards.get(reminder).status is Status.CANCELLED
