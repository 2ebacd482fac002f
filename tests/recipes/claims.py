"""The application of the recipes: it cancels the reminders of claims that are settled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pytest_atomic_cards import Action, CardQuery, Status

if TYPE_CHECKING:
    from pytest_atomic_cards import CardsApi

REMINDER: Final = "claim-reminder"


class StillOpenError(Exception):
    """Reminders of a settled claim are still in the customer's feed."""


def settle_claim(api: CardsApi, customer: str) -> int:
    """Cancel the open reminders of a customer whose claim is settled; returns how many."""
    reminders = CardQuery(user_id=customer, card_template_id=REMINDER, status=Status.ACTIVE)
    if not api.list(reminders):
        return 0
    report = api.drain(Action.CANCEL, reminders)
    if not report.finished:
        raise StillOpenError(f"{report.left} reminder(s) of {customer} cannot be cancelled")
    return report.updated
