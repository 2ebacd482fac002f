"""Pagination: limit, offset, and walking through the pages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import product

import pytest

from pytest_atomic_cards.model.cards import Card
from pytest_atomic_cards.model.documented import DEFAULT_PAGE, LARGEST_LIMIT
from pytest_atomic_cards.model.query import Attribute, CardQuery
from pytest_atomic_cards.rules.verdicts import Violation, expect, not_exercised
from pytest_atomic_cards.suite.experiments.attribute_combinations import (
    FEW_SUBSETS,
    by_values_of,
)
from pytest_atomic_cards.suite.probing.probe import Probe
from pytest_atomic_cards.suite.running.contract_plugin import requirement
from pytest_atomic_cards.suite.supply.card_pool import CardPool
from pytest_atomic_cards.suite.supply.shared_population import SharedPopulation
from pytest_atomic_cards.support.errors import ContractBrokenError
from pytest_atomic_cards.targets.seeding.listing_reader import Found, Group, key_of

REST = 30
"""Cards on the last page: fewer than its limit."""
FAR_BEYOND = 1_000_000
"""An offset beyond the number of cards in any test environment."""


def keys(found: Found) -> list[str]:
    """The keys of listed cards, in their order."""
    return [key_of(card) for card in found.cards]


def expect_count(found: Found, count: int, what: str) -> None:
    """Expect a page to have a number of cards."""
    expect(
        len(found.cards) == count,
        *found.exchanges,
        expected=f"{count} cards {what}",
        actual=f"{len(found.cards)} cards were listed",
    )


def need(listing: Group, count: int) -> None:
    """Skip the contract if the listing is too short."""
    if listing.count < count:
        not_exercised(f"the target provided {listing.count} cards, but this needs {count}")


def widened(listing: Group) -> list[CardQuery]:
    """Queries that match the whole listing, and cards of others perhaps.

    They give nothing, or one of the values that all of its cards share, alone and with the status.
    """
    shared = listing.shared
    alone = [{}, *({name: value} for name, value in shared.items())]
    status = {name: value for name, value in shared.items() if name is Attribute.STATUS}
    with_status = [{**one, **status} for one in alone[1:]]
    queries = [CardQuery.of(one) for one in (*alone, *with_status)]
    return [*dict.fromkeys(queries)]


@requirement("PAGE-01")
def test_default_page(probe: Probe, listing: Group) -> None:
    """Without limit and offset, 100 cards are listed, whatever selects them."""
    need(listing, DEFAULT_PAGE + 1)
    for query in widened(listing):
        expect_count(probe.page(query), DEFAULT_PAGE, f"of {query} without limit and offset")


LIMITS_TRIED = (1, 2, 37, 99, 100, 101, 250)


@requirement("PAGE-02")
@pytest.mark.parametrize("limit", LIMITS_TRIED)
def test_limit(limit: int, probe: Probe, listing: Group) -> None:
    """A page has as many cards as its limit, if more cards match, whatever selects them.

    Each limit is tried with another query, and with the pin of the listing in further contracts.
    """
    need(listing, limit + 1)
    queries = widened(listing)
    query = queries[LIMITS_TRIED.index(limit) % len(queries)]
    expect_count(probe.page(query.replace(limit=limit)), limit, f"of {query} with limit={limit}")


@requirement("PAGE-03")
def test_a_thousand(probe: Probe, listing: Group) -> None:
    """limit=1000 lists 1000 different cards."""
    need(listing, LARGEST_LIMIT)
    try:
        page = probe.page(listing.pin.replace(limit=LARGEST_LIMIT))
    except ContractBrokenError as error:
        exchanges = (error.exchange,) if error.exchange else ()
        raise Violation("1000 cards with limit=1000", str(error), exchanges) from None
    expect_count(page, LARGEST_LIMIT, "with limit=1000")
    expect_count(
        Found(tuple({key_of(card): card for card in page.cards}.values()), page.exchanges),
        LARGEST_LIMIT,
        "that are all different, with limit=1000",
    )


@requirement("PAGE-04")
@pytest.mark.parametrize("offset", [1, 100, 500])
def test_offset_counts_cards(offset: int, probe: Probe, listing: Group, stable: bool) -> None:  # noqa: FBT001
    """An offset skips that many cards of the listing, and the page is as long as without it."""
    need(listing, offset + DEFAULT_PAGE)
    page = probe.page(listing.pin.replace(offset=offset))
    expect_count(page, DEFAULT_PAGE, f"with offset={offset} alone")
    check_window(probe, listing, page, offset, stable=stable)


@requirement("PAGE-05")
@pytest.mark.parametrize(("limit", "offset"), [(40, 25), (800, 150)])
def test_offset_need_not_begin_a_page(
    limit: int,
    offset: int,
    probe: Probe,
    listing: Group,
    stable: bool,  # noqa: FBT001
) -> None:
    """With limit, an offset also counts cards, even if it is not a multiple of limit."""
    need(listing, offset + limit)
    page = probe.page(listing.pin.replace(limit=limit, offset=offset))
    expect_count(page, limit, f"with limit={limit} and offset={offset}")
    check_window(probe, listing, page, offset, stable=stable)


def check_window(probe: Probe, listing: Group, page: Found, offset: int, *, stable: bool) -> None:
    """Expect a page to have the cards of the listing that follow the offset."""
    if not stable:
        not_exercised("identical requests list different cards, so offsets cannot be compared")
    before = probe.page(listing.pin.replace(limit=offset))
    again = set(keys(page)) & set(keys(before))
    expect(
        not again,
        *before.exchanges,
        *page.exchanges,
        expected=f"none of the first {offset} card(s) with offset={offset}",
        actual=f"{len(again)} of them were listed again",
    )
    end = offset + len(page.cards)
    through = probe.page(listing.pin.replace(limit=end))
    differing = set(keys(through)) ^ {*keys(before), *keys(page)}
    expect(
        not differing,
        *through.exchanges,
        *page.exchanges,
        expected=f"cards {offset + 1} to {end} with offset={offset}",
        actual=f"{len(differing)} card(s) differ from those that limit={end} lists",
    )


@requirement("PAGE-05")
def test_last_page_has_the_rest(probe: Probe, listing: Group) -> None:
    """A page that begins near the end has all cards that are left."""
    offset = listing.count - REST
    need(listing, DEFAULT_PAGE)
    page = probe.page(listing.pin.replace(limit=DEFAULT_PAGE, offset=offset))
    expect(
        len(page.cards) >= REST,
        *page.exchanges,
        expected=f"the last {REST} of {listing.count} cards with offset={offset}",
        actual=f"{len(page.cards)} cards were listed",
    )


@requirement("PAGE-10")
@pytest.mark.parametrize("size", [170, 400, LARGEST_LIMIT])
def test_pages_partition_the_listing(
    size: int,
    probe: Probe,
    listing: Group,
    stable: bool,  # noqa: FBT001
) -> None:
    """Walking by limit and offset lists each card exactly once; only the last page is not full."""
    need(listing, size + 1)
    seen: list[str] = []
    pages = []
    for offset, page in walk(probe, listing, size):
        pages.append(page)
        if offset + size <= listing.count:
            expect_count(page, size, f"with limit={size} and offset={offset}")
        seen += keys(page)
        if len(page.cards) < size:
            break
    if not stable:
        not_exercised("identical requests list different cards, so pages cannot be compared")
    expect(
        len(seen) == len(set(seen)),
        *pages[-1].exchanges,
        expected=f"no card on two pages of {size}",
        actual=f"{len(seen) - len(set(seen))} card(s) were listed twice",
    )
    lost = {key_of(card) for card in listing.cards} - set(seen)
    expect(
        not lost and len(seen) >= listing.count,
        *pages[-1].exchanges,
        expected=f"all {listing.count} cards on the pages of {size}",
        actual=f"{max(len(lost), listing.count - len(seen))} card(s) are on none of them",
    )


def walk(probe: Probe, listing: Group, size: int) -> Iterator[tuple[int, Found]]:
    """Pages of a listing by their offsets, some beyond its end: a flow may send further cards."""
    queries = [
        listing.pin.replace(limit=size, offset=offset) for offset in range(0, listing.count, size)
    ]
    for query, page in probe.page_each(queries):
        yield query.offset or 0, page
    for offset in range(len(queries) * size, listing.count + 3 * size, size):
        yield offset, probe.page(listing.pin.replace(limit=size, offset=offset))


@requirement("PAGE-06")
def test_beyond_the_end(probe: Probe, listing: Group) -> None:
    """An offset beyond the last card lists nothing."""
    for query in (
        listing.pin.replace(offset=FAR_BEYOND),
        listing.pin.replace(offset=FAR_BEYOND, limit=10),
    ):
        expect_count(probe.page(query), 0, f"with offset={FAR_BEYOND}")


@requirement("PAGE-07")
def test_pages_are_repeatable(stable: bool, listing: Group, probe: Probe) -> None:  # noqa: FBT001
    """Requesting the same page again lists the same cards."""
    need(listing, DEFAULT_PAGE)
    page = probe.page(listing.pin.replace(limit=50, offset=50))
    expect(
        stable,
        *page.exchanges,
        expected="the same cards for the same limit and offset",
        actual="identical requests listed different cards",
    )


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
    seen = {key for page in pages for key in keys(page)}
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
