"""Expected states: which words listings may show, as far as the page names them."""

from __future__ import annotations

import pytest

from pytest_atomic_cards.model.lifecycle import NAMED, Status, may_show
from pytest_atomic_cards.suite.probing.expected_states import all_in, each_in

UNNAMED = [state for state in Status if state not in NAMED]


@pytest.mark.parametrize("state", list(Status))
def test_a_state_may_show_its_own_word_and_that_of_no_other_state(state: Status) -> None:
    """Every state may show its word; none may show the word of another state."""
    assert [word for word in Status if may_show(state, word)] == [state]


@pytest.mark.parametrize("state", list(Status))
def test_only_states_that_the_page_names_have_a_fixed_word(state: Status) -> None:
    """A word of the target's own is fine for a state that the page does not name."""
    assert may_show(state, "another word") == (state in UNNAMED)


def test_closed_and_embargoed_cards_need_not_be_listed() -> None:
    """No page says that closed or embargoed cards are listed; active and snoozed ones are."""
    hidden = {state for state in Status if may_show(state, None)}
    assert hidden == {state for state in Status if state.is_closed} | {Status.EMBARGOED}


def test_conditions_hold_for_every_card() -> None:
    """All cards must be in the state, or each in its own."""
    assert all_in(Status.DISMISSED)({"a": "dismissed", "b": "put away", "c": None})
    assert not all_in(Status.DISMISSED)({"a": "dismissed", "b": "active"})
    due = {"a": Status.ACTIVE, "b": Status.EXPIRED}
    assert each_in(due)({"a": "active", "b": "lapsed", "c": "snoozed"})
    assert not each_in(due)({"a": "active", "b": "completed"})
