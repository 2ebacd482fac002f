"""State rules: every state × action of the lifecycle table."""

from __future__ import annotations

import pytest

from pytest_atomic_cards.model.lifecycle import Action
from pytest_atomic_cards.rules.verdicts import expect, not_exercised
from pytest_atomic_cards.suite.probing.group_selection import only
from pytest_atomic_cards.suite.probing.probe import Probe
from pytest_atomic_cards.suite.running.contract_plugin import requirement
from pytest_atomic_cards.suite.supply.card_pool import CardPool
from pytest_atomic_cards.targets.seeding.listing_reader import key_of


@requirement("STATE-13")
@pytest.mark.parametrize("action", list(Action))
def test_words_of_closed_states(action: Action, probe: Probe, reserve: CardPool) -> None:
    """After an action, the state word of the card is the documented one."""
    group, card = reserve.one()
    watched = only(group, card)
    exchange = probe.change(action, group.single(card), watched)
    states = probe.states_once(watched, lambda now: now[key_of(card)] in {None, action.outcome})
    word = states[key_of(card)]
    if word is None:  # not listed yet, or on many targets never
        probe.settle_surely()
        word = probe.states(watched)[key_of(card)]
    if word is None:
        not_exercised(f"cards are not listed after {action}")
    expect(
        word == action.outcome,
        exchange,
        expected=f"the state word {action.outcome.value!r} after {action}",
        actual=f"it is {word!r}",
    )
