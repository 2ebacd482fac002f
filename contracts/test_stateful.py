"""Stateful: any sequence of actions, against the lifecycle table."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

import pytest

from pytest_atomic_cards.errors import NotAvailableError, SeedingError
from pytest_atomic_cards.generation.machine import USUAL, check_lifecycle
from pytest_atomic_cards.generation.supply import CardSupply
from pytest_atomic_cards.lifecycle import FORBIDDEN, Action, Status
from pytest_atomic_cards.seeding.reader import Group, key_of, words_for
from pytest_atomic_cards.seeding.spec import CardSpec, Population
from pytest_atomic_cards.verification.generated import Effort
from pytest_atomic_cards.verification.probe import Probe, States, only, words_of
from pytest_atomic_cards.verification.reserve import Reserve
from pytest_atomic_cards.verification.suite import requirement
from pytest_atomic_cards.verification.verdicts import expect

LIVE_RUNS = 5
LIVE_STEPS = 6


@requirement("STATE-15")
@pytest.mark.parametrize("action", list(Action))
def test_cards_in_all_states_at_once(action: Action, probe: Probe) -> None:
    """An action on cards in several states changes none whose state does not allow it."""
    group = seed_mixed(probe)
    forbidden = {cell.before for cell in FORBIDDEN if cell.action is action}
    spared = only(group, *(card for card in group.cards if card.status in forbidden))
    due = {key_of(card): words_for(Status(str(card.status))) for card in spared.cards}

    def stayed(states: States) -> bool:
        return all(states[key] in words for key, words in due.items())

    exchange = probe.act(action, group.pin.replace(multiple=True), group)
    states = probe.states_later(spared, stayed)
    expect(
        stayed(states),
        exchange,
        expected=f"no card to change that is {' or '.join(sorted(forbidden))}",
        came=f"they are {words_of(states)}",
    )


def seed_mixed(probe: Probe) -> Group:
    """Cards of one invocation in as many states as the target can give them without a wait."""
    states = [Status.ACTIVE, Status.DISMISSED, Status.COMPLETED, Status.CANCELLED]
    further = [Status.EMBARGOED]
    if probe.cards.placement.delivery_is_certain:
        further.append(Status.EXPIRED)
    with suppress(NotAvailableError, SeedingError):
        return seed_in(probe, states + further)
    return seed_in(probe, states)


def seed_in(probe: Probe, states: Sequence[Status]) -> Group:
    """Cards of one invocation, one in each of some states."""
    population = Population(tuple(CardSpec(status=state) for state in states))
    return probe.cards.seeder.seed(population)[0]


@requirement("STATE-15")
def test_any_sequence(fresh: Probe, reserve: Reserve, effort: Effort) -> None:
    """Whatever is done to cards, the lifecycle allows what becomes of them."""
    steerable = CardSupply(fresh.cards).is_steerable
    runs = USUAL.max_examples if steerable else LIVE_RUNS
    steps = USUAL.stateful_step_count if steerable else LIVE_STEPS
    settings = effort.settings(runs, stateful_step_count=steps)
    check_lifecycle(fresh.cards, settings=settings, seed=effort.seed, reserve=reserve)
