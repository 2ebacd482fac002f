"""Pages by several attributes, pages of one customer, and limits that are no numbers."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product

import pytest

from pytest_atomic_cards.model.cards import Card
from pytest_atomic_cards.model.query import Attribute, CardQuery
from pytest_atomic_cards.rules.verdicts import Violation, expect, not_exercised
from pytest_atomic_cards.suite.experiments.attribute_combinations import (
    FEW_SUBSETS,
    by_values_of,
)
from pytest_atomic_cards.suite.probing.oracle import expect_count
from pytest_atomic_cards.suite.probing.probe import Probe
from pytest_atomic_cards.suite.running.contract_plugin import requirement
from pytest_atomic_cards.suite.supply.card_pool import CardPool
from pytest_atomic_cards.suite.supply.shared_population import SharedPopulation
from pytest_atomic_cards.targets.seeding.listing_reader import key_of


@requirement("PAGE-08")
def test_pages_of_a_narrower_query(probe: Probe, population: SharedPopulation) -> None:
    """Pages of one card, for a query by several attributes, list exactly the matching cards."""
    groups = population.plain if probe.cards.is_steerable else population.plain[:1]
    for group, attribute in product(groups, Attribute):
        value = group.cards[0].attributes.get(attribute)
        if value is None:
            continue
        alike = (card for card in group.cards if card.attributes.get(attribute) == value)
        try:
            check_pages_of_one(probe, group.pin.replace(**{attribute.field: value}), alike)
        except Violation:
            if population.is_joined_by_or(probe.find):
                not_exercised("the target joins attributes by or, so other cards match as well")
            raise


@requirement("PAGE-08")
def test_pages_of_a_customer(probe: Probe, reserve: CardPool) -> None:
    """Pages of one card, for a query by customer, list exactly the customer's cards."""
    customer = reserve.customer()
    check_pages_of_one(probe, customer.pin, customer.cards)


def check_pages_of_one(probe: Probe, pin: CardQuery, cards: Iterable[Card]) -> None:
    """Expect one page of one card for each of the cards, and empty pages after them."""
    active = {key_of(card) for card in cards}
    count = len(active)
    ends = 2 if probe.cards.is_steerable else 1
    listed = probe.page_each(pin.replace(limit=1, offset=offset) for offset in range(count + ends))
    pages = [page for _, page in listed[:count]]
    for page in pages:
        expect_count(page, 1, f"with limit=1 for {pin}")
    for query, beyond in listed[count:]:
        expect_count(beyond, 0, f"with offset={query.offset}, of {count} that match {pin}")
    seen = {key for page in pages for key in page.keys}
    expect(
        seen <= active,
        *pages[-1].exchanges,
        expected=f"only cards that match {pin}",
        actual=f"{len(seen - active)} other(s) were listed",
    )


@requirement("PAGE-09")
@pytest.mark.parametrize(
    ("name", "value"),
    [("limit", "abc"), ("limit", "-1"), ("limit", "1e3"), ("offset", "abc"), ("offset", "-1")],
)
def test_no_number(
    name: str,
    value: str,
    probe: Probe,
    population: SharedPopulation,
    every_set: bool,  # noqa: FBT001
) -> None:
    """A limit or offset that is not a number of cards does not cause a server error."""
    group = population.plain[0]
    queries = [group.pin, *(by_values_of(group.cards[0], FEW_SUBSETS) if every_set else ())]
    for query in queries:
        exchange = probe.raw("GET", "/cards", query, more=((name, value),))
        expect(
            exchange.status is not None and not exchange.is_server_error,
            exchange,
            expected=f"{name}={value} to be ignored or refused",
            actual=f"HTTP {exchange.status}",
        )
