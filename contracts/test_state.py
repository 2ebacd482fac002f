"""State rules: every state × action of the lifecycle table."""

from __future__ import annotations

from functools import partial

import pytest

from pytest_atomic_cards.model.cards import shows_no_cards
from pytest_atomic_cards.model.exchange import Exchange
from pytest_atomic_cards.model.lifecycle import TRANSITIONS, Action, Level, Status, Transition
from pytest_atomic_cards.rules.requirements import catalogue
from pytest_atomic_cards.rules.verdicts import expect, not_exercised
from pytest_atomic_cards.suite.batched_setup import ActionTrial, BatchedSetup
from pytest_atomic_cards.suite.card_pool import CardPool
from pytest_atomic_cards.suite.contract_plugin import each_forbidden, requirement
from pytest_atomic_cards.suite.probe import (
    Probe,
    all_in,
    all_still,
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
        is_due = cell.allowed and cell.level is Level.DOCUMENTED
        do = probe.change if is_due else probe.act
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
    if cell.allowed and has_no_effect(cell, trial.exchange):
        not_exercised(f"{cell.action} of a card that is {cell.before} is refused, which is allowed")
    due = all_in(cell.after) if cell.allowed else all_still(cell.before, trial.before)
    look = probe.states_once if cell.allowed else probe.states_later
    states = look(trial.group, due)
    expect(
        due(states),
        trial.exchange,
        expected=f"{cell.action} of a card that is {cell.before} to leave it {cell.after}",
        actual=f"it is {words_of(states)}",
    )


def has_no_effect(cell: Transition, exchange: Exchange) -> bool:
    """Whether a target reports that it left a card alone which no page says that it must change."""
    if cell.level is Level.DOCUMENTED:
        return False
    if not exchange.succeeded or shows_no_cards(exchange.json()):
        return True
    return response_of(exchange).summary.updated == 0


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
