"""Limits: how many cards one cancel closes."""

from __future__ import annotations

import pytest

from pytest_atomic_cards.model.documented import LARGEST_LIMIT
from pytest_atomic_cards.model.lifecycle import Action, Status
from pytest_atomic_cards.rules.verdicts import expect, not_exercised
from pytest_atomic_cards.suite.experiments.cancel_experiment import CancelStep, Drained, drain
from pytest_atomic_cards.suite.probing.action_responses import response_of
from pytest_atomic_cards.suite.probing.probe import Probe
from pytest_atomic_cards.suite.running.contract_plugin import requirement
from pytest_atomic_cards.suite.supply.card_pool import CardPool
from pytest_atomic_cards.suite.supply.large_group import LargeGroup
from pytest_atomic_cards.targets.seeding.listing_reader import Group

BELOW_DEFAULT = 2


@pytest.fixture(scope="session")
def drained(probe: Probe, large: LargeGroup, stable: bool) -> Drained:  # noqa: FBT001
    """A group of more cards than two cancels can close, cancelled step by step."""
    if not stable:
        not_exercised("identical requests list different cards, so cancels cannot be counted")
    return drain(probe, large.to_cancel())


def check_limit(step: CancelStep) -> None:
    """Expect a cancel of more cards than its limit to close exactly as many as the limit."""
    if step.before <= step.limit:
        not_exercised(f"only {step.before} active cards were left, but the limit is {step.limit}")
    expect(
        step.cancelled == step.limit,
        step.exchange,
        expected=f"{step.limit} of {step.before} active cards to be cancelled",
        actual=f"{step.cancelled} were",
    )


@requirement("LIMIT-01")
def test_default_limit(drained: Drained) -> None:
    """Without limit, 500 of the cards are cancelled."""
    for step in filter(None, (drained.default, drained.larger)):
        check_limit(step)


@requirement("LIMIT-02")
def test_raised_limit(drained: Drained) -> None:
    """With limit=1000, or less on a target where each card costs, exactly so many are cancelled."""
    check_limit(drained.raised)


@requirement("LIMIT-06")
def test_largest_limit(drained: Drained) -> None:
    """With a limit above 1000, at most 1000 of the cards are cancelled."""
    step = drained.excessive
    if step is None:
        not_exercised(
            f"it needs {LARGEST_LIMIT:,} more cards, which --cards-effort thorough creates"
        )
    expect(
        step.cancelled <= LARGEST_LIMIT,
        step.exchange,
        expected=f"at most {LARGEST_LIMIT} of {step.before} active cards to be cancelled",
        actual=f"{step.cancelled} were",
    )


@requirement("LIMIT-03")
def test_repeating_drains(drained: Drained) -> None:
    """Repeating the request leaves no active card."""
    last = (drained.repeats or (drained.default, drained.raised))[-1]
    expect(
        drained.left == 0,
        last.exchange,
        expected="no active card to be left after repeated cancels",
        actual=f"{drained.left} are left after {drained.requests} requests",
    )


@requirement("LIMIT-04")
def test_low_limit(probe: Probe, reserve: CardPool) -> None:
    """With limit=2, two of the cards are cancelled."""
    check_low_limit(probe, reserve.take(), BELOW_DEFAULT)


@requirement("LIMIT-04")
def test_low_limit_for_one_customer(probe: Probe, reserve: CardPool) -> None:
    """With limit=1, one of a customer's cards is cancelled."""
    check_low_limit(probe, reserve.customer(), 1)


def check_low_limit(probe: Probe, group: Group, limit: int) -> None:
    """Expect a cancel of a group to close exactly as many cards as its limit."""
    if len(group.cards) <= limit:
        not_exercised(f"the target provided {len(group.cards)} card(s), but more are needed")
    query = group.pin.replace(multiple=True, limit=limit)
    exchange = probe.change(Action.CANCEL, query, group)

    def untouched(states: dict[str, str | None]) -> int:
        return sum(word == Status.ACTIVE for word in states.values())

    due = len(group.cards) - limit
    states = probe.states_later(group, lambda now: untouched(now) == due)
    expect(
        untouched(states) == due,
        exchange,
        expected=f"{limit} of {len(group.cards)} cards to be cancelled with limit={limit}",
        actual=f"{len(group.cards) - untouched(states)} were",
    )


@requirement("LIMIT-05")
def test_summary_at_the_limit(drained: Drained) -> None:
    """summary.updated is the number of cards that were cancelled."""
    for step in (drained.default, drained.raised):
        if step.before <= step.limit or not step.exchange.succeeded:
            continue
        updated = response_of(step.exchange).summary.updated
        expect(
            updated == step.cancelled,
            step.exchange,
            expected=f"summary.updated to be {step.cancelled}",
            actual=f"it is {updated}",
        )
