"""Shape of bodies: the fields and types of the documentation's samples; more fields are fine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import pytest

from pytest_atomic_cards.model.card_spec import Population
from pytest_atomic_cards.model.cards import Card, cards_of
from pytest_atomic_cards.model.exchange import Exchange
from pytest_atomic_cards.model.query import CardQuery
from pytest_atomic_cards.rules.verdicts import expect, not_exercised
from pytest_atomic_cards.suite.probing.batched_setup import BatchedSetup
from pytest_atomic_cards.suite.probing.probe import Probe
from pytest_atomic_cards.suite.running.contract_plugin import requirement
from pytest_atomic_cards.suite.running.suite_monitor import SuiteMonitor
from pytest_atomic_cards.suite.supply.planned_cards import VARIABLES
from pytest_atomic_cards.suite.supply.shared_population import SharedPopulation
from pytest_atomic_cards.support.errors import AtomicCardsError, SeedingError
from pytest_atomic_cards.targets.seeding.listing_reader import Found, Group

AS_SAMPLED = ("SHAPE-02", "SHAPE-03", "SHAPE-04", "SHAPE-05", "SHAPE-09", "SHAPE-12")
"""What the rules decide alone. They judge all exchanges; the contract makes sure that some of cards
in every state are among them."""

Listings = list[tuple[Group, Found]]


@pytest.fixture(scope="module")
def listings(probe: Probe, population: SharedPopulation) -> Listings:
    """Each group of the shared population as it is listed."""
    groups = population.groups
    found = probe.find_each(group.pin for group in groups)
    return [(group, listed) for group, (_, listed) in zip(groups, found, strict=True)]


def seen(listings: Listings) -> Iterator[tuple[Card, Exchange]]:
    """Every card of the shared population as it is listed."""
    for _, found in listings:
        for card in found.cards:
            yield card, found.exchanges[-1]


@requirement("SHAPE-01")
def test_listing_is_an_object_with_data(bare: Probe, monitor: SuiteMonitor) -> None:
    """A successful listing is an object with an array of objects."""
    queries = (CardQuery(limit=5), CardQuery(status="active", limit=5))
    shown = [shows_cards(bare.raw("GET", "/cards", query)) for query in queries]
    if not all(shown):
        with suppress(AtomicCardsError):
            bare.cards.seeder.seed(Population.of(1))
        for query in queries:
            bare.raw("GET", "/cards", query)
    monitor.expect_held("SHAPE-01")


def shows_cards(exchange: Exchange) -> bool:
    """Whether a listing has a card."""
    with suppress(AtomicCardsError):
        return exchange.succeeded and bool(cards_of(exchange.json()))
    return False


@pytest.mark.parametrize(
    "rule",
    [pytest.param(rule, marks=requirement(rule)) for rule in AS_SAMPLED],
)
def test_cards_are_as_sampled(rule: str, listings: Listings, monitor: SuiteMonitor) -> None:
    """Cards have their fields, types and times, and bodies their label."""
    del listings
    monitor.expect_held(rule)


@requirement("SHAPE-06")
def test_payload_is_as_sampled(listings: Listings, monitor: SuiteMonitor) -> None:
    """The payload has its sampled parts, and targets the card's customer."""
    monitor.expect_held("SHAPE-06")
    for card, exchange in seen(listings):
        users = (card.payload.get("target") or {}).get("usersById")
        expect(
            isinstance(users, list) and card.user_id in users,
            exchange,
            expected=f"payload.target.usersById to be an array with {card.user_id!r}",
            actual=f"it is {users!r}",
        )


@requirement("SHAPE-11")
def test_payload_shows_variables(probe: Probe, varied: BatchedSetup[Group]) -> None:
    """The variables of a start are in detail or variables of the payload, unchanged."""
    try:
        card = varied["cards"].cards[0]
    except SeedingError as error:
        not_exercised(f"the target does not accept our variables: {error}")
    known = {name: value for name, value in card.variables.items() if name in VARIABLES}
    if not known and not probe.cards.backend.delivery_is_certain:
        not_exercised("the flow's templates show none of our variables")
    pin = CardQuery(flow_invocation_id=card.flow_invocation_id)
    expect(
        known == VARIABLES,
        *(() if known == VARIABLES else probe.find(pin).exchanges),
        expected=f"payload.detail or payload.variables to contain {VARIABLES}",
        actual=f"it contains {known}",
    )


@requirement("SHAPE-08")
def test_instance_ids_are_unique(listings: Listings) -> None:
    """No two cards share a cardInstanceId; whether customers do is judged in all exchanges."""
    cards = [(card, exchange) for card, exchange in seen(listings)]
    ids = [card.raw.get("cardInstanceId") for card, _ in cards]
    expect(
        len(set(map(str, ids))) == len(ids),
        *(exchange for _, exchange in cards[-1:]),
        expected=f"{len(ids)} different instance ids",
        actual=f"there are {len(set(map(str, ids)))}",
    )


@requirement("SHAPE-10")
def test_cards_belong_to_whom_they_were_started_for(listings: Listings) -> None:
    """Listed cards have the userId of a targeted customer, and their own flowInvocationId."""
    if not any(found.cards for _, found in listings):
        not_exercised("no listing shows cards of this run")
    for group, found in listings:
        users = {card.user_id for card in found.cards}
        expect(
            users <= set(group.users),
            *found.exchanges,
            expected=f"cards of the customers {', '.join(group.users)}",
            actual=f"there are cards of {', '.join(sorted(map(str, users - set(group.users))))}",
        )
