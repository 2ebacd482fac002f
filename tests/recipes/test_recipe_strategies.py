"""Recipe: generated queries, payloads and populations in property tests.

A generated test opens a world for each example: a function-scoped fixture such as ``cards`` is not
reset between examples.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from claims import REMINDER, settle_claim
from hypothesis import given, settings

from pytest_atomic_cards import Attribute, Status, strategies, world_on

if TYPE_CHECKING:
    from pytest_atomic_cards import Population
    from pytest_atomic_cards.targets import Target


@given(payload=strategies.payloads())
@settings(max_examples=25, deadline=None)
def test_form_survives_any_completion(payload: dict[str, Any]):
    """Whatever a customer can send as a completion comes back out of our storage as it went in."""
    stored = json.dumps(payload)
    assert json.loads(stored) == payload


TEMPLATES = {Attribute.CARD_TEMPLATE_ID: ["welcome", "offer"]}


@given(population=strategies.populations(min_size=1, values=TEMPLATES))
@settings(max_examples=10, deadline=None)
def test_settling_never_touches_other_cards(cards_target: Target, population: Population):
    """Whatever cards a customer has, only active reminders are cancelled."""
    with world_on(cards_target) as cards:
        before = cards.seed_all(population.with_fields(user_id="customer-1"))
        reminder = cards.seed(user_id="customer-1", card_template_id=REMINDER)

        settle_claim(cards.api, "customer-1")

        assert cards.get(reminder).status is Status.CANCELLED
        assert [cards.get(card).status for card in before] == [card.status for card in before]
