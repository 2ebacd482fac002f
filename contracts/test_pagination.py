"""Pagination: limit, offset, and walking through the pages."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pytest_atomic_cards.model.documented import DEFAULT_PAGE, LARGEST_LIMIT
from pytest_atomic_cards.model.query import Attribute, CardQuery
from pytest_atomic_cards.rules.verdicts import Violation, expect, not_exercised
from pytest_atomic_cards.suite.probing.oracle import expect_count
from pytest_atomic_cards.suite.probing.probe import Probe
from pytest_atomic_cards.suite.running.contract_plugin import requirement
from pytest_atomic_cards.support.errors import ContractBrokenError
from pytest_atomic_cards.targets.seeding.listing_reader import Found, Group, key_of

REST = 30
"""Cards on the last page: fewer than its limit."""
FAR_BEYOND = 1_000_000
"""An offset beyond the number of cards in any test environment."""


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
    again = set(page.keys) & set(before.keys)
    expect(
        not again,
        *before.exchanges,
        *page.exchanges,
        expected=f"none of the first {offset} card(s) with offset={offset}",
        actual=f"{len(again)} of them were listed again",
    )
    end = offset + len(page.cards)
    through = probe.page(listing.pin.replace(limit=end))
    differing = set(through.keys) ^ {*before.keys, *page.keys}
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
        seen += page.keys
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
