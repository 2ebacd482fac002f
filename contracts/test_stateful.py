"""Stateful: any sequence of actions, against the lifecycle table."""

from __future__ import annotations

from pytest_atomic_cards.generation.machine import USUAL, check_lifecycle
from pytest_atomic_cards.generation.supply import CardSupply
from pytest_atomic_cards.verification.generated import Effort
from pytest_atomic_cards.verification.probe import Probe
from pytest_atomic_cards.verification.reserve import Reserve
from pytest_atomic_cards.verification.suite import requirement

LIVE_RUNS = 5
LIVE_STEPS = 6


@requirement("STATE-15")
def test_any_sequence(fresh: Probe, reserve: Reserve, effort: Effort) -> None:
    """Whatever is done to cards, the lifecycle allows what becomes of them."""
    steerable = CardSupply(fresh.cards).is_steerable
    runs = USUAL.max_examples if steerable else LIVE_RUNS
    steps = USUAL.stateful_step_count if steerable else LIVE_STEPS
    settings = effort.settings(runs, stateful_step_count=steps)
    check_lifecycle(fresh.cards, settings=settings, seed=effort.seed, reserve=reserve)
