"""Recipe: freezegun for the time of the application, ``pass_time`` for the time of the cards."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from pytest_atomic_cards import Cards, Status

freezegun = pytest.importorskip("freezegun")


def test_the_two_clocks_are_independent(cards: Cards):
    """Freezing the application's time neither ages a card nor stops requests."""
    offer = cards.seed(user_id="customer-1", expires=timedelta(days=3))

    with freezegun.freeze_time("2035-01-01"):
        assert datetime.now(UTC).date() == date(2035, 1, 1)
        assert cards.get(offer).status is Status.ACTIVE
        cards.pass_time(timedelta(days=4))
        assert cards.get(offer).status is Status.EXPIRED
