"""The page's own examples on a live target; on a sandbox they are rows of the experiments."""

from __future__ import annotations

import pytest

from pytest_atomic_cards.rules.verdicts import not_exercised
from pytest_atomic_cards.suite.experiments.page_examples import (
    BY_LIFECYCLE,
    BY_WHAT_OTHERS_SHARE,
    Example,
    seed_by_lifecycle,
    try_by_lifecycle,
    try_by_what_others_share,
)
from pytest_atomic_cards.suite.probing.probe import Probe
from pytest_atomic_cards.suite.running.contract_plugin import in_the_end, requirement
from pytest_atomic_cards.targets import Target
from pytest_atomic_cards.targets.seeding.listing_reader import Group


@pytest.fixture(autouse=True)
def _on_a_live_target(probe: Probe) -> None:
    """Skip where every example is a row of the experiments."""
    if probe.cards.is_steerable:
        not_exercised("on a sandbox the examples are rows of the experiments")


@pytest.fixture(scope="module")
def by_lifecycle(probe: Probe) -> Group:
    """Cards with lifecycle ids of ours, one for each example."""
    return seed_by_lifecycle(probe)


@requirement("QUERY-11")
@pytest.mark.parametrize("example", BY_LIFECYCLE, ids=lambda example: example.name)
def test_example_by_lifecycle(example: Example, probe: Probe, by_lifecycle: Group) -> None:
    """A single card that matches a lifecycleId is dismissed, completed or cancelled."""
    try_by_lifecycle(probe, example, by_lifecycle)


@in_the_end
@requirement("QUERY-11")
@pytest.mark.parametrize("example", BY_WHAT_OTHERS_SHARE, ids=lambda example: example.name)
def test_example_by_what_others_share(example: Example, probe: Probe, cards_target: Target) -> None:
    """All cards of a template, of an event, in a state, or all there are, are changed together."""
    try_by_what_others_share(probe, example, cards_target.settings.dedicated_environment)
