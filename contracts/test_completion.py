"""Completion payload: what a complete accepts, and where the payload appears."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import pytest

from pytest_atomic_cards.model.lifecycle import Action, Status
from pytest_atomic_cards.rules.verdicts import expect, not_exercised
from pytest_atomic_cards.strategies import payloads
from pytest_atomic_cards.suite.experiments.completion_oracle import expect_payload, payloads_shown
from pytest_atomic_cards.suite.experiments.experiment_values import EVERY_KIND
from pytest_atomic_cards.suite.generation.generated_cases import Effort
from pytest_atomic_cards.suite.probing.action_responses import expect_done
from pytest_atomic_cards.suite.probing.expected_states import States, all_in, words_of
from pytest_atomic_cards.suite.probing.group_selection import only
from pytest_atomic_cards.suite.probing.probe import Probe
from pytest_atomic_cards.suite.running.contract_plugin import requirement
from pytest_atomic_cards.suite.supply.card_pool import CardPool
from pytest_atomic_cards.targets.seeding.listing_reader import Group, key_of

SAMPLED = {"quantity": 2, "size": "large"}
GENERATED = 12
"""Generated payloads at default effort; few, as each completes fresh cards."""


@pytest.fixture
def pool(fresh: Probe) -> CardPool:
    """Fresh cards of an environment that has few events, as a target lists all of them."""
    return CardPool(fresh.cards.seeder, fresh.cards.recorder)


def complete(
    probe: Probe, reserve: CardPool, payload: Mapping[str, Any] | None, *, whole: bool = False
) -> Group:
    """Complete a fresh card, or all cards of a fresh group, and expect them to close."""
    if whole:
        done = reserve.take()
        query = done.pin.replace(multiple=True)
    else:
        group, card = reserve.one()
        done, query = only(group, card), group.single(card)
    exchange = probe.act(Action.COMPLETE, query, done, payload)
    if exchange.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        not_exercised("the target limits the size of a payload, which is not documented")
    expect_done(exchange, Action.COMPLETE, query)
    states = probe.states_once(done, all_in(Status.COMPLETED))
    expect(
        all_in(Status.COMPLETED)(states),
        exchange,
        expected="the card to be completed",
        actual=f"it is {words_of(states)}",
    )
    return done


@requirement("COMPLETE-01")
def test_without_payload(probe: Probe, reserve: CardPool) -> None:
    """A complete without a body closes the card."""
    complete(probe, reserve, None)


@requirement("COMPLETE-02")
def test_with_payload(probe: Probe, reserve: CardPool) -> None:
    """A complete with the documentation's example payload closes the card."""
    complete(probe, reserve, SAMPLED)


@requirement("COMPLETE-02")
def test_with_payload_for_several(probe: Probe, reserve: CardPool) -> None:
    """A complete of several cards with a payload closes each of them."""
    complete(probe, reserve, SAMPLED, whole=True)


@requirement("COMPLETE-03")
def test_any_object(probe: Probe, reserve: CardPool, effort: Effort) -> None:
    """Any JSON object is accepted as the payload."""
    for payload in ({}, EVERY_KIND, {f"field{number}": "x" * 100 for number in range(40)}):
        complete(probe, reserve, payload)

    @effort.for_all(payloads(), usual=GENERATED)
    def accepted(payload: dict[str, Any]) -> None:
        complete(probe, reserve, payload)


@requirement("COMPLETE-02")
def test_payload_is_no_query(probe: Probe, reserve: CardPool) -> None:
    """A payload with another card's attributes completes only the card that the query selects."""
    group = reserve.take()
    chosen, *others = group.cards
    payload = {name.value: value for name, value in others[0].attributes.items()}
    exchange = probe.change(Action.COMPLETE, group.single(chosen), group, payload)

    def changed(states: States) -> list[str]:
        return [key for key, word in states.items() if word != Status.ACTIVE]

    states = probe.states_later(group, lambda now: changed(now) == [key_of(chosen)])
    expect(
        changed(states) == [key_of(chosen)],
        exchange,
        expected="only the card that the query selects to be completed",
        actual=f"{len(changed(states))} card(s) of its group changed",
    )


@requirement("COMPLETE-04")
def test_payload_reaches_analytics(fresh: Probe, pool: CardPool, effort: Effort) -> None:
    """The completion event of each card has the payload that the card was completed with."""
    controls = fresh.cards.controls

    def kept_apart(first: dict[str, Any], second: dict[str, Any]) -> None:
        sent = {
            complete(fresh, pool, payload).cards[0].card_instance_id: payload
            for payload in (first, second)
        }
        shown = payloads_shown(controls)
        for card_id, payload in sent.items():
            expect_payload(shown, card_id, payload)

    kept_apart(EVERY_KIND, SAMPLED)
    effort.for_all(payloads(), payloads(), usual=GENERATED)(kept_apart)


@requirement("COMPLETE-05")
def test_payload_is_withheld(fresh: Probe, pool: CardPool) -> None:
    """If card responses are excluded from the export, no event shows the payload."""
    controls = fresh.cards.controls
    controls.export_card_responses(exported=False)
    complete(fresh, pool, {"note": "withheld-value"})
    shown = [event for event in controls.analytics_events() if "withheld-value" in str(event)]
    expect(
        not shown,
        expected="no payload in analytics if card responses are not exported",
        actual=f"it is in {len(shown)} event(s)",
    )


@requirement("COMPLETE-06")
def test_payload_of_several_cards(fresh: Probe, pool: CardPool) -> None:
    """If several cards are completed at once, each has the payload in its event."""
    controls = fresh.cards.controls
    group = complete(fresh, pool, EVERY_KIND, whole=True)
    shown = payloads_shown(controls)
    for card in group.cards:
        expect_payload(shown, card.card_instance_id, EVERY_KIND)
