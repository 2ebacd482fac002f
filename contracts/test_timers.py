"""Timers to the minute, where time can be steered: a card keeps its state until they end."""

from __future__ import annotations

from datetime import timedelta

import pytest

from pytest_atomic_cards.model.card_spec import CardSpec, Population
from pytest_atomic_cards.model.lifecycle import Status
from pytest_atomic_cards.rules.verdicts import expect
from pytest_atomic_cards.suite.contract_plugin import requirement
from pytest_atomic_cards.suite.probe import Probe, all_in, words_of

TIMER = timedelta(minutes=30)
"""Half of what an access token lasts, so that none expires meanwhile."""
BEFORE = timedelta(seconds=30)
"""Before the end of a timer: longer than seeding takes, even on a busy machine."""


@pytest.mark.parametrize(
    ("spec", "state"),
    [
        pytest.param(
            CardSpec(embargo=TIMER), Status.EMBARGOED, marks=requirement("TIME-07"), id="embargo"
        ),
        pytest.param(
            CardSpec(snooze=TIMER), Status.SNOOZED, marks=requirement("TIME-03"), id="snooze"
        ),
        pytest.param(
            CardSpec(expires=TIMER), Status.ACTIVE, marks=requirement("TIME-02"), id="expiry"
        ),
    ],
)
def test_state_holds_to_the_end(spec: CardSpec, state: Status, fresh: Probe) -> None:
    """Half a minute before a timer ends the card is still in its state."""
    check_after(TIMER - BEFORE, spec, state, fresh)


@requirement("TIME-02")
def test_expiry_counts_from_creation(fresh: Probe) -> None:
    """An embargo does not postpone the expiry of its card."""
    check_after(TIMER, CardSpec(embargo=TIMER / 2, expires=TIMER), Status.EXPIRED, fresh)


def check_after(time: timedelta, spec: CardSpec, state: Status, probe: Probe) -> None:
    """Expect a new card to be in a state after some time."""
    _ = probe.cards.controls  # not exercised on a live target, whose time cannot be steered
    group = probe.cards.seeder.seed(Population((spec,)))[0]
    probe.cards.pass_time(time)
    states = probe.states_once(group, all_in(state))
    expect(
        all_in(state)(states),
        *probe.find(group.pin).exchanges,
        expected=f"the card to be {state} {time} after it was seeded",
        actual=f"it is {words_of(states)}",
    )
