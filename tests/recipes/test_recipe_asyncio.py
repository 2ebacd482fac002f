"""Recipe: coroutines as tests, by anyio; with pytest-asyncio only the marker differs.

The fixtures are synchronous. In a coroutine, call them in a thread if other tasks must go on.
"""

from __future__ import annotations

import asyncio

import pytest
from claims import REMINDER, settle_claim

from pytest_atomic_cards import Cards, Status

pytest.importorskip("anyio")


@pytest.fixture
def anyio_backend() -> str:
    """Run on asyncio."""
    return "asyncio"


@pytest.mark.anyio
async def test_claims_are_settled_side_by_side(cards: Cards):
    """Requests from several threads at once change each its own card."""
    customers = [f"customer-{number}" for number in range(3)]
    reminders = [cards.seed(user_id=one, card_template_id=REMINDER) for one in customers]

    settled = [asyncio.to_thread(settle_claim, cards.api, customer) for customer in customers]

    assert await asyncio.gather(*settled) == [1, 1, 1]
    assert {cards.get(one).status for one in reminders} == {Status.CANCELLED}
