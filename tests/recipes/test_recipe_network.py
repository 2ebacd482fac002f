"""Recipe: what your application does on a bad network."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from claims import REMINDER, settle_claim
from hypothesis import given, settings

from pytest_atomic_cards import AtomicCardsError, Cards, Status, strategies, world_on

if TYPE_CHECKING:
    from pytest_atomic_cards import NetworkFault
    from pytest_atomic_cards.targets import Target


def test_settling_survives_a_lost_answer(cards: Cards):
    """The cancel was applied before the connection broke, and the application finds that out."""
    reminder = cards.seed(user_id="customer-1", card_template_id=REMINDER)
    cards.faults.inject("reset-after", method="PUT")

    settle_claim(cards.api, "customer-1")

    assert cards.get(reminder).status is Status.CANCELLED
    assert len(cards.faults.fired) == 1


@given(faults=strategies.network_faults())
@settings(max_examples=15, deadline=None)
def test_settling_again_after_any_faults_ends_well(
    cards_target: Target, faults: list[NetworkFault]
):
    """Whatever befalls the first attempt, the next one on a sound network leaves no reminder."""
    with world_on(cards_target) as cards:
        reminder = cards.seed(user_id="customer-1", card_template_id=REMINDER)
        cards.faults.inject_all(faults)
        with suppress(AtomicCardsError):
            settle_claim(cards.api, "customer-1")
        cards.faults.clear()

        settle_claim(cards.api, "customer-1")

        assert cards.get(reminder).status is Status.CANCELLED
