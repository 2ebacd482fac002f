"""Beliefs: which states the documentation allows a card after a sequence of actions."""

from __future__ import annotations

from datetime import timedelta

import pytest

from pytest_atomic_cards.model.lifecycle import CLOSED, OPEN, TRANSITIONS, Action, Level, Status
from pytest_atomic_cards.suite.generation.state_model import Belief, Possibility

HOUR = timedelta(hours=1)


def believed(status: Status = Status.ACTIVE, **times: timedelta) -> Belief:
    """The belief about a card that is certainly in a state."""
    return Belief(Possibility(status, **times))


@pytest.mark.parametrize(("before", "action"), TRANSITIONS)
def test_an_action_that_succeeded(before: Status, action: Action) -> None:
    """The lifecycle table decides; if it only infers a change, both states are possible."""
    belief = believed(before)
    belief.acted(action, succeeded=True)
    transition = TRANSITIONS[before, action]
    inferred = {before} if transition.level is Level.INFERRED else set()
    assert belief.states == {transition.after, *inferred}


@pytest.mark.parametrize(("before", "action"), TRANSITIONS)
def test_an_action_that_did_not_succeed(before: Status, action: Action) -> None:
    """A refused or lost action may or may not have changed the card."""
    belief = believed(before)
    belief.acted(action, succeeded=False)
    assert belief.states == {before, TRANSITIONS[before, action].after}


def test_an_action_restricted_to_another_state() -> None:
    """An action whose query has another state does not change the card."""
    belief = believed()
    belief.acted(Action.DISMISS, succeeded=True, only=Status.SNOOZED)
    assert belief.states == {Status.ACTIVE}


@pytest.mark.parametrize("closed", sorted(CLOSED))
def test_a_closed_reading_settles_what_was_uncertain(closed: Status) -> None:
    """Once a card was listed as closed, no other state agrees any more."""
    belief = believed()
    for action in Action:
        belief.acted(action, succeeded=False)
    belief.possibilities.add(Possibility(Status.EXPIRED))
    assert belief.agrees(closed.value)
    assert [word for word in Status if belief.agrees(word)] == [closed]


def test_an_open_reading_settles_nothing() -> None:
    """A card listed as open after a lost response may still be closed: the read may be stale."""
    belief = believed()
    belief.acted(Action.COMPLETE, succeeded=False)
    assert belief.agrees("active")
    assert belief.agrees("completed")


def test_what_can_be_stale() -> None:
    """A stale read may show an earlier open state, but never one that the card was not in."""
    belief = believed()
    belief.snoozed(HOUR)
    belief.acted(Action.DISMISS, succeeded=True)
    stale = {word for word in Status if not belief.agrees(word) and belief.could_be_stale(word)}
    assert stale == {Status.ACTIVE, Status.SNOOZED}


@pytest.mark.parametrize("word", [None, "canceled"])
def test_cards_that_are_not_listed_or_oddly_spelled(word: str | None) -> None:
    """Only an active card must be listed, with its documented word."""
    agreeing = {status for status in Status if believed(status).agrees(word)}
    assert agreeing == set(Status) - {Status.ACTIVE}


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (Status.EMBARGOED, {Status.ACTIVE}),
        (Status.SNOOZED, {Status.ACTIVE}),
        *((status, {status}) for status in sorted(CLOSED)),
    ],
)
def test_waiting_ends(status: Status, expected: set[Status]) -> None:
    """After an embargo or a snooze a card is active; closed cards stay closed."""
    belief = believed(status, wakes=HOUR)
    belief.passed(HOUR / 2)
    assert belief.states == {status}
    belief.passed(HOUR)
    assert belief.states == expected


def test_an_active_card_expires() -> None:
    """A card expires at its expiry time, not before."""
    belief = believed(expires=HOUR)
    belief.passed(HOUR / 2)
    assert belief.states == {Status.ACTIVE}
    belief.passed(HOUR)
    assert belief.states == {Status.EXPIRED}


def test_a_card_expires_after_its_embargo() -> None:
    """An embargo and an expiry may be over at the same time."""
    belief = believed(Status.EMBARGOED, wakes=HOUR, expires=2 * HOUR)
    belief.passed(3 * HOUR)
    assert belief.states == {Status.EXPIRED}


@pytest.mark.parametrize("status", sorted(OPEN - {Status.ACTIVE}))
def test_expiry_while_waiting_is_an_open_question(status: Status) -> None:
    """A waiting card may expire at its expiry time or wait on, and then expire or be active."""
    belief = believed(status, wakes=2 * HOUR, expires=HOUR)
    belief.passed(HOUR)
    assert belief.states == {status, Status.EXPIRED}
    belief.passed(2 * HOUR)
    assert belief.states == {Status.ACTIVE, Status.EXPIRED}


@pytest.mark.parametrize(
    ("status", "certain"),
    [
        (Status.ACTIVE, set(Action)),
        (Status.SNOOZED, {Action.DISMISS, Action.COMPLETE}),
        (Status.EMBARGOED, set()),
        (Status.CANCELLED, set()),
    ],
)
def test_what_must_change(status: Status, certain: set[Action]) -> None:
    """An action must succeed only if that is documented for every possible state."""
    assert {action for action in Action if believed(status).must_change(action)} == certain
    either = believed(status)
    either.possibilities.add(Possibility(Status.EXPIRED))
    assert not any(either.must_change(action) for action in Action)
