"""Results and summary: what the response to an action reports."""

from __future__ import annotations

import pytest

from pytest_atomic_cards.model.cards import ActionResponse, Card
from pytest_atomic_cards.model.exchange import Exchange
from pytest_atomic_cards.model.lifecycle import Action, Status
from pytest_atomic_cards.rules.verdicts import Violation, expect, not_exercised
from pytest_atomic_cards.suite.probing.action_responses import response_of
from pytest_atomic_cards.suite.probing.expected_states import States
from pytest_atomic_cards.suite.probing.group_selection import only
from pytest_atomic_cards.suite.probing.probe import Probe
from pytest_atomic_cards.suite.running.contract_plugin import requirement
from pytest_atomic_cards.support.errors import ContractBrokenError
from pytest_atomic_cards.targets.seeding.listing_reader import Group, key_of

IDS = ("cardInstanceId", "cardTemplateId", "lifecycleId", "userId")
ECHOED = (*IDS, "eventSource")

other_actions = pytest.mark.parametrize("action", [Action.DISMISS, Action.CANCEL])


def check_one_result_each(group: Group, response: ActionResponse, exchange: Exchange) -> None:
    """Expect exactly one result for each card of the group."""
    acted = sorted(str(result.card_instance_id) for result in response.results)
    due = sorted(str(card.card_instance_id) for card in group.cards)
    expect(
        acted == due,
        exchange,
        expected=f"one result for each of the {len(due)} cards acted on",
        actual=f"there are {len(acted)} result(s), for {', '.join(acted) or 'none'}",
    )


@pytest.fixture(scope="module")
def crowd_completed(probe: Probe, crowd: Group) -> tuple[Group, ActionResponse, Exchange]:
    """The cards of the crowd that one complete changed, and its response."""
    before = probe.states(crowd)
    active = [card for card in crowd.cards if before[key_of(card)] == Status.ACTIVE]
    if len(active) < 2:
        not_exercised("an earlier action without multiple=1 changed the cards")
    exchange = probe.act(Action.COMPLETE, crowd.pin.replace(multiple=True), crowd)
    if not exchange.succeeded:
        not_exercised(f"{len(active)} cards cannot be completed at once: HTTP {exchange.status}")
    try:
        response = response_of(exchange)
    except ContractBrokenError as error:
        raise Violation("an array with a result for each card", str(error), (exchange,)) from None
    reported = len(response.results)

    def untouched(states: States) -> list[Card]:
        return [card for card in active if states[key_of(card)] == Status.ACTIVE]

    states = probe.states_once(crowd, lambda now: len(active) - len(untouched(now)) == reported)
    left_alone = untouched(states)
    return only(crowd, *(card for card in active if card not in left_alone)), response, exchange


@requirement("RESULT-01")
def test_complete_of_many_returns_one_result_each(
    crowd_completed: tuple[Group, ActionResponse, Exchange],
) -> None:
    """Completing more cards than one page lists returns one result for each changed card."""
    check_one_result_each(*crowd_completed)


@requirement("RESULT-05")
def test_summary_counts_many(crowd_completed: tuple[Group, ActionResponse, Exchange]) -> None:
    """summary.updated is the number of changed cards, even if they are many."""
    group, response, exchange = crowd_completed
    expect(
        response.summary.updated == len(group.cards),
        exchange,
        expected=f"summary.updated to be {len(group.cards)}",
        actual=f"it is {response.summary.updated}",
    )
