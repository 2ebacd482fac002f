"""Recipe: the fixtures in a project's own tests. Seed cards, run the application, look."""

from __future__ import annotations

from claims import REMINDER, settle_claim

from pytest_atomic_cards import Cards, Status


def test_reminder_is_cancelled_when_the_claim_is_settled(cards: Cards):
    """The customer's reminder leaves the feed, and everybody else's stays."""
    reminder = cards.seed(user_id="customer-1", card_template_id=REMINDER)
    other_card = cards.seed(user_id="customer-1", card_template_id="welcome")
    other_customer = cards.seed(user_id="customer-2", card_template_id=REMINDER)

    settle_claim(cards.api, "customer-1")

    assert cards.get(reminder).status is Status.CANCELLED
    assert cards.get(other_card).status is Status.ACTIVE
    assert cards.get(other_customer).status is Status.ACTIVE


def test_settling_a_claim_twice_does_nothing_more(cards: Cards):
    """The second time there is nothing left to cancel."""
    cards.seed(user_id="customer-1", card_template_id=REMINDER)

    assert settle_claim(cards.api, "customer-1") == 1
    assert settle_claim(cards.api, "customer-1") == 0
