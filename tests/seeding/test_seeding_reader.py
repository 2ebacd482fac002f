"""Reading cards from targets that make other choices, or are wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import count
from typing import Any

import pytest
from scripted_listing import PIN, Answer, Listing, card_body, group_of, paged

from pytest_atomic_cards.model.cards import Card
from pytest_atomic_cards.model.lifecycle import Status
from pytest_atomic_cards.model.query import CardQuery
from pytest_atomic_cards.model.settings import Settings
from pytest_atomic_cards.support.clock import REAL_CLOCK
from pytest_atomic_cards.support.errors import (
    ContractBrokenError,
    NotAvailableError,
    SeedingError,
    TransportError,
)
from pytest_atomic_cards.targets.seeding.backend import Placement
from pytest_atomic_cards.targets.seeding.listing_reader import Found, Reader
from pytest_atomic_cards.targets.seeding.live_backend import NoBackend
from pytest_atomic_cards.targets.seeding.wait_for_cards import CardWaiter


def constant(status: int, body: Any = b"") -> Listing:  # noqa: ANN401 - JSON values or bytes
    """A target that gives one answer to everything."""
    return Listing(lambda _: (status, body))


# Pages


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, {"data": []}),
        (200, b""),
        (204, b""),
        (404, {"message": "no cards"}),
        (404, b"<html>not JSON</html>"),
        (400, {"message": "nothing matches"}),
        (410, b""),
    ],
)
def test_no_card_may_be_answered_in_many_ways(status: int, body: Any) -> None:  # noqa: ANN401
    """An empty listing, 204, 404 and other refusals all mean that no card matches."""
    page = Reader(constant(status, body).api()).page(PIN)
    assert page.cards == ()
    assert [exchange.status for exchange in page.exchanges] == [status]


@pytest.mark.parametrize(("count", "complete"), [(99, True), (100, False)])
@pytest.mark.parametrize("limit", [None, 1000])
def test_a_full_page_may_not_be_the_last(count: int, limit: int | None, complete: bool) -> None:  # noqa: FBT001
    """What a page of a hundred cards lacks may be on the next one."""
    cards = [card_body(number) for number in range(count)]
    page = Reader(constant(200, {"data": cards}).api()).page(PIN.replace(limit=limit))
    assert page.complete is complete


@pytest.mark.parametrize("status", [401, 403])
def test_a_denied_listing_says_nothing_about_cards(status: int) -> None:
    """Being denied is a failure to ask, never an empty listing."""
    with pytest.raises(TransportError, match=f"denied with HTTP {status}") as caught:
        Reader(constant(status).api()).page(PIN)
    assert caught.value.exchange is not None


def test_a_forbidden_query_matches_nothing_where_others_were_let_in() -> None:
    """A 403 to one query, after a listing that succeeded, refuses that query and not access."""
    odd = CardQuery(user_id="<odd>")

    def answer(query: dict[str, str]) -> Answer:
        return (403, b"") if "userId" in query else (200, {"data": [card_body(1)]})

    reader = Reader(Listing(answer).api())
    with pytest.raises(TransportError, match="denied with HTTP 403"):
        reader.page(odd)
    assert len(reader.page(PIN).cards) == 1
    assert reader.page(odd).cards == ()


def test_a_listing_that_is_unauthorized_later_says_nothing_about_cards() -> None:
    """A 401 denies access even where a listing was let in before."""
    answers = iter([(200, {"data": []}), (401, b""), (401, b"")])
    reader = Reader(Listing(lambda _: next(answers)).api())
    reader.page(PIN)
    with pytest.raises(TransportError, match="denied with HTTP 401"):
        reader.page(PIN)


def test_a_server_error_breaks_the_contract() -> None:
    """A listing that fails with 500 each time is the target's fault."""
    with pytest.raises(ContractBrokenError, match="fails with HTTP 500") as caught:
        Reader(constant(500, {"message": "oops"}).api()).page(PIN)
    assert caught.value.exchange is not None
    assert caught.value.exchange.status == 500


def test_a_passing_server_error_is_forgiven() -> None:
    """A single 500 among good answers is asked again."""
    script: list[Answer] = [(500, b""), (200, {"data": [card_body(1)]})]
    page = Reader(Listing(lambda _: script.pop(0)).api()).page(PIN)
    assert [card.card_instance_id for card in page.cards] == ["card-1"]


def test_a_null_is_a_listing_without_cards() -> None:
    """Some encoders write an array without elements as null."""
    assert Reader(constant(200, {"data": None}).api()).page(PIN).cards == ()


@pytest.mark.parametrize(
    "body",
    [b"not JSON", [], {"cards": []}, {"data": {}}, {"data": ["card-1"]}],
    ids=repr,
)
def test_a_body_that_is_no_listing_breaks_the_contract(body: Any) -> None:  # noqa: ANN401
    """A success without a readable array of cards is the target's fault."""
    with pytest.raises(ContractBrokenError, match="listing") as caught:
        Reader(constant(200, body).api()).page(PIN)
    assert caught.value.exchange is not None


@pytest.mark.parametrize("largest", [100, 101, 499, 1_000])
@pytest.mark.parametrize("count", [0, 99, 100, 101, 1_000, 1_234])
def test_all_pages_are_read_whatever_their_size(largest: int, count: int) -> None:
    """A target that gives smaller pages than were asked for is read to the end all the same."""
    listing = Listing(paged([card_body(number) for number in range(count)], largest))
    found = Reader(listing.api()).find(PIN, most_pages=20)
    assert [card.card_instance_id for card in found.cards] == [f"card-{n}" for n in range(count)]
    assert found.complete
    assert len(found.exchanges) == len(listing.queries)


@pytest.mark.parametrize("largest", [10, 50, 99])
@pytest.mark.parametrize("count", [9, 10, 50, 99, 120, 500])
def test_small_pages_are_read_to_the_end(largest: int, count: int) -> None:
    """A target that serves fewer cards at once than documented hides none from a clean-up."""
    listing = Listing(paged([card_body(number) for number in range(count)], largest))
    found = Reader(listing.api()).find_all(PIN)
    assert (len(found.cards), found.complete) == (min(count, 20 * largest), count < 20 * largest)
    assert len(listing.queries) <= count // largest + 2
    wanted = Reader(listing.api()).find(PIN, most_pages=50, wanted=count)
    assert len(wanted.cards) == count


@pytest.mark.parametrize("find", [Reader.find, Reader.find_all])
def test_what_is_kept_of_an_endless_listing_is_bounded(
    find: Callable[[Reader, CardQuery], Found],
) -> None:
    """A target that invents cards on every page does not fill the memory."""
    numbers = count()

    def answer(_: dict[str, str]) -> Answer:
        return 200, {"data": [card_body(next(numbers)) for _ in range(3_000)]}

    found = find(Reader(Listing(answer).api()), PIN)
    assert not found.complete
    assert len(found.cards) <= 20_000 + 3_000


def test_seeding_fails_if_a_target_invents_cards() -> None:
    """Of a start of one target not more cards are kept than a flow may send."""
    numbers = count()
    listing = Listing(lambda _: (200, {"data": [card_body(next(numbers)) for _ in range(60)]}))
    live = NoBackend(Settings(), REAL_CLOCK)
    waiter = CardWaiter(Reader(listing.api()), live, REAL_CLOCK)
    placed = Placement("invocation", ("user-1", "user-2"), users_are_ours=True)
    with pytest.raises(SeedingError, match=r"invocation, which requested 2: .* invent cards"):
        waiter.await_visible([placed, replace(placed, users=("user",) * 10_000)])


def _awaited(listing: Listing, *users: str, embargoed: int) -> tuple[Card, ...]:
    """The cards of a start, waited for only a moment."""
    live = NoBackend(Settings(seed_timeout=0.05), REAL_CLOCK)
    waiter = CardWaiter(Reader(listing.api()), live, REAL_CLOCK)
    placed = Placement("invocation", users, users_are_ours=True, embargoed=embargoed)
    return waiter.await_visible([placed])[0]


def test_embargoed_cards_are_found_by_their_state() -> None:
    """Embargoed cards that no other listing shows are looked for by their state."""
    card = card_body(1, status="embargoed", flowInvocationId="invocation", userId="user-1")

    def answer(query: dict[str, str]) -> Answer:
        return 200, {"data": [card] if query.get("status") == "embargoed" else []}

    (found,) = _awaited(Listing(answer), "user-1", embargoed=1)
    assert found.status is Status.EMBARGOED


def test_embargoed_cards_need_not_be_listed() -> None:
    """If only embargoed cards are missing, the target may not list them; others are awaited."""
    card = card_body(1, flowInvocationId="invocation", userId="user-1")
    listing = constant(200, {"data": [card]})
    with pytest.raises(NotAvailableError, match="embargoed cards are not listed"):
        _awaited(listing, "user-1", "user-2", embargoed=1)
    with pytest.raises(SeedingError, match="were not all visible"):
        _awaited(listing, "user-1", "user-2", "user-3", embargoed=1)
    with pytest.raises(SeedingError, match="were not all visible"):
        _awaited(listing, "user-1", "user-2", embargoed=0)


def test_a_flow_that_embargoes_its_cards() -> None:
    """Cards are awaited until the flow's own embargo ends; after that none shows one of ours."""
    words = iter(["embargoed", "embargoed"])

    def answer(query: dict[str, str]) -> Answer:
        word = next(words, "active") if query.get("status") is None else query["status"]
        return 200, {"data": [card_body(1, flowInvocationId="invocation", status=word)]}

    waiter = CardWaiter(
        Reader(Listing(answer).api()), NoBackend(Settings(seed_timeout=5.0), REAL_CLOCK), REAL_CLOCK
    )
    placed = Placement("invocation", ("user-1",), users_are_ours=True)
    ((card,),) = waiter.await_visible([placed])
    assert card.status is Status.ACTIVE
    with pytest.raises(NotAvailableError, match="embargoes its cards itself"):
        waiter.await_visible([replace(placed, embargoed=1)])


def test_a_flow_with_a_long_embargo_creates_no_active_cards() -> None:
    """Cards that stay embargoed, though none was asked for, are a mistake of the set-up."""
    body = card_body(1, flowInvocationId="invocation", status="embargoed")
    with pytest.raises(SeedingError, match="use a flow without an embargo"):
        _awaited(constant(200, {"data": [body]}), "user-1", embargoed=0)


def test_reading_ends_where_offset_has_no_effect() -> None:
    """A target that repeats its first page for ever is not asked for ever."""
    first = [card_body(number) for number in range(100)]
    listing = constant(200, {"data": first})
    found = Reader(listing.api()).find(PIN)
    assert len(found.cards) == 100
    assert len(listing.queries) == 2


def test_reading_ends_after_the_most_pages() -> None:
    """A listing that is longer than may be read is marked as incomplete."""
    listing = Listing(paged([card_body(number) for number in range(500)], largest=100))
    found = Reader(listing.api()).find(PIN, most_pages=3)
    assert len(found.cards) == 300
    assert not found.complete


# States


def test_closed_cards_are_found_by_their_state() -> None:
    """Cards that a plain listing leaves out are looked for by each state."""
    cards = [card_body(1), card_body(2, status="completed"), card_body(3, status="expired")]

    def answer(query: dict[str, str]) -> Answer:
        wanted = query.get("status", "active")
        return 200, {"data": [card for card in cards if card["status"] == wanted]}

    states = Reader(Listing(answer).api()).states(group_of(*cards))
    assert states == {"card-1": "active", "card-2": "completed", "card-3": "expired"}


def test_a_card_that_no_listing_shows_has_no_state() -> None:
    """A card that has left all listings is None, and does not hide the others."""
    states = Reader(Listing(paged([card_body(1)])).api()).states(
        group_of(card_body(1), card_body(2))
    )
    assert states == {"card-1": "active", "card-2": None}


def test_cards_of_others_are_not_taken_for_the_groups() -> None:
    """What a listing shows beyond the group is left out of its states."""
    listing = constant(200, {"data": [card_body(1), card_body(9, status="dismissed")]})
    assert Reader(listing.api()).states(group_of(card_body(1))) == {"card-1": "active"}


@pytest.mark.parametrize("listed", ["always", "by status"])
def test_looking_at_one_card_finds_it_in_any_state(listed: str) -> None:
    """One card is read by a query of its own, by state where that is needed."""
    now = card_body(2, status="dismissed")

    def answer(query: dict[str, str]) -> Answer:
        narrowed = query if listed == "always" else {"status": "active"} | query
        return paged([now])(narrowed)

    group = group_of(card_body(1), card_body(2))
    card = Reader(Listing(answer).api()).look(group, group.cards[1])
    assert (card.card_instance_id, card.status) == ("card-2", Status.DISMISSED)


def test_looking_at_a_card_that_is_gone_keeps_what_was_known() -> None:
    """A card that no listing shows keeps its attributes; its state is None."""
    group = group_of(card_body(1))
    card = Reader(constant(404).api()).look(group, group.cards[0])
    assert (card.card_instance_id, card.user_id, card.status) == ("card-1", "user-1", None)
