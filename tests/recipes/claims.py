"""The application of the recipes: it cancels the reminders of claims that are settled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pytest_atomic_cards import CardQuery, Status

if TYPE_CHECKING:
    from pytest_atomic_cards import CardsApi

REMINDER: Final = "claim-reminder"


def settle_claim(api: CardsApi, customer: str) -> int:
    """Cancel the open reminders of a customer whose claim is settled; returns how many."""
    reminders = CardQuery(user_id=customer, card_template_id=REMINDER, status=Status.ACTIVE)
    found = len(list(api.iterate(reminders)))
    if found:
        api.cancel(reminders.replace(multiple=True))
    return found
