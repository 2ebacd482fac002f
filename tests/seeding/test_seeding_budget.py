"""A run creates no more cards than its user allows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_atomic_cards.model.card_spec import Population
from pytest_atomic_cards.support.errors import NotAvailableError

if TYPE_CHECKING:
    from live_sandbox import Serve


def test_no_start_exceeds_the_limit_of_cards(serve: Serve) -> None:
    """A start that would create too many cards is not sent, and a smaller one still is."""
    live = serve()
    world = live.open_world(max_cards=5)
    world.seed_all(Population.of(3))
    before = live.count("POST /v1")
    with pytest.raises(NotAvailableError, match="--cards-max-cards allows this process 5 cards; 3"):
        world.seed_all(Population.of(3))
    assert live.count("POST /v1") == before
    world.seed_all(Population.of(2))
    world.clean_up()
    assert len(live.environment.cards()) == 5
