"""Stateful: any sequence of actions stays within the lifecycle table."""

from __future__ import annotations

from contextlib import suppress

import pytest

from pytest_atomic_cards.model.card_spec import CardSpec, Population
from pytest_atomic_cards.model.lifecycle import FORBIDDEN, Action, Status
from pytest_atomic_cards.rules.verdicts import expect
from pytest_atomic_cards.suite.generation.generated_cases import Effort
from pytest_atomic_cards.suite.generation.state_machine import USUAL, check_lifecycle
from pytest_atomic_cards.suite.probing.expected_states import each_in, words_of
from pytest_atomic_cards.suite.probing.group_selection import only
from pytest_atomic_cards.suite.probing.probe import Probe
from pytest_atomic_cards.suite.running.contract_plugin import requirement
from pytest_atomic_cards.suite.supply.card_pool import CardPool
from pytest_atomic_cards.suite.supply.planned_cards import MIXED, PlannedCards
from pytest_atomic_cards.support.errors import NotAvailableError, SeedingError
from pytest_atomic_cards.targets.seeding.listing_reader import Group, key_of

LIVE_RUNS = 5
LIVE_STEPS = 6
"""A live target gets fewer and shorter sequences, as each step takes seconds and uses up cards."""

STATES = (Status.ACTIVE, Status.DISMISSED, Status.COMPLETED, Status.CANCELLED)
"""States that every target can provide; some cannot provide the others."""


@pytest.fixture(scope="module")
def mixed(probe: Probe, planned: PlannedCards) -> dict[Action, Group]:
    """For each action, cards of one query in each state that the target can provide."""
    groups: list[Group] = []
    with suppress(NotAvailableError, SeedingError):
        if probe.cards.backend.delivery_is_certain:
            groups = seed_mixed(probe, *MIXED)
        else:
            groups = [one for one in planned.take("mixed") if isinstance(one, Group)]
    if len(groups) < len(Action):
        groups = seed_mixed(probe, *STATES)
    return dict(zip(Action, groups, strict=True))


def seed_mixed(probe: Probe, *states: Status) -> list[Group]:
    """For each action, an invocation with a card in each of the states."""
    population = Population(tuple(CardSpec(status=state) for state in states))
    return probe.cards.seeder.seed(*[population] * len(Action))


@requirement("STATE-15")
@pytest.mark.parametrize("action", list(Action))
def test_cards_in_all_states_at_once(
    action: Action, probe: Probe, mixed: dict[Action, Group]
) -> None:
    """An action on cards in several states changes none whose state forbids it."""
    group = mixed[action]
    forbidden = {cell.before for cell in FORBIDDEN if cell.action is action}
    spared = only(group, *(card for card in group.cards if card.status in forbidden))
    stayed = each_in({key_of(card): Status(str(card.status)) for card in spared.cards})
    exchange = probe.act(action, group.pin.replace(multiple=True), group)
    states = probe.states_later(spared, stayed)
    expect(
        stayed(states),
        exchange,
        expected=f"no card that is {' or '.join(sorted(forbidden))} to change",
        actual=f"they are {words_of(states)}",
    )


@requirement("STATE-15")
def test_any_sequence(fresh: Probe, reserve: CardPool, effort: Effort) -> None:
    """No sequence of actions brings a card into a state that the lifecycle forbids."""
    steerable = fresh.cards.is_steerable
    runs = USUAL.max_examples if steerable else LIVE_RUNS
    steps = USUAL.stateful_step_count if steerable else LIVE_STEPS
    settings = effort.settings(runs, stateful_step_count=steps)
    check_lifecycle(fresh.cards, settings=settings, seed=effort.seed, reserve=reserve)
