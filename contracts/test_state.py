"""State rules: every state × action of the lifecycle table."""

from __future__ import annotations

from functools import partial

import pytest

from pytest_atomic_cards.model.lifecycle import TRANSITIONS, Action, Status, Transition
from pytest_atomic_cards.rules.requirements import catalogue
from pytest_atomic_cards.rules.verdicts import expect, not_exercised
from pytest_atomic_cards.suite.batched_setup import ActionTrial, BatchedSetup
from pytest_atomic_cards.suite.card_pool import CardPool
from pytest_atomic_cards.suite.contract_plugin import each_forbidden, requirement
from pytest_atomic_cards.suite.probe import (
    Probe,
    States,
    all_in,
    became,
    only,
    response_of,
    words_of,
)
from pytest_atomic_cards.targets.seeding.listing_reader import key_of


def ways(cell: Transition) -> tuple[bool, ...]:
    """Whether the query has the card's state: without it, and also with it if that is forbidden."""
    return (False,) if cell.allowed else (False, True)


CELLS = [
    pytest.param(cell, named, id=f"{cell.name}{named * '-by-state'}", marks=requirement(rule.id))
    for rule in catalogue().requirements.values()
    for cell in rule.cells
    for named in ways(cell)
]


@pytest.fixture(scope="module")
def acted(probe: Probe, reserve: CardPool) -> BatchedSetup[ActionTrial]:
    """Each action on a card in each state, whether or not it is allowed."""

    def act(cell: Transition, named: bool) -> ActionTrial:  # noqa: FBT001
        group, card = reserve.card(cell.before)
        watched = only(group, card)
        before = probe.states_once(watched, all_in(cell.before))
        do = probe.change if cell.allowed else probe.act
        query = group.single(card).replace(status=cell.before if named else None)
        return ActionTrial(watched, before, do(cell.action, query, watched))

    return BatchedSetup(
        {
            (cell, named): partial(act, cell, named)
            for cell in TRANSITIONS.values()
            for named in ways(cell)
        }
    )


@pytest.mark.parametrize(("cell", "named"), CELLS)
def test_action_in_state(
    cell: Transition,
    named: bool,  # noqa: FBT001
    probe: Probe,
    acted: BatchedSetup[ActionTrial],
) -> None:
    """The action changes the card as in the table, or not at all if the state forbids it."""
    trial = acted[cell, named]
    if cell.allowed:
        states = probe.states_once(trial.group, became(cell.after))
        held = became(cell.after)(states)
    else:
        states = probe.states_later(
            trial.group, lambda now: _stayed(now, trial.before, cell.before)
        )
        held = _stayed(states, trial.before, cell.before)
    expect(
        held,
        trial.exchange,
        expected=f"{cell.action} of a card that is {cell.before} to leave it {cell.after}",
        actual=f"it is {words_of(states)}",
    )


def _stayed(states: States, before: States, state: Status) -> bool:
    """Whether nothing changed, or a card that was not listed before is in its old state.

    A closed card may also leave the listings, even some time after it was closed.
    """
    return states == before or all_in(state)(states)


@requirement("STATE-13")
@pytest.mark.parametrize("action", list(Action))
def test_words_of_closed_states(action: Action, probe: Probe, reserve: CardPool) -> None:
    """After an action, the state word of the card is the documented one."""
    group = reserve.take()
    card = group.cards[0]
    exchange = probe.change(action, group.single(card), group)
    watched = only(group, card)
    states = probe.states_once(watched, lambda now: now[key_of(card)] == action.outcome)
    word = states[key_of(card)]
    if word is None:
        not_exercised(f"cards are not listed after {action}")
    expect(
        word == action.outcome,
        exchange,
        expected=f"the state word {action.outcome.value!r} after {action}",
        actual=f"it is {word!r}",
    )


@requirement("STATE-14")
@each_forbidden
def test_refused_cards_do_not_count_as_updated(
    state: Status, action: Action, probe: Probe, reserve: CardPool
) -> None:
    """An action that the card's state forbids has summary.updated 0."""
    group, card = reserve.card(state)
    exchange = probe.act(action, group.single(card), only(group, card))
    if not exchange.succeeded or not exchange.response_body:
        return
    summary = response_of(exchange).summary
    expect(
        summary.updated in {0, None},
        exchange,
        expected="summary.updated to be 0",
        actual=f"it is {summary.updated}",
    )
