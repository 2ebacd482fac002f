"""Shape of bodies: fields and types as the documentation samples them, with room for more."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from pytest_atomic_cards.cards import Card
from pytest_atomic_cards.errors import AtomicCardsError, SeedingError
from pytest_atomic_cards.exchange import Exchange
from pytest_atomic_cards.lifecycle import Action
from pytest_atomic_cards.query import CardQuery
from pytest_atomic_cards.seeding.spec import CardSpec, Population
from pytest_atomic_cards.verification.population import SharedPopulation
from pytest_atomic_cards.verification.probe import Probe
from pytest_atomic_cards.verification.reserve import Reserve
from pytest_atomic_cards.verification.suite import requirement
from pytest_atomic_cards.verification.verdicts import expect, not_exercised

CARD_FIELDS: dict[str, type] = {
    "eventName": str,
    "eventSource": str,
    "cardTemplateId": str,
    "cardInstanceId": str,
    "cardTemplateName": str,
    "lifecycleId": str,
    "flowInstanceId": str,
    "flowInvocationId": str,
    "definition": dict,
    "payload": dict,
    "status": str,
    "userId": str,
    "created": str,
    "updated": str,
}
RESULT_FIELDS: dict[str, type] = {
    "eventName": str,
    "eventSource": str,
    "lifecycleId": str,
    "cardTemplateId": str,
    "cardInstanceId": str,
    "userId": str,
    "action": str,
}
PAYLOAD_FIELDS: dict[str, type] = {"target": dict, "cardOptions": dict, "metadata": dict}
SAMPLED_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
ZONED_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d([.,]\d+)?)?(Z|[+-]\d\d(:?\d\d)?)")
VARIABLES = {"name": "John Smith", "count": 2, "note": "ü & 日本", "urgent": True}
WORDS = {str: "a string", dict: "an object", list: "an array", int: "a whole number"}


def seen(probe: Probe, population: SharedPopulation) -> Iterator[tuple[Card, Exchange]]:
    """Every card of the shared population as it is listed."""
    for group in population.groups:
        found = probe.find(group.pin)
        for card in found.cards:
            yield card, found.exchanges[-1]


def expect_fields(
    body: Mapping[str, Any], fields: Mapping[str, type], exchange: Exchange, what: str
) -> None:
    """Expect fields to be there; null counts, as which may be null is not documented."""
    missing = [name for name in fields if name not in body]
    expect(
        not missing,
        exchange,
        expected=f"{what} to have {', '.join(fields)}",
        came=f"{', '.join(missing)} is missing",
    )


def expect_types(
    body: Mapping[str, Any], fields: Mapping[str, type], exchange: Exchange, what: str
) -> None:
    """Expect fields that are there and not null to have their type."""
    for name, kind in fields.items():
        value = body.get(name)
        expect(
            value is None or (isinstance(value, kind) and not isinstance(value, bool)),
            exchange,
            expected=f"{name} of {what} to be {WORDS[kind]}",
            came=f"it is {value!r}",
        )


@requirement("SHAPE-01")
def test_listing_is_an_object_with_data(bare: Probe) -> None:
    """A listing that succeeds is an object with an array of objects."""
    with suppress(AtomicCardsError):
        bare.cards.seeder.seed(Population.of(1))
    for query in (CardQuery(limit=5), CardQuery(status="active", limit=5)):
        exchange = bare.raw("GET", "/cards", query)
        body = exchange.json()
        data = body.get("data") if isinstance(body, dict) else None
        if not exchange.succeeded or not exchange.response_body:
            continue
        expect(
            isinstance(data, list) and all(isinstance(card, dict) for card in data),
            exchange,
            expected="a JSON object with an array data of objects",
            came="the body is something else",
        )


@requirement("SHAPE-02")
def test_card_has_every_field(probe: Probe, population: SharedPopulation) -> None:
    """No field of the sample is missing from any card."""
    for card, exchange in seen(probe, population):
        expect_fields(card.raw, CARD_FIELDS, exchange, "a card")


@requirement("SHAPE-03")
def test_card_fields_have_their_types(probe: Probe, population: SharedPopulation) -> None:
    """Fields are strings and objects as sampled."""
    for card, exchange in seen(probe, population):
        expect_types(card.raw, CARD_FIELDS, exchange, "a card")


@requirement("SHAPE-04")
def test_times_are_iso_8601(probe: Probe, population: SharedPopulation) -> None:
    """Created and updated are ISO 8601 with a zone."""
    check_times(probe, population, ZONED_TIME, "an ISO 8601 time with a zone")


@requirement("SHAPE-05")
def test_times_are_as_sampled(probe: Probe, population: SharedPopulation) -> None:
    """Times have milliseconds and Z, and updated does not lie before created."""
    check_times(probe, population, SAMPLED_TIME, "a UTC time with milliseconds and Z")
    for card, exchange in seen(probe, population):
        expect(
            card.created and card.updated and card.created <= card.updated,
            exchange,
            expected="updated not to lie before created",
            came=f"created is {card.created} and updated {card.updated}",
        )


def check_times(
    probe: Probe, population: SharedPopulation, form: re.Pattern[str], wanted: str
) -> None:
    """Expect the times of every card to have a form."""
    for card, exchange in seen(probe, population):
        for name in ("created", "updated"):
            value = card.raw.get(name)
            expect(
                value is None or (isinstance(value, str) and form.fullmatch(value)),
                exchange,
                expected=f"{name} to be {wanted}",
                came=f"it is {value!r}",
            )


@requirement("SHAPE-06")
def test_payload_is_as_sampled(probe: Probe, population: SharedPopulation) -> None:
    """The payload has its sampled parts, and targets the card's customer."""
    for card, exchange in seen(probe, population):
        payload = card.payload
        expect_fields(payload, PAYLOAD_FIELDS, exchange, "payload")
        expect_types(payload, PAYLOAD_FIELDS, exchange, "payload")
        details = [payload[name] for name in ("detail", "variables") if name in payload]
        expect(
            details and all(isinstance(detail, dict) for detail in details),
            exchange,
            expected="payload to have an object detail or variables",
            came=f"it has {', '.join(payload) or 'nothing'}",
        )
        users = (payload.get("target") or {}).get("usersById")
        expect(
            isinstance(users, list) and (card.user_id in users),
            exchange,
            expected=f"payload.target.usersById to be an array with {card.user_id!r}",
            came=f"it is {users!r}",
        )


@requirement("SHAPE-11")
def test_payload_shows_variables(probe: Probe) -> None:
    """The variables that a card was started with are in detail or variables, unchanged."""
    spec = CardSpec(variables=VARIABLES)
    try:
        card = probe.cards.seeder.seed(Population((spec,)))[0].cards[0]
    except SeedingError as error:
        not_exercised(f"the target takes no variables of ours: {error}")
    shown = {**(card.payload.get("detail") or {}), **(card.payload.get("variables") or {})}
    known = {name: value for name, value in shown.items() if name in VARIABLES}
    if not known and not probe.cards.placement.delivery_is_certain:
        not_exercised("the flow's templates show none of our variables")
    expect(
        known == VARIABLES,
        *probe.find(CardQuery(flow_invocation_id=card.flow_invocation_id)).exchanges,
        expected=f"payload.detail or payload.variables to hold {VARIABLES}",
        came=f"it holds {known}",
    )


@requirement("SHAPE-07")
def test_complete_response_is_as_sampled(probe: Probe, reserve: Reserve) -> None:
    """The answer of complete has data, summary and every field of its results."""
    group = reserve.take()
    exchange = probe.change(Action.COMPLETE, group.single(group.cards[0]), group)
    body = exchange.json()
    expect(
        isinstance(body, dict)
        and isinstance(body.get("data"), list)
        and isinstance(body.get("summary"), dict),
        exchange,
        expected="an object with an array data and an object summary",
        came="the body is something else",
    )
    counts: dict[str, type] = {"total": int, "updated": int}
    expect_fields(body["summary"], counts, exchange, "summary")
    expect_types(body["summary"], counts, exchange, "summary")
    for result in body["data"]:
        expect(
            isinstance(result, dict),
            exchange,
            expected="results to be objects",
            came=f"one is {result!r}",
        )
        expect_fields(result, RESULT_FIELDS, exchange, "a result")
        expect_types(result, RESULT_FIELDS, exchange, "a result")


@requirement("SHAPE-08")
def test_instance_ids_are_unique(probe: Probe, population: SharedPopulation) -> None:
    """No two cards share a cardInstanceId."""
    cards = [(card, exchange) for card, exchange in seen(probe, population)]
    ids = [card.raw.get("cardInstanceId") for card, _ in cards]
    expect(
        len(set(map(str, ids))) == len(ids),
        *(exchange for _, exchange in cards[-1:]),
        expected=f"{len(ids)} different instance ids",
        came=f"there are {len(set(map(str, ids)))}",
    )


@requirement("SHAPE-09")
def test_bodies_are_labelled(probe: Probe, population: SharedPopulation) -> None:
    """Content-Type says JSON."""
    exchange = probe.page(population.plain[0].pin).exchanges[-1]
    label = exchange.response_headers.get("content-type", "")
    expect(
        "json" in label.lower(),
        exchange,
        expected="a Content-Type of JSON",
        came=f"it is {label!r}",
    )


@requirement("SHAPE-10")
def test_cards_belong_to_whom_they_were_started_for(
    probe: Probe, population: SharedPopulation
) -> None:
    """UserId is the customer that was targeted, and flowInvocationId the invocation."""
    for group in population.groups:
        found = probe.find(group.pin)
        if not found.cards:
            continue
        users = {card.user_id for card in found.cards}
        expect(
            users <= set(group.users),
            *found.exchanges,
            expected=f"cards of the customers {', '.join(group.users)}",
            came=f"there are cards of {', '.join(sorted(map(str, users - set(group.users))))}",
        )
        return
    not_exercised("no listing shows cards of this run")
