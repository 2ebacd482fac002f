"""Recipe: a sandbox that answers open questions as your environment does.

``atomic-cards check --cards-profile-out cards-profile.toml`` writes the answers of a live
environment down, and ``--cards-profile cards-profile.toml`` makes the sandbox of every test give
them. A single answer can be tried by hand.
"""

from __future__ import annotations

from claims import REMINDER, settle_claim

from pytest_atomic_cards import Profile, Status, sandbox_world


def test_settling_works_where_closed_cards_are_not_listed():
    """The application does not rely on listings that still show closed cards."""
    with sandbox_world(Profile(closed_cards_listed="only-by-status")) as cards:
        reminder = cards.seed(user_id="customer-1", card_template_id=REMINDER)

        assert settle_claim(cards.api, "customer-1") == 1

        assert cards.list(user_id="customer-1") == []
        assert cards.get(reminder).status is Status.CANCELLED
