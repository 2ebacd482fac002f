"""Recipe: time that passes at once."""

from __future__ import annotations

from datetime import timedelta

from claims import REMINDER, settle_claim

from pytest_atomic_cards import Cards, Status


def test_offer_expires(cards: Cards):
    """A card with an expiry is expired when its time is over."""
    offer = cards.seed(user_id="customer-1", expires=timedelta(days=3))

    cards.pass_time(timedelta(days=2))
    assert cards.get(offer).status is Status.ACTIVE

    cards.pass_time(timedelta(days=2))
    assert cards.get(offer).status is Status.EXPIRED


def test_snoozed_reminder_comes_back_and_is_cancelled_then(cards: Cards):
    """The application cancels active reminders, so a snoozed one waits until it wakes up."""
    reminder = cards.seed(
        user_id="customer-1", card_template_id=REMINDER, snooze=timedelta(hours=1)
    )
    assert settle_claim(cards.api, "customer-1") == 0

    cards.pass_time(timedelta(hours=2))

    assert settle_claim(cards.api, "customer-1") == 1
    assert cards.get(reminder).status is Status.CANCELLED
