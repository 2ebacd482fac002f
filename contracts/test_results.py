"""Results and summary: what the response to an action reports."""

from __future__ import annotations

import pytest

from pytest_atomic_cards.model.cards import ActionResponse, Card
from pytest_atomic_cards.model.exchange import Exchange
from pytest_atomic_cards.model.lifecycle import Action, Status
from pytest_atomic_cards.rules.verdicts import Violation, expect, not_exercised
from pytest_atomic_cards.suite.card_pool import CardPool
from pytest_atomic_cards.suite.contract_plugin import requirement
from pytest_atomic_cards.suite.probe import Probe, States, only, response_of
from pytest_atomic_cards.support.errors import ContractBrokenError, NotAvailableError
from pytest_atomic_cards.targets.seeding.listing_reader import Group, key_of

IDS = ("cardInstanceId", "cardTemplateId", "lifecycleId", "userId")
ECHOED = (*IDS, "eventSource")

other_actions = pytest.mark.parametrize("action", [Action.DISMISS, Action.CANCEL])


def act_on_group(
    probe: Probe, reserve: CardPool, action: Action
) -> tuple[Group, ActionResponse, Exchange]:
    """Act on all cards of a fresh group."""
    group = reserve.take()
    exchange = probe.change(action, group.pin.replace(multiple=True), group)
    return group, response_of(exchange), exchange


def act_on_one(
    probe: Probe, reserve: CardPool, action: Action
) -> tuple[Group, ActionResponse, Exchange]:
    """Act on the first card of a fresh group."""
    group = reserve.take()
    exchange = probe.change(action, group.single(group.cards[0]), group)
    return group, response_of(exchange), exchange


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


def check_echoes(
    group: Group, response: ActionResponse, exchange: Exchange, names: tuple[str, ...] = IDS
) -> None:
    """Expect each result to have the ids of its card."""
    by_id = {card.card_instance_id: card for card in group.cards}
    for result in response.results:
        card = by_id.get(result.card_instance_id)
        for name in names:
            due = card.raw.get(name) if card else "that of a changed card"
            expect(
                card is not None and result.raw.get(name) == due,
                exchange,
                expected=f"{name} of the result to be {due!r}",
                actual=f"it is {result.raw.get(name)!r}",
            )


def check_word(response: ActionResponse, exchange: Exchange, *allowed: str) -> None:
    """Expect the results to name the action with one of the allowed words."""
    words = {result.action for result in response.results}
    expect(
        len(words) == 1 and words <= set(allowed),
        exchange,
        expected=f"action to be {' or '.join(map(repr, allowed))} in every result",
        actual=f"it is {', '.join(map(repr, sorted(map(str, words)))) or 'absent'}",
    )


def check_summary(response: ActionResponse, exchange: Exchange, count: int) -> None:
    """Expect the summary to count the cards."""
    summary = response.summary
    expect(
        (summary.total, summary.updated) == (count, count),
        exchange,
        expected=f"a summary with total {count} and updated {count}",
        actual=f"total is {summary.total} and updated {summary.updated}",
    )


@requirement("RESULT-01")
def test_complete_returns_one_result_each(probe: Probe, reserve: CardPool) -> None:
    """Completing several cards, or one of several, returns exactly one result for each."""
    check_one_result_each(*act_on_group(probe, reserve, Action.COMPLETE))
    group, response, exchange = act_on_one(probe, reserve, Action.COMPLETE)
    check_one_result_each(only(group, group.cards[0]), response, exchange)


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


@requirement("RESULT-02")
def test_complete_results_name_their_cards(probe: Probe, reserve: CardPool) -> None:
    """Each result has the ids of its card, and the action complete."""
    group, response, exchange = act_on_group(probe, reserve, Action.COMPLETE)
    check_echoes(group, response, exchange)
    check_word(response, exchange, Action.COMPLETE.value)


@requirement("RESULT-03")
def test_complete_of_one_is_summed_up(probe: Probe, reserve: CardPool) -> None:
    """The summary of one completed card is total 1 and updated 1, as sampled."""
    _, response, exchange = act_on_one(probe, reserve, Action.COMPLETE)
    check_summary(response, exchange, 1)


@requirement("RESULT-04")
@other_actions
def test_other_actions_answer_alike(action: Action, probe: Probe, reserve: CardPool) -> None:
    """Dismiss and cancel return one result with the ids of each card, and a summary."""
    try:
        group, response, exchange = act_on_group(probe, reserve, action)
        check_one_result_each(group, response, exchange)
        check_echoes(group, response, exchange, ECHOED)
        _, response, exchange = act_on_one(probe, reserve, action)
        check_summary(response, exchange, 1)
    except NotAvailableError as error:
        if error.exchange is None:
            raise
        actual = str(error) if error.exchange.response_body else "the response has no body"
        due = f"the response to {action} to be like that to complete"
        raise Violation(due, actual, [error.exchange]) from None


@requirement("RESULT-05")
@pytest.mark.parametrize("action", list(Action))
def test_summary_counts_every_card(action: Action, probe: Probe, reserve: CardPool) -> None:
    """The summary of a group of open cards counts each of them."""
    group, response, exchange = act_on_group(probe, reserve, action)
    check_summary(response, exchange, len(group.cards))


@requirement("RESULT-06")
@other_actions
def test_words_of_other_actions(action: Action, probe: Probe, reserve: CardPool) -> None:
    """The results of dismiss and cancel name that action, or its outcome."""
    _, response, exchange = act_on_group(probe, reserve, action)
    check_word(response, exchange, action.value, action.outcome.value)
