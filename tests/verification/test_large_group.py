"""A large group is listed first and cancelled then; on a live target it is the same one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_atomic_cards.suite.probing.probe import Probe
from pytest_atomic_cards.suite.supply.large_group import LargeGroup, most_cards

if TYPE_CHECKING:
    from live_sandbox import Serve


def test_a_live_target_pays_once_for_listing_and_cancelling(serve: Serve) -> None:
    """Who cancels gets the group that was listed, and who lists after that a new one."""
    live = serve()
    settings = live.settings()
    large = LargeGroup(Probe(live.open_world()), settings, every_set=False)
    listed = large.to_list()
    assert large.to_list() is listed
    assert large.to_cancel() is listed
    assert live.count("POST /v1") == 1
    assert listed.count == most_cards(settings, every_set=False) == 1_207
    assert large.to_list().pin != listed.pin
    assert live.count("POST /v1") == 2


def test_only_thorough_effort_pays_for_the_largest_cancel(serve: Serve) -> None:
    """A limit above 1000 takes a thousand further cards of a live target."""
    live = serve()
    assert most_cards(live.settings(effort="thorough"), every_set=False) == 2_502
    assert most_cards(live.settings(effort="quick"), every_set=False) == 1_207
