"""Timers to the minute where time can be steered, and elsewhere to the second.

A card keeps its state until they end.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest

from pytest_atomic_cards.model.card_spec import CardSpec, Population
from pytest_atomic_cards.model.exchange import Exchange
from pytest_atomic_cards.model.lifecycle import OPEN, Status
from pytest_atomic_cards.rules.verdicts import expect, not_exercised
from pytest_atomic_cards.suite.experiments.time_experiment import (
    AFTER_EMBARGO,
    SOON,
    UNDER_EMBARGO,
    TimeExperiment,
)
from pytest_atomic_cards.suite.probing.expected_states import all_in, words_of
from pytest_atomic_cards.suite.probing.probe import Probe
from pytest_atomic_cards.suite.running.contract_plugin import requirement
from pytest_atomic_cards.support.printable import brief

TIMER = timedelta(minutes=30)
"""Half of what an access token lasts, so that none expires meanwhile."""
BEFORE = timedelta(seconds=30)
"""Before the end of a timer: longer than seeding takes, even on a busy machine."""

A_SECOND = 1.0
"""By how much timers of one start may differ on a target that looks at them once a second."""


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


@requirement("TIME-07")
def test_embargo_does_not_end_early(timed: TimeExperiment) -> None:
    """More than a second before its embargo ends a card is not active."""
    words, exchanges = words_before(timed, "embargo")
    if not all_in(Status.EMBARGOED)(timed.probe.states(timed.group("long embargo"))):
        not_exercised("nothing shows that the flow accepts an embargo; it may override it")
    expect(
        Status.ACTIVE not in words,
        *exchanges,
        expected=f"the card to stay embargoed for {SOON.total_seconds():.0f} seconds",
        actual="it was active more than a second before",
    )


@requirement("TIME-02")
def test_card_does_not_expire_early(timed: TimeExperiment) -> None:
    """More than a second before its expiry time a card is open."""
    words, exchanges = words_before(timed, "expiry")
    expect(
        words <= {None, *OPEN},
        *exchanges,
        expected=f"the card to stay active for {SOON.total_seconds():.0f} seconds",
        actual=f"it was {', '.join(map(brief, words - {None, *OPEN}))} more than a second before",
    )


def words_before(timed: TimeExperiment, name: str) -> tuple[set[str | None], Sequence[Exchange]]:
    """The states of a group shortly before its timers were due, and what showed them."""
    timed.group(name)
    if name not in timed.before:
        not_exercised(
            "no listing is sure to have arrived before the timer was due by the target's clock"
        )
    states, exchanges = timed.before[name]
    return set(states.values()), exchanges


@requirement("TIME-02")
def test_expiry_counts_from_the_start(timed: TimeExperiment) -> None:
    """A card that was embargoed at first expires together with another one of its start."""
    group = timed.group(AFTER_EMBARGO)
    if timed.postponed is None:
        not_exercised("nothing shows that the flow accepted the expiry; it may override it")
    expect(
        timed.postponed < UNDER_EMBARGO.total_seconds() - A_SECOND,
        *timed.probe.find(group.pin).exchanges,
        expected="the time to expiry to begin when the card is requested",
        actual="it began when the embargo ended, as the card expired "
        f"{timed.postponed:.1f} s too late",
    )
