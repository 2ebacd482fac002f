"""Schema and protocol: requests generated from openapi.yaml, and the validity of responses."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial

import pytest

from pytest_atomic_cards.model.exchange import Exchange
from pytest_atomic_cards.model.lifecycle import Action, Status
from pytest_atomic_cards.model.query import CardQuery
from pytest_atomic_cards.rules import objections
from pytest_atomic_cards.rules.verdicts import Inconclusive, expect, not_exercised
from pytest_atomic_cards.suite.generation.generated_cases import Effort
from pytest_atomic_cards.suite.generation.schema_document import OPERATIONS, Document
from pytest_atomic_cards.suite.generation.schema_fuzzer import LISTING, Asked, Asker
from pytest_atomic_cards.suite.generation.schema_responses import Answers
from pytest_atomic_cards.suite.probing.batched_setup import BatchedSetup
from pytest_atomic_cards.suite.probing.probe import Probe
from pytest_atomic_cards.suite.probing.retrying import until_served
from pytest_atomic_cards.suite.running.contract_plugin import each_forbidden, requirement
from pytest_atomic_cards.suite.supply.card_pool import CardPool
from pytest_atomic_cards.suite.supply.planned_cards import OTHER_STATES, PlannedCards
from pytest_atomic_cards.suite.supply.shared_population import SharedPopulation
from pytest_atomic_cards.support.errors import (
    AtomicCardsError,
    NotAvailableError,
    ScopeError,
    SeedingError,
)
from pytest_atomic_cards.targets.seeding.listing_reader import Group

Requests = BatchedSetup[list[Asked]]
ODD_PARAMETERS = [
    ("unknownParameter", "1"),
    ("userId", ""),
    ("userId", "\0"),
    ("status", "no-such-state"),
    ("offset", str(10**15)),
]

each_operation = pytest.mark.parametrize("operation", list(OPERATIONS))
each_action = pytest.mark.parametrize("operation", [name for name in OPERATIONS if name != LISTING])


@pytest.fixture(scope="module")
def asker(effort: Effort, probe: Probe, reserve: CardPool) -> Asker:
    """Sends the generated requests once for all contracts; a replay needs no Schemathesis."""
    document = Document(effort.seed)
    if not effort.recorder.is_replayed:
        _ = document.schema
    return Asker(document, probe, reserve, effort)


@pytest.fixture(scope="module")
def documented(asker: Asker) -> Requests:
    """For each operation, the requests that openapi.yaml allows, or why none got a response."""
    return BatchedSetup({operation: partial(asker.asked, operation) for operation in OPERATIONS})


@pytest.fixture(scope="module")
def answers() -> Answers:
    """The responses that openapi.yaml allows."""
    return Answers()


def shortest_first(found: Iterable[Asked]) -> list[Asked]:
    """Requests with the shortest, most readable one first."""
    return sorted(found, key=lambda asked: len(asked.exchange.url) + len(asked.body))


def expect_no_server_error(found: Iterable[Asked]) -> None:
    """Expect every request to succeed or be refused."""
    for asked in shortest_first(found):
        exchange = asked.exchange
        expect(
            not exchange.is_server_error,
            exchange,
            expected="success, or a 4xx error",
            actual=f"the response is HTTP {exchange.status} each time",
        )


def expect_conformance(answers: Answers, documented: Requests, operation: str) -> None:
    """Expect every response to conform to openapi.yaml."""
    exchanges = [asked.exchange for asked in shortest_first(documented[operation])]
    if not any(exchange.succeeded for exchange in exchanges):
        raise Inconclusive(f"no {operation} succeeded, so there is no body to check", exchanges)
    for exchange in exchanges:
        if not exchange.is_server_error:
            found = answers.objections(operation, exchange)
            expect(
                not found,
                exchange,
                expected=f"a response that openapi.yaml allows for {operation}",
                actual="; ".join(found),
            )


@requirement("SCHEMA-01")
@each_operation
def test_documented_requests_are_served(operation: str, documented: Requests) -> None:
    """No request that openapi.yaml allows causes a server error."""
    expect_no_server_error(documented[operation])


@requirement("SCHEMA-01")
def test_listing_of_anything_is_served(bare: Probe) -> None:
    """A listing without attributes is served, even if no card can be seeded."""
    expect_served_or_refused(lambda: bare.raw("GET", "/cards", CardQuery(limit=1)))


@requirement("SCHEMA-02")
def test_listings_conform(answers: Answers, documented: Requests) -> None:
    """The responses to listings conform to openapi.yaml."""
    expect_conformance(answers, documented, LISTING)


@requirement("SCHEMA-03")
@each_action
def test_actions_conform(operation: str, answers: Answers, documented: Requests) -> None:
    """The responses to actions conform to openapi.yaml."""
    expect_conformance(answers, documented, operation)


@requirement("SCHEMA-04")
@each_operation
def test_answers_agree_with_their_requests(
    operation: str, documented: Requests, asker: Asker
) -> None:
    """No response contradicts its request; a listing that does is requested again."""
    for asked in shortest_first(documented[operation]):
        settled = looked_at_again(asker, asked) if operation == LISTING else asked
        found = list(objections(settled.exchange))
        expect(
            not found,
            settled.exchange,
            expected="a response that agrees with the request",
            actual="; ".join(objection.actual for objection in found),
        )


def looked_at_again(asker: Asker, asked: Asked) -> Asked:
    """The request once its response agrees with it, or after no change can still be pending."""

    def in_order(now: Asked) -> bool:
        return not any(objections(now.exchange))

    return asked if in_order(asked) else asker.probe.watch(lambda: asker.again(asked), in_order)


@requirement("SCHEMA-05")
@each_operation
def test_malformed_requests_are_refused(operation: str, asker: Asker) -> None:
    """No malformed request causes a server error."""
    expect_no_server_error(asker.asked_malformed(operation))


@requirement("SCHEMA-05")
@pytest.mark.parametrize(("name", "value"), ODD_PARAMETERS)
def test_odd_parameters_break_nothing(
    name: str, value: str, probe: Probe, population: SharedPopulation
) -> None:
    """A listing with a meaningless parameter is served or refused."""
    pin = population.plain[0].pin
    expect_served_or_refused(lambda: probe.raw("GET", "/cards", pin, more=((name, value),)))


@requirement("SCHEMA-05")
def test_unknown_environment_breaks_nothing(probe: Probe) -> None:
    """A listing of an environment that does not exist is served or refused."""
    query, nowhere = CardQuery(user_id=probe.invented()), probe.invented()
    expect_served_or_refused(lambda: probe.raw("GET", "/cards", query, environment_id=nowhere))


@requirement("SCHEMA-05")
@pytest.mark.parametrize("action", [Action.DISMISS, Action.CANCEL])
def test_needless_body_breaks_nothing(action: Action, probe: Probe, reserve: CardPool) -> None:
    """A dismiss or cancel with a JSON body is served or refused."""
    group, card = reserve.one()
    query = group.single(card)
    expect_served_or_refused(lambda: probe.raw("PUT", f"/cards/{action}", query, json={"a": 1}))


@pytest.fixture(scope="module")
def out_of_place(
    probe: Probe, planned: PlannedCards, reserve: CardPool
) -> Callable[[Status], CardQuery]:
    """Selects a card in a state; on a live target one for all actions, as none may change it."""
    made: dict[Status, Group | AtomicCardsError] = {}
    if not probe.cards.backend.delivery_is_certain:
        with suppress(NotAvailableError, SeedingError):
            made = dict(zip(OTHER_STATES, planned.take("out_of_place"), strict=True))

    def query(state: Status) -> CardQuery:
        if state not in made:
            group, card = reserve.card(state)
            return group.single(card)
        group = made[state]
        if isinstance(group, AtomicCardsError):
            raise group
        return group.single(group.cards[0])

    return query


@requirement("SCHEMA-05")
@each_forbidden
def test_action_out_of_place_breaks_nothing(
    state: Status, action: Action, probe: Probe, out_of_place: Callable[[Status], CardQuery]
) -> None:
    """An action that a card's state does not allow is served or refused."""
    query = out_of_place(state)
    try:
        expect_served_or_refused(lambda: probe.raw("PUT", f"/cards/{action}", query))
    except ScopeError as error:
        if state.is_open:
            raise
        not_exercised(f"{state} cards are not listed, and no page says that they are: {error}")


def expect_served_or_refused(ask: Callable[[], Exchange]) -> None:
    """Expect no server error, or only one that does not persist."""
    exchange = until_served(ask)
    expect(
        exchange.status is not None and not exchange.is_server_error,
        exchange,
        expected="success, or a 4xx error",
        actual=f"HTTP {exchange.status}",
    )
