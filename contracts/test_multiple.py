"""Several cards at once: ``multiple=1``, and what happens without it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

import pytest

from pytest_atomic_cards.model.documented import LARGEST_LIMIT
from pytest_atomic_cards.model.exchange import Exchange
from pytest_atomic_cards.model.lifecycle import Action, Status
from pytest_atomic_cards.model.query import CardQuery
from pytest_atomic_cards.rules.verdicts import expect, not_exercised
from pytest_atomic_cards.suite.probing.batched_setup import BatchedSetup
from pytest_atomic_cards.suite.probing.eventual_consistency import A_WHILE
from pytest_atomic_cards.suite.probing.expected_states import States, all_in, left, words_of
from pytest_atomic_cards.suite.probing.group_selection import only
from pytest_atomic_cards.suite.probing.probe import Probe
from pytest_atomic_cards.suite.running.contract_plugin import requirement
from pytest_atomic_cards.suite.supply.card_pool import CardPool
from pytest_atomic_cards.suite.supply.planned_cards import PlannedCards
from pytest_atomic_cards.support.errors import AtomicCardsError, NotAvailableError, SeedingError
from pytest_atomic_cards.targets.seeding.listing_reader import Group, key_of

BAD_REQUEST = 400

PAYLOAD = {"quantity": 2, "size": "large"}

each_action = pytest.mark.parametrize("action", list(Action))
each_by_requirement = [
    pytest.param(Action.CANCEL, marks=requirement("MULTI-01")),
    pytest.param(Action.DISMISS, marks=requirement("MULTI-02")),
    pytest.param(Action.COMPLETE, marks=requirement("MULTI-03")),
]


def act_without_multiple(probe: Probe, group: Group, action: Action) -> Exchange:
    """Act on a whole group of active cards without multiple=1."""
    return probe.act(action, group.pin.replace(status=Status.ACTIVE), group)


@pytest.mark.parametrize("action", each_by_requirement)
def test_many_need_multiple(action: Action, probe: Probe, crowd: Group) -> None:
    """The action fails without multiple=1, even if many cards match."""
    if not all_in(Status.ACTIVE)(probe.states(crowd)):
        not_exercised("an earlier action without multiple=1 changed the cards")
    check_fails(probe, crowd, action)


def check_fails(probe: Probe, group: Group, action: Action) -> None:
    """Expect an action on more than one card to fail without multiple=1."""
    active = group.pin.replace(status=Status.ACTIVE)
    queries = [
        group.pin,
        active,
        *(CardQuery.of({**active.attributes, name: value}) for name, value in group.shared.items()),
    ]
    if action is Action.CANCEL:
        queries.append(active.replace(limit=LARGEST_LIMIT))
    for query in dict.fromkeys(queries):
        is_first = action is Action.COMPLETE and query == group.pin
        for payload in (None, PAYLOAD) if is_first else (None,):
            check_refused(probe.act(action, query, group, payload), action)


def check_refused(exchange: Exchange, action: Action) -> None:
    """Expect the refusal of an action on several cards without multiple=1."""
    refused = exchange.status == BAD_REQUEST if action is Action.CANCEL else not exchange.succeeded
    wanted = "400 Bad Request" if action is Action.CANCEL else "a failure"
    expect(
        refused,
        exchange,
        expected=f"{wanted} for {action} of several active cards without multiple=1",
        actual=f"HTTP {exchange.status}",
    )


@dataclass(frozen=True, slots=True)
class Attempt:
    """An action on a whole group without multiple=1, and when its response arrived."""

    group: Group
    exchange: Exchange
    at: float


@pytest.fixture(scope="module")
def attempts(probe: Probe, reserve: CardPool) -> dict[Action, Attempt]:
    """Each action, on its own group."""

    def attempt(action: Action) -> Attempt:
        group = reserve.take()
        exchange = act_without_multiple(probe, group, action)
        return Attempt(group, exchange, probe.cards.clock.monotonic())

    return {action: attempt(action) for action in Action}


def check_unchanged(probe: Probe, attempt: Attempt) -> None:
    """Expect the cards of a group to still be active."""
    states = probe.states_once(attempt.group, all_in(Status.ACTIVE))
    expect(
        all_in(Status.ACTIVE)(states),
        attempt.exchange,
        expected="every card to still be active after the failure",
        actual=f"they are {words_of(states)}",
    )


@requirement("MULTI-06")
@each_action
def test_multiple_may_stand_first(action: Action, probe: Probe, reserve: CardPool) -> None:
    """multiple=1 also works before the attributes."""
    group = reserve.take()
    every = group.pin.replace(multiple=True)
    check_all_changed(
        probe, group, action, probe.raw("PUT", f"/cards/{action}", every, reverse=True)
    )


def check_all_changed(probe: Probe, group: Group, action: Action, exchange: Exchange) -> None:
    """Expect each card of a group to change."""
    states = probe.states_once(group, all_in(action.outcome))
    expect(
        all_in(action.outcome)(states),
        exchange,
        expected=f"all {len(states)} matching cards to be {action.outcome}",
        actual=f"they are {words_of(states)}",
    )


@pytest.fixture(scope="module")
def pairs(probe: Probe, planned: PlannedCards) -> BatchedSetup[dict[Action, tuple[Group, Group]]]:
    """For each state and action a customer with an active card, and one in that state."""

    def seed(state: Status) -> dict[Action, tuple[Group, Group]]:
        made = [*planned_pairs(probe, planned, state)]
        return dict(zip(Action, made, strict=True))

    return BatchedSetup(
        {state: partial(seed, state) for state in (Status.ACTIVE, Status.EMBARGOED)}
    )


def planned_pairs(
    probe: Probe, planned: PlannedCards, state: Status
) -> Iterator[tuple[Group, Group]]:
    """For some customers an active card and one in a state, each with a group of its own."""
    if probe.cards.backend.delivery_is_certain:
        yield from probe.seed_twice_for_each(len(Action), state)
        return
    try:
        made = planned.take("pairs")
    except (NotAvailableError, SeedingError):
        yield from probe.seed_twice_for_each(len(Action), state)
        return
    for group in made[: len(Action)] if state is Status.ACTIVE else made[len(Action) :]:
        if isinstance(group, AtomicCardsError):
            raise group
        # a flow may send several cards to a target, all of one flow instance; which start was made
        # first depends on what other contracts need
        active = [card for card in group.cards if card.status == Status.ACTIVE]
        instance = (active or group.cards)[0].flow_instance_id
        first = [card for card in group.cards if card.flow_instance_id == instance]
        second = [card for card in group.cards if card.flow_instance_id != instance]
        if not second:
            raise NotAvailableError("both cards of a customer have the same flow instance")
        yield only(group, *first), only(group, *second)


@requirement("MULTI-08")
@each_action
@pytest.mark.parametrize("state", [Status.ACTIVE, Status.EMBARGOED])
def test_other_cards_of_the_customer_stay(
    state: Status,
    action: Action,
    probe: Probe,
    pairs: BatchedSetup[dict[Action, tuple[Group, Group]]],
) -> None:
    """An action on one card of a customer does not change the customer's other cards."""
    chosen, other = pairs[state][action]
    exchange = probe.change(action, chosen.single(chosen.cards[0]), chosen)
    acted_on = only(chosen, chosen.cards[0])
    if chosen.pin == other.pin:  # one listing shows both
        both = only(chosen, *acted_on.cards, *other.cards)
        key = key_of(acted_on.cards[0])
        seen = probe.states_later(
            both, lambda now: now[key] != Status.ACTIVE and all_in(state)(rest_of(now, key))
        )
        states = rest_of(seen, key)
    else:
        probe.states_once(acted_on, left(Status.ACTIVE))
        states = probe.states_later(other, all_in(state))
    expect(
        all_in(state)(states),
        exchange,
        expected=f"the customer's other card to stay {state}",
        actual=f"it is {words_of(states)}",
    )


def rest_of(states: States, key: str) -> States:
    """The states of all cards but one."""
    return {one: word for one, word in states.items() if one != key}


@requirement("MULTI-05")
def test_failure_changes_nothing_later(probe: Probe, attempts: dict[Action, Attempt]) -> None:
    """All cards are still active some seconds after the failures."""
    latest = max(attempt.at for attempt in attempts.values())
    passed = probe.cards.clock.monotonic() - latest
    if passed < A_WHILE:
        probe.cards.pass_time(timedelta(seconds=A_WHILE - passed))
    for attempt in attempts.values():
        check_unchanged(probe, attempt)
