"""Iterating over a listing, page by page."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from client_doubles import Reply, Target, api

from pytest_atomic_cards.model.query import CardQuery
from pytest_atomic_cards.support.errors import (
    ContractBrokenError,
    MisuseError,
)


def listing(ids: range) -> Reply:
    """A listing of cards with these numbers as their ids."""
    return Reply(body={"data": [{"cardInstanceId": f"card-{n}"} for n in ids]})


def shelf(count: int, *, ignore_offset: bool = False, clamp: int = 10_000) -> Target:
    """A target that lists this many cards, page by page."""

    def answer(request: requests.PreparedRequest) -> Reply:
        query = parse_qs(urlsplit(str(request.url)).query)
        limit = min(int(query.get("limit", ["100"])[0]), clamp)
        offset = 0 if ignore_offset else int(query.get("offset", ["0"])[0])
        return listing(range(count)[offset : offset + limit])

    return Target(answer)


def numbers(cards: object) -> list[int]:
    """The numbers in the ids of cards."""
    return [int(card.card_instance_id.removeprefix("card-")) for card in cards]


@pytest.mark.parametrize("count", [0, 1, 99, 100, 101, 250, 300])
def test_iterating_yields_every_card_once(count: int) -> None:
    """Pages of the default size are walked to the end, whatever the number of cards."""
    assert numbers(api(shelf(count)).iterate()) == list(range(count))


@pytest.mark.parametrize(
    ("limit", "offset", "expected"),
    [(0, None, range(0)), (7, 5, range(5, 12)), (25, None, range(25)), (None, 95, range(95, 100))],
)
def test_limit_and_offset_of_the_query_bound_the_walk(
    limit: int | None, offset: int | None, expected: range
) -> None:
    """``limit`` is the most cards in all, and ``offset`` how many are skipped first."""
    query = CardQuery(limit=limit, offset=offset)
    assert numbers(api(shelf(100)).iterate(query, page_size=10)) == list(expected)


def test_no_card_beyond_the_limit_is_asked_for() -> None:
    """The last page is no larger than what is still wanted."""
    target = shelf(100)
    list(api(target).iterate(CardQuery(limit=25), page_size=10))
    limits = [parse_qs(urlsplit(url).query)["limit"] for url in target.urls]
    assert limits == [["10"], ["10"], ["5"]]


def test_pages_are_fetched_as_they_are_needed() -> None:
    """Taking the first card fetches one page."""
    target = shelf(1000)
    next(api(target).iterate())
    assert len(target.requests) == 1


def test_a_card_that_moved_to_the_next_page_is_not_repeated() -> None:
    """Overlapping pages, as from a listing that grows at its front, yield each card once."""
    target = Target(listing(range(10)), listing(range(8, 18)), listing(range(18, 20)), listing([]))
    assert numbers(api(target).iterate(page_size=10)) == list(range(20))


def test_a_longer_page_than_asked_for_is_taken_whole() -> None:
    """A target that ignores ``limit`` does not lose or repeat cards."""
    target = Target(listing(range(30)), listing(range(0)))
    assert numbers(api(target).iterate(page_size=10)) == list(range(30))


def test_a_target_that_ignores_offset_comes_to_an_end() -> None:
    """A page that brings nothing new ends the walk with an error."""
    with pytest.raises(ContractBrokenError, match="offset"):
        list(api(shelf(500, ignore_offset=True)).iterate())


def test_a_short_page_is_not_the_end() -> None:
    """A target that gives at most 50 cards a page, whatever is asked for, has all 120 read."""
    pages = [listing(range(50)), listing(range(50, 100)), listing(range(100, 120)), listing([])]
    target = Target(*pages)
    assert numbers(api(target).iterate(page_size=100)) == list(range(120))
    assert [url.partition("offset=")[2] for url in target.urls] == ["0", "50", "100", "120"]


def test_a_card_without_an_id_is_an_error() -> None:
    """A card that cannot be distinguished from others is reported, and not left out silently."""
    body = {"data": [{"cardInstanceId": "card-1"}, {"status": "active"}]}
    with pytest.raises(ContractBrokenError, match="no cardInstanceId"):
        list(api(Target(Reply(body=body))).iterate())


def test_a_target_that_invents_cards_comes_to_an_end() -> None:
    """After the most pages that are to be read there is an error that names the argument."""
    count = iter(range(1_000_000))
    target = Target(lambda _: listing([next(count) for _ in range(10)]))
    walk = api(target).iterate(page_size=10, max_pages=7)
    with pytest.raises(ContractBrokenError, match=r"7 pages \(70 cards\).*max_pages"):
        list(walk)
    assert len(target.requests) == 7


def test_a_limit_that_is_reached_with_the_last_page_is_no_error() -> None:
    """Whoever wants 20 cards gets them from two pages of ten, though the target has more."""
    count = iter(range(1_000_000))
    target = Target(lambda _: listing([next(count) for _ in range(10)]))
    walk = api(target).iterate(CardQuery(limit=20), page_size=10, max_pages=2)
    assert numbers(walk) == list(range(20))


def test_cards_without_ids_come_to_an_end() -> None:
    """A target that never names its cards is not asked again and again."""
    with pytest.raises(ContractBrokenError):
        list(api(Target(Reply(body={"data": [{}] * 100}))).iterate())


@pytest.mark.parametrize("page_size", [0, -1, 1001])
def test_a_page_size_out_of_range_is_refused_at_once(page_size: int) -> None:
    """A page is from 1 to 1000 cards, and the call says so, not the first use of its result."""
    with pytest.raises(MisuseError, match="1000"):
        api(Target()).iterate(page_size=page_size)
