"""Waiting for the cards that a start of an Action Flow makes."""

from __future__ import annotations

from datetime import timedelta
from itertools import cycle
from typing import TYPE_CHECKING

import pytest

from pytest_atomic_cards.model.card_spec import CardSpec, Population
from pytest_atomic_cards.model.lifecycle import Status
from pytest_atomic_cards.model.query import CardQuery
from pytest_atomic_cards.support.clock import REAL_CLOCK
from pytest_atomic_cards.support.errors import SeedingError
from pytest_atomic_cards.targets import live_target
from pytest_atomic_cards.targets.seeding import awaited_cards, wait_for_cards
from pytest_atomic_cards.targets.seeding.listing_reader import Found, Reader

if TYPE_CHECKING:
    from live_sandbox import Serve

HOUR = timedelta(hours=1)
SHORTLY = timedelta(milliseconds=150)


def test_cards_that_appear_late_are_waited_for(serve: Serve) -> None:
    """A card that is created some time after the start is polled for, and returned active."""
    live = serve(creation_delay=SHORTLY)
    card = live.open_world().seed(user_id="customer-1")
    assert (card.user_id, card.status) == ("customer-1", Status.ACTIVE)
    assert live.count("GET /v1/sandbox/cards") > 1


def test_a_listing_that_fails_until_cards_appear_is_endured(serve: Serve) -> None:
    """A target that fails where no card matches can be seeded, as others judge the failure."""
    live = serve(creation_delay=SHORTLY, faults=["no-match-gives-500"])
    assert live.open_world().seed().status is Status.ACTIVE


def test_what_a_listing_failed_with_is_told(serve: Serve) -> None:
    """Where cards never appear and listings fail, the error names the failure."""
    live = serve(creation_delay=HOUR, faults=["no-match-gives-500"])
    cards = live.open_world(seed_timeout=0.3)
    with pytest.raises(SeedingError, match=r"not all visible after 0.3 s .*; listing .* HTTP 500"):
        cards.seed()


def test_a_listing_that_is_none_is_not_waited_for(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a success holds no listing, which no wait will mend, seeding is given up soon."""
    monkeypatch.setattr(awaited_cards, "_FEW_SECONDS", 0.2)
    cards = serve(faults=["listing-of-text"]).open_world(seed_timeout=36_000)
    with pytest.raises(SeedingError, match=r"after 0.2 s .*; listing .* must be a JSON object"):
        cards.seed()


def test_cards_that_never_appear_are_given_up(serve: Serve) -> None:
    """After the seed timeout the error says how many cards of which invocation are missing."""
    cards = serve(creation_delay=HOUR).open_world(seed_timeout=0.1)
    with pytest.raises(SeedingError, match=r"2 seeded card.* invocation-\w+.*after 0\.1 s"):
        cards.seed_all(Population.of(2))


def test_some_of_the_cards_are_not_enough(serve: Serve) -> None:
    """As long as one card of a population is not listed, none is handed over."""
    cards = serve(faults=["newest-card-missing"]).open_world(seed_timeout=0.1)
    users = ["customer-a", "customer-b", "customer-c"]
    with pytest.raises(SeedingError, match="3 seeded card"):
        cards.seed_all(Population(tuple(CardSpec(user_id=user) for user in users)))


def test_cards_that_their_invocation_does_not_list_are_found_by_customer(serve: Serve) -> None:
    """A target whose listings lack a card can be tried, so that contracts name what is wrong."""
    cards = serve(faults=["newest-card-missing"]).open_world(seed_timeout=0.1)
    assert len({card.user_id for card in cards.seed_all(Population.of(3))}) == 3


def test_a_flow_that_sends_several_cards_is_taken_whole(serve: Serve) -> None:
    """All cards that a flow sends to its targets belong to the group and go along in its state."""
    live = serve()
    live.environment.define_flow(live.sandbox.flow_id, ("bill", "reminder"))
    cards = live.open_world()
    (group,) = cards.seeder.seed(Population.of(3, CardSpec(status=Status.DISMISSED)))
    assert len(group.cards) == 6
    assert {card.card_template_id for card in group.cards} == {"bill", "reminder"}
    assert {card.status for card in live.environment.cards()} == {Status.DISMISSED}


def test_a_flow_that_sends_several_cards_still_gives_one_for_one_spec(serve: Serve) -> None:
    """Seeding one card returns one card, which can be acted on alone."""
    live = serve(cards_per_target="2")
    cards = live.open_world()
    card = cards.seed()
    cards.dismiss(card)
    assert cards.get(card).status is Status.DISMISSED
    states = sorted(record.status.value for record in live.environment.cards())
    assert states == ["active", "dismissed"]


@pytest.mark.parametrize("rehearsed", [True, False])
def test_a_flow_that_sends_some_targets_more_is_taken_whole(
    rehearsed: bool,  # noqa: FBT001
    serve: Serve,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where more cards come than targets were named, the group is handed over once no more do."""
    monkeypatch.setattr(wait_for_cards, "_LEAST_WATCH", 0.1)
    live = serve()
    live.environment.define_flow(live.sandbox.flow_id, ("bill", "reminder"))
    cards = live.open_world()
    find, shown = Reader.find, iter([5] if rehearsed else [])

    def some_late(reader: Reader, query: CardQuery, most_pages: int = 6, **how: float) -> Found:
        found = find(reader, query, most_pages, **how)
        return Found(found.cards[: next(shown, None)], found.exchanges)

    monkeypatch.setattr(Reader, "find", some_late)
    if rehearsed:
        cards.seeder.calibrate()
    shown = iter([4, 4, 5])
    (group,) = cards.seeder.seed(Population.of(3))
    assert len(group.cards) == 6


def test_cards_on_changing_pages_are_found(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where each listing leaves out another card, all are found as soon as each was listed once."""
    cards = serve().open_world(seed_timeout=5.0)
    page = Reader.page
    left_out = cycle(range(3))

    def changing(reader: Reader, query: CardQuery) -> Found:
        found = page(reader, query)
        hidden = next(left_out)
        return Found((*found.cards[:hidden], *found.cards[hidden + 1 :]), found.exchanges)

    monkeypatch.setattr(Reader, "page", changing)
    (group,) = cards.seeder.seed(Population.of(3))
    assert len(group.cards) == 3


@pytest.mark.parametrize("flickers", [True, False])
def test_listings_that_go_back_are_given_time(
    flickers: bool,  # noqa: FBT001
    serve: Serve,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where a rehearsal has seen a card vanish from listings, seeding waits until all is steady."""
    monkeypatch.setattr(live_target, "AT_ONCE", 1)  # so that it is known who gets which listing
    cards = serve().open_world()
    page = Reader.page
    shown = iter([True, True, *[not flickers] * 4])

    def flickering(reader: Reader, query: CardQuery) -> Found:
        return page(reader, query) if next(shown, True) else Found((), ())

    monkeypatch.setattr(Reader, "page", flickering)
    cards.seeder.calibrate()
    began = REAL_CLOCK.monotonic()
    cards.seed()
    assert (cards.seeder.listing_lag >= 1.0) == flickers
    assert REAL_CLOCK.monotonic() - began >= cards.seeder.listing_lag
