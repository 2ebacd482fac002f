"""The lifecycle table says what the documentation says, of every state and every action."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from itertools import product

import pytest

from pytest_atomic_cards.model.lifecycle import (
    CLOSED,
    OPEN,
    TIMED_EXITS,
    TRANSITIONS,
    Action,
    Level,
    Status,
)

CELLS = list(product(Status, Action))

DOCUMENTED_CHANGES = {
    ("active", "dismiss"): "dismissed",
    ("active", "complete"): "completed",
    ("active", "cancel"): "cancelled",
    ("snoozed", "dismiss"): "dismissed",
    ("snoozed", "complete"): "completed",
}
INFERRED_CHANGES = {
    ("snoozed", "cancel"): "cancelled",
    ("embargoed", "cancel"): "cancelled",
}


def test_the_state_words_are_spelt_as_the_api_spells_them() -> None:
    """There are seven states, lower case, "cancelled" with two l."""
    assert {str(status) for status in Status} == {
        "active",
        "embargoed",
        "snoozed",
        "dismissed",
        "completed",
        "cancelled",
        "expired",
    }


def test_the_action_words_are_the_ends_of_the_paths() -> None:
    """There are three actions, named as in the path of their request."""
    assert [str(action) for action in Action] == ["dismiss", "complete", "cancel"]


def test_a_state_is_its_word() -> None:
    """A status compares equal to the word that a body holds, and prints as it."""
    assert Status("active") is Status.ACTIVE
    word: str = Status.ACTIVE
    assert word == "active"
    assert f"{word}" == "active"


@pytest.mark.parametrize("word", ["canceled", "Active", "unsnoozed", ""])
def test_another_word_is_no_state(word: str) -> None:
    """US spelling, other case, event names and nothing at all are refused by name."""
    with pytest.raises(ValueError, match=f"'{word}' is not a valid Status"):
        Status(word)


def test_three_states_are_open() -> None:
    """Active, embargoed and snoozed cards are open, all others closed."""
    assert {"active", "embargoed", "snoozed"} == OPEN
    assert {"dismissed", "completed", "cancelled", "expired"} == CLOSED


@pytest.mark.parametrize("status", Status)
def test_a_state_is_either_open_or_closed(status: Status) -> None:
    """The two properties of a state agree with the two sets, and exclude each other."""
    assert status.is_open is (status in OPEN)
    assert status.is_closed is (status in CLOSED)
    assert status.is_open is not status.is_closed


def test_the_table_has_every_state_and_action() -> None:
    """No cell is missing, and every cell stands under its own state and action."""
    assert set(TRANSITIONS) == set(CELLS)
    for (status, action), transition in TRANSITIONS.items():
        assert (transition.before, transition.action) == (status, action)


def test_the_documented_changes_are_the_documented_ones() -> None:
    """Exactly the changes that a page names are marked as documented."""
    changes = {
        (transition.before, transition.action): transition.after
        for transition in TRANSITIONS.values()
        if transition.allowed and transition.level is Level.DOCUMENTED
    }
    assert changes == DOCUMENTED_CHANGES


def test_the_inferred_changes_are_not_promoted() -> None:
    """Cancelling a snoozed or an embargoed card is inferred, and nothing else is."""
    inferred = {
        (transition.before, transition.action): transition.after
        for transition in TRANSITIONS.values()
        if transition.level is Level.INFERRED
    }
    assert inferred == INFERRED_CHANGES


@pytest.mark.parametrize(("status", "action"), CELLS)
def test_an_allowed_action_leads_to_its_outcome(status: Status, action: Action) -> None:
    """An action either brings a card into its own closed state, or leaves it as it is."""
    transition = TRANSITIONS[status, action]
    assert transition.allowed is (transition.after is not transition.before)
    assert transition.after is (action.outcome if transition.allowed else status)


@pytest.mark.parametrize(("status", "action"), [cell for cell in CELLS if cell[0] in CLOSED])
def test_closed_is_final(status: Status, action: Action) -> None:
    """No action changes a closed card, and the documentation says so."""
    assert TRANSITIONS[status, action].after is status
    assert TRANSITIONS[status, action].level is Level.DOCUMENTED


@pytest.mark.parametrize("action", [Action.DISMISS, Action.COMPLETE])
def test_an_embargoed_card_is_neither_dismissed_nor_completed(action: Action) -> None:
    """Dismiss and complete work for active and snoozed cards only, and the page says so."""
    assert not TRANSITIONS[Status.EMBARGOED, action].allowed
    assert TRANSITIONS[Status.EMBARGOED, action].level is Level.DOCUMENTED


def test_every_action_leads_to_a_closed_state() -> None:
    """Each action has its own outcome, and all outcomes are closed."""
    outcomes = {action: action.outcome for action in Action}
    assert outcomes == {"dismiss": "dismissed", "complete": "completed", "cancel": "cancelled"}
    assert set(outcomes.values()) <= CLOSED


def test_time_ends_an_embargo_a_snooze_and_a_card() -> None:
    """Exactly the three documented system transitions are known."""
    assert {(exit_.before, exit_.after) for exit_ in TIMED_EXITS} == {
        ("embargoed", "active"),
        ("snoozed", "active"),
        ("active", "expired"),
    }


def test_no_timed_exit_starts_in_a_closed_state() -> None:
    """Time does not reopen a card either."""
    assert all(exit_.before in OPEN for exit_ in TIMED_EXITS)


def test_the_table_cannot_be_changed() -> None:
    """No cell can be replaced, and no cell can be written to."""
    transition = TRANSITIONS[Status.EXPIRED, Action.CANCEL]
    with pytest.raises(TypeError):
        TRANSITIONS[Status.EXPIRED, Action.CANCEL] = transition  # type: ignore[index]
    with pytest.raises(FrozenInstanceError):
        transition.after = Status.ACTIVE  # type: ignore[misc]
