"""Recipe: the test client of a Flask application, whose views call the Cards API.

Django's test client works alike: pass ``cards.api`` where the views take their client from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from claims import REMINDER, settle_claim

from pytest_atomic_cards import Cards, Status

if TYPE_CHECKING:
    from pytest_atomic_cards import CardsApi

flask = pytest.importorskip("flask")


def create_app(api: CardsApi) -> Any:  # noqa: ANN401 - Flask may be missing
    """The application under test."""
    app = flask.Flask("claims")

    @app.post("/customers/<customer>/settle")
    def settle(customer: str) -> dict[str, int]:
        return {"cancelled": settle_claim(api, customer)}

    return app


def test_the_view_cancels_the_reminder(cards: Cards):
    """A request to the view changes the card in the sandbox."""
    reminder = cards.seed(user_id="customer-1", card_template_id=REMINDER)

    response = create_app(cards.api).test_client().post("/customers/customer-1/settle")

    assert response.json == {"cancelled": 1}
    assert cards.get(reminder).status is Status.CANCELLED
