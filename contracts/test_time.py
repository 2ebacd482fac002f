"""Time and history: what happens without an action, and what must never be undone."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pytest_atomic_cards.model.exchange import Exchange
from pytest_atomic_cards.model.lifecycle import CLOSED, Action, Status, may_show
from pytest_atomic_cards.rules.verdicts import expect, not_exercised
from pytest_atomic_cards.suite.experiments.time_experiment import CLOSED_IN_TIME, TimeExperiment
from pytest_atomic_cards.suite.probing.batched_setup import BatchedSetup
from pytest_atomic_cards.suite.probing.expected_states import (
    States,
    all_in,
    each_in,
    left,
    words_of,
)
from pytest_atomic_cards.suite.probing.group_selection import only
from pytest_atomic_cards.suite.probing.lasting_fields import changed_fields
from pytest_atomic_cards.suite.probing.listing_history import History
from pytest_atomic_cards.suite.probing.probe import Probe
from pytest_atomic_cards.suite.running.contract_plugin import requirement
from pytest_atomic_cards.suite.running.suite_monitor import SuiteMonitor
from pytest_atomic_cards.suite.supply.card_pool import CardPool
from pytest_atomic_cards.suite.supply.shared_population import SharedPopulation
from pytest_atomic_cards.support.errors import SeedingError
from pytest_atomic_cards.targets.seeding.listing_reader import Group, key_of

A_MOMENT = 0.05
"""Seconds: many times the resolution of ``updated``, which is a millisecond."""


def check_becomes(probe: Probe, group: Group, state: Status) -> None:
    """Expect the cards of a group to reach a state without an action."""
    states = probe.states_once(group, all_in(state))
    expect(
        all_in(state)(states),
        *probe.find(group.pin).exchanges,
        expected=f"the card to become {state} without an action",
        actual=f"it is {words_of(states)}",
    )


@requirement("TIME-01")
def test_embargo_ends(timed: TimeExperiment) -> None:
    """After its embargo a card is active."""
    if not timed.probe.cards.backend.knows_target_time:
        not_exercised("the target shows its time in no Date, so an embargo may end later")
    check_becomes(timed.probe, timed.group("embargo"), Status.ACTIVE)


def check_states(
    probe: Probe, group: Group, states: States, due: Callable[[States], bool], expected: str
) -> None:
    """Expect the cards of a group to be in the states that are due; a listing shows otherwise."""
    are_due = due(states)
    expect(
        are_due,
        *(() if are_due else probe.find(group.pin).exchanges),
        expected=expected,
        actual=f"they are {words_of(states)}",
    )


@requirement("TIME-02")
def test_card_expires(timed: TimeExperiment) -> None:
    """At its expiry time an active card becomes expired.

    A flow may support only one of the ways to request an expiry.
    """
    group = timed.group("expiry")
    states = timed.probe.states_once(group, left(Status.ACTIVE))
    gone = [card for card in group.cards if states[key_of(card)] != Status.ACTIVE]
    group = only(group, *(gone or filter(timed.is_to_expire, group.cards)))
    if not group.cards:
        not_exercised("nothing shows that the flow accepted the expiry; it may override it")
    check_becomes(timed.probe, group, Status.EXPIRED)


@requirement("TIME-03")
def test_snooze_ends(timed: TimeExperiment) -> None:
    """After its snooze a card is active."""
    check_becomes(timed.probe, timed.group("snooze"), Status.ACTIVE)


@requirement("TIME-07")
def test_embargo_holds(timed: TimeExperiment) -> None:
    """Before its embargo ends a card stays embargoed."""
    group = timed.group("long embargo")
    states = timed.probe.states(group)
    due = "cards with an embargo of an hour to stay embargoed for some seconds"
    check_states(timed.probe, group, states, all_in(Status.EMBARGOED), due)


@requirement("TIME-04")
@pytest.mark.parametrize("name", CLOSED_IN_TIME)
def test_timers_end_with_the_card(name: str, timed: TimeExperiment) -> None:
    """A card that is closed before its timer is due stays in the same state afterwards."""
    if name in timed.absent:
        not_exercised(f"no card was {name}: {timed.absent[name]}")
    group = timed.groups[name]
    closed = {key_of(card): Status(card.status) for card in group.cards if card.status in CLOSED}
    if not closed:
        not_exercised(f"no card that was {name} is listed")

    unchanged = each_in(closed)
    states = timed.probe.states_once(group, unchanged)
    due = f"cards that were {name} to stay {', '.join(closed.values())}"
    check_states(timed.probe, group, states, unchanged, due)


@pytest.fixture(scope="module")
def actioned(varied: BatchedSetup[Group], reserve: CardPool) -> Group:
    """A card with variables for each action, and one more."""
    try:
        return varied["cards"]
    except SeedingError:  # a flow may not accept our variables
        return reserve.bulk(len(Action) + 1)


@requirement("TIME-09")
@pytest.mark.parametrize("action", list(Action))
def test_action_leaves_the_rest(action: Action, probe: Probe, actioned: Group) -> None:
    """An action changes only status and updated of the listed cards."""
    group, card = actioned, actioned.cards[list(Action).index(action)]
    payload = {"name": "of the payload"} if action is Action.COMPLETE else None
    exchange = probe.change(action, group.single(card), group, payload)
    probe.states_once(only(group, card), left(Status.ACTIVE))
    check_rest(probe, group, action.outcome, exchange)


@requirement("TIME-09")
@pytest.mark.parametrize("name", ["embargo", "expiry", "snooze"])
def test_timer_leaves_the_rest(name: str, timed: TimeExperiment) -> None:
    """A timer changes only status and updated of its card."""
    check_rest(timed.probe, timed.group(name), Status.EXPIRED)


def check_rest(probe: Probe, group: Group, closed: Status, *exchanges: Exchange) -> None:
    """Expect only status and updated of the cards of a group to have changed since seeding."""
    before = {key_of(card): card for card in group.cards}
    for query in (group.pin, group.pin.replace(status=closed)):
        found = probe.find(query)
        for card in found.cards:
            known = before.get(key_of(card), card)
            changed = changed_fields(known, card)
            expect(
                not changed,
                *exchanges,
                *found.exchanges,
                expected="only status and updated of a card to change",
                actual=f"{', '.join(changed)} changed as well",
            )


@requirement("TIME-06")
def test_updated_moves(probe: Probe, reserve: CardPool) -> None:
    """A dismiss moves updated forward."""
    group, card = reserve.one()
    exchange = probe.change(Action.DISMISS, group.single(card), only(group, card))
    after = probe.watch(lambda: probe.look(group, card), lambda now: now.status is not card.status)
    if after.updated is None or card.updated is None or after.status is None:
        not_exercised("no listing shows when the dismissed card was updated")
    expect(
        after.updated > card.updated,
        exchange,
        expected=f"updated to be later than {card.updated}",
        actual=f"it is {after.updated}",
    )
    if probe.cards.is_steerable:  # beside active cards it is the same
        found = probe.find(group.pin)
        shown = {one.updated for one in found.cards if key_of(one) == key_of(card)}
        expect(
            shown <= {after.updated},
            *found.exchanges,
            expected=f"updated to be {after.updated} in a listing with other cards",
            actual=f"it is {', '.join(map(str, shown))}",
        )


@requirement("TIME-08")
def test_updated_rests(probe: Probe, population: SharedPopulation) -> None:
    """As long as nothing changes a card, updated stays the same."""
    check_updated_rests(probe, population.plain[0], lambda: probe.cards.clock.sleep(A_MOMENT))


@requirement("TIME-08")
def test_updated_rests_at_a_refusal(probe: Probe, reserve: CardPool) -> None:
    """A refused request does not change updated of the matching cards."""
    group = reserve.take()

    def be_refused() -> None:
        exchange = probe.act(Action.CANCEL, group.pin, group)
        if exchange.succeeded:
            not_exercised("a cancel of several cards is not refused without multiple=1")
        probe.settle()

    check_updated_rests(probe, group, be_refused)


def check_updated_rests(probe: Probe, group: Group, meanwhile: Callable[[], None]) -> None:
    """Expect updated of the cards of a group to be the same before and after."""
    first = {key_of(card): card.updated for card in probe.find(group.pin).cards}
    meanwhile()
    found = probe.find(group.pin)
    moved = [card for card in found.cards if first.get(key_of(card), card.updated) != card.updated]
    expect(
        not moved,
        *found.exchanges,
        expected="updated to stay the same while nothing changes the card",
        actual=f"it changed on {len(moved)} card(s)",
    )


@requirement("TIME-05")
def test_created_never_changes(
    probe: Probe, population: SharedPopulation, reserve: CardPool, monitor: SuiteMonitor
) -> None:
    """All listings of this run show the same created for a card."""
    group, card = reserve.one()
    completed = only(group, card)
    probe.change(Action.COMPLETE, group.single(card), completed)
    probe.states(completed)
    probe.find(population.plain[0].pin)
    monitor.expect_held("TIME-05")


@requirement("TIME-04")
def test_a_new_card_reopens_none(probe: Probe, reserve: CardPool) -> None:
    """A dismissed card stays dismissed when its customer gets another one."""
    group = reserve.take()
    card = group.cards[0]
    probe.change(Action.DISMISS, group.single(card), group)
    dismissed = only(group, card)
    probe.states_once(dismissed, left(Status.ACTIVE))
    another = probe.seed_for([card.user_id or ""])
    states = probe.states_later(dismissed, all_in(Status.DISMISSED))
    expect(
        all_in(Status.DISMISSED)(states),
        *probe.find(another.pin).exchanges,
        *probe.find(group.pin).exchanges,
        expected="a dismissed card to stay dismissed when its customer gets another one",
        actual=f"it is {words_of(states)}",
    )


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        pytest.param(
            "embargo", Status.EMBARGOED, Status.ACTIVE, marks=requirement("QUERY-12"), id="embargo"
        ),
        pytest.param(
            "expiry", Status.ACTIVE, Status.EXPIRED, marks=requirement("QUERY-18"), id="expiry"
        ),
    ],
)
def test_listings_by_state_keep_up_with_time(
    name: str, before: Status, after: Status, timed: TimeExperiment
) -> None:
    """A card whose timer changed its state is not listed by its earlier state any more.

    The earlier state is listed first: another listing may be what makes the target apply timers.
    """
    probe, group = timed.probe, timed.group(name)
    members = set(map(key_of, group.cards))
    found = probe.watch(
        lambda: probe.find(group.pin.replace(status=before)),
        lambda found: members.isdisjoint(found.keys),
    )
    states = probe.states(group)
    changed = {key for key, word in states.items() if word is not None and may_show(after, word)}
    if not changed:
        not_exercised(f"no card is listed as {after}")
    expect(
        changed.isdisjoint(found.keys),
        *found.exchanges,
        expected=f"status={before} not to list a card that is {after}",
        actual="it is listed",
    )


@requirement("QUERY-07")
def test_published_card_is_listed_as_active(timed: TimeExperiment) -> None:
    """A card whose embargo has ended is listed by status=active."""
    probe, group = timed.probe, timed.group("embargo")
    if not all_in(Status.ACTIVE)(probe.states_once(group, all_in(Status.ACTIVE))):
        not_exercised("no card is listed as active after its embargo")
    members = set(map(key_of, group.cards))
    found = probe.watch(
        lambda: probe.find(group.pin.replace(status=Status.ACTIVE)),
        lambda found: members <= set(found.keys),
    )
    expect(
        members <= set(found.keys),
        *found.exchanges,
        expected="status=active to list a card that has become active",
        actual="it is not listed",
    )


@requirement("TIME-04")
def test_closed_stays_closed(probe: Probe, population: SharedPopulation, history: History) -> None:
    """Cards that were listed as closed in this run are still in the same state.

    They may have left the listings meanwhile.
    """
    if not history.closed:
        probe.states(*population.by_state.values())
    if not (closed := history.closed):
        not_exercised("no card of this run was listed in a closed state")
    keys = {key_of(card) for group in population.by_state.values() for card in group.cards}
    history.let_a_while_pass(probe, keys)
    for group in population.by_state.values():
        due = {key: closed[key] for key in map(key_of, group.cards) if closed.get(key)}
        if not due:
            continue
        stayed = each_in(due)
        states = probe.states_once(group, stayed)
        expected = f"closed cards to stay {', '.join(sorted(set(due.values())))}"
        check_states(probe, group, states, stayed, expected)
