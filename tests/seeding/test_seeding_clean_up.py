"""Cleaning up: what was seeded is cancelled, whatever happens, and nothing else is touched."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from test_clean_up_of_runs import statuses

from pytest_atomic_cards.client import ScopeWarning
from pytest_atomic_cards.model.card_spec import CardSpec, Population
from pytest_atomic_cards.model.lifecycle import Status
from pytest_atomic_cards.model.query import CardQuery
from pytest_atomic_cards.support.clock import Clock
from pytest_atomic_cards.support.errors import ScopeError, SeedingError
from pytest_atomic_cards.targets import LiveTarget, live_target, world_on
from pytest_atomic_cards.targets.seeding.listing_reader import Found, Reader

if TYPE_CHECKING:
    from live_sandbox import LiveSandbox, Serve

    from pytest_atomic_cards.targets.cards_fixture import Cards


HOUR = timedelta(hours=1)


def seed_variety(cards: Cards) -> None:
    """Seed cards of every state that a live target can give, and act on some."""
    for state in (Status.ACTIVE, Status.DISMISSED, Status.CANCELLED, Status.EMBARGOED):
        cards.seed_all(Population.of(2, CardSpec(status=state)))
    cards.complete(cards.seed(), {"quantity": 2})
    cards.seed(expires=HOUR)


def test_everything_open_is_cancelled(serve: Serve) -> None:
    """After the clean-up no seeded card is open, and closed ones are as they were."""
    live = serve()
    cards = live.open_world()
    seed_variety(cards)
    closed = [record for record in live.environment.cards() if record.status.is_closed]
    report = cards.clean_up()
    assert (report.invocations, report.left_open) == (6, ())
    assert not live.open_cards
    assert [live.environment.card(record.card_instance_id) for record in closed] == closed


def test_more_cards_than_one_cancel_takes_are_cleaned_up(serve: Serve) -> None:
    """Cancelling is repeated where a group has more cards than the largest limit."""
    live = serve()
    cards = live.open_world()
    cards.seeder.seed_bulk(1_100)
    cards.clean_up()
    assert not live.open_cards


def test_cards_that_never_became_visible_are_cleaned_up(serve: Serve) -> None:
    """Cards that appear after their seeding was given up are cancelled all the same."""
    live = serve(creation_delay=HOUR)
    cards = live.open_world(seed_timeout=0.05)
    with pytest.raises(SeedingError):
        cards.seed()
    live.sandbox.clock.advance(2 * HOUR)
    assert len(live.open_cards) == 1
    cards.clean_up()
    assert not live.open_cards


def test_an_error_is_cleaned_up_after(serve: Serve) -> None:
    """A world that is left by an error is cleaned up, and the error goes on."""
    live = serve()
    with pytest.raises(ZeroDivisionError), world_on(LiveTarget(live.settings())) as cards:
        _ = len(cards.seed_all(Population.of(2))) / 0
    assert statuses(live) == [Status.CANCELLED] * 2


def test_a_failed_clean_up_does_not_hide_why_a_block_failed(serve: Serve) -> None:
    """What went wrong first is raised; that cards are left open as well is a note on it."""
    target = LiveTarget(serve(faults=["cancel-without-effect"]).settings())
    with pytest.raises(ZeroDivisionError) as raised, world_on(target) as cards:
        _ = len(cards.seed_all(Population.of(2))) / 0
    (note,) = raised.value.__notes__
    assert note.startswith("seeded cards may be left open: ")
    with pytest.raises(SeedingError, match="may be left open"):
        target.close()


def test_cleaning_up_twice_changes_nothing(serve: Serve) -> None:
    """Where nothing is open any more a second clean-up only looks."""
    live = serve()
    cards = live.open_world()
    cards.seed()
    cards.clean_up()
    sent = live.count("PUT")
    assert sent > 0
    assert cards.clean_up().left_open == ()
    assert live.count("PUT") == sent


def test_late_cards_are_cleaned_up_at_the_end_of_the_run(serve: Serve) -> None:
    """A card that appears after its world was left is cancelled when the target is closed."""
    live = serve(creation_delay=HOUR)
    target = LiveTarget(live.settings(seed_timeout=0.05))
    with world_on(target) as cards, pytest.raises(SeedingError):
        cards.seed()
    live.sandbox.clock.advance(2 * HOUR)
    assert len(live.open_cards) == 1
    target.close()
    assert not live.open_cards


MANY = 45


def many_worlds(live: LiveSandbox) -> LiveTarget:
    """A target after a run of many tests, each of which seeded a card in a world of its own."""
    target = LiveTarget(live.settings())
    for _ in range(MANY):
        with world_on(target) as cards:
            cards.seed()
    return target


def test_the_end_of_a_long_run_looks_at_few_worlds_again(serve: Serve) -> None:
    """Where all cards were seen and cancelled, only a sample is listed again."""
    live = serve()
    target = many_worlds(live)
    before = live.count("GET")
    target.close()
    assert 0 < live.count("GET") - before < MANY


def test_a_late_card_makes_all_worlds_be_looked_at(serve: Serve) -> None:
    """Once one late card comes to light at the end, late cards of all other worlds do, too."""
    live = serve()
    target = many_worlds(live)
    late = [
        {"user_id": card.user_id, "flow_invocation_id": card.flow_invocation_id}
        for card in live.environment.cards()
    ]
    live.environment.seed(late)
    assert len(live.open_cards) == MANY
    target.close()
    assert not live.open_cards


def test_an_empty_listing_is_not_believed_where_listings_go_back(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On such a target a card that the first listing of a clean-up misses is cancelled, too."""
    monkeypatch.setattr(live_target, "AT_ONCE", 1)  # so that it is known who gets which listing
    live = serve()
    cards = live.open_world()
    page = Reader.page
    shown = iter([True, True, True, False])  # the rehearsal sees a card vanish

    def missing(reader: Reader, query: CardQuery) -> Found:
        return page(reader, query) if next(shown, True) else Found((), ())

    monkeypatch.setattr(Reader, "page", missing)
    cards.seeder.calibrate()
    assert cards.seeder.listing_lag > 0
    shown = iter([False])
    assert cards.clean_up().left_open == ()
    assert not live.open_cards


@pytest.mark.parametrize("seconds", ["listing_lag", "late_card_window"])
def test_all_worlds_are_looked_at_again_where_cards_may_come_to_light(
    seconds: str, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where listings go back, or starts send several cards, any late card is cancelled."""
    live = serve()
    target = many_worlds(live)
    early = live.environment.cards()[MANY // 2 + 1]
    live.environment.seed(
        [{"user_id": early.user_id, "flow_invocation_id": early.flow_invocation_id}]
    )
    monkeypatch.setattr(target._cleaner, seconds, 0.01)
    target.close()
    assert not live.open_cards


def test_worlds_of_one_run_leave_each_other_alone(serve: Serve) -> None:
    """One world's clean-up cancels its own cards only."""
    live = serve()
    target = LiveTarget(live.settings())
    first, second = target.open_world(), target.open_world()
    first.seed()
    kept = second.seed()
    first.clean_up()
    assert [record.card_instance_id for record in live.open_cards] == [kept.card_instance_id]


def test_strangers_cards_are_never_touched(serve: Serve) -> None:
    """A whole run of seeding, acting and cleaning up leaves every other card as it was."""
    live = serve()
    users = ("ann", "bob")
    strangers = live.environment.seed(
        {"user_id": user, "status": state} for user in (*users, "eve") for state in Status
    )
    cards = live.open_world(user_ids=users)
    seed_variety(cards)
    cards.dismiss(cards.seed(user_id="ann"))
    cards.clean_up()
    assert not [card for card in live.open_cards if card not in strangers]
    after = [live.environment.card(record.card_instance_id) for record in strangers]
    assert after == strangers


def test_strangers_cards_can_be_touched_on_purpose(serve: Serve) -> None:
    """Only inside ``cards.api.unguarded``, with a warning, is a card of another cancelled."""
    live = serve()
    live.environment.seed([{"user_id": "ann"}])
    cards = live.open_world()
    with pytest.raises(ScopeError):
        cards.api.cancel(CardQuery(user_id="ann"))
    assert live.count("PUT") == 0
    reason = "she left this environment"
    with pytest.warns(ScopeWarning, match=reason), cards.api.unguarded(reason):
        cards.api.cancel(CardQuery(user_id="ann"))
    assert statuses(live) == [Status.CANCELLED]


def test_what_cannot_be_cancelled_is_told(serve: Serve) -> None:
    """An embargoed card that the target does not let go is named with the reason, and no error."""
    live = serve(wrong_state="409", cancel_embargoed="refused")
    with world_on(LiveTarget(live.settings())) as cards:
        cards.seed_all(Population((CardSpec(embargo=HOUR), CardSpec())))
        report = cards.clean_up()
    assert report.left_open == ()
    assert [status for status in Status if any(status in text for text in report.waiting)] == [
        Status.EMBARGOED
    ]
    assert "409" in report.waiting[0]
    assert [record.status for record in live.open_cards] == [Status.EMBARGOED]


def test_a_cancel_without_effect_is_told(serve: Serve) -> None:
    """Cards that stay open although each cancel succeeds are reported as left open."""
    live = serve(faults=["cancel-without-effect"])
    cards = live.open_world()
    cards.seed()
    (left,) = cards.clean_up().left_open
    assert "status=active" in left


def test_a_query_pins_the_clean_up(serve: Serve) -> None:
    """A clean-up cancels a single card first, and then all of the invocation in a state."""
    live = serve()
    cards = live.open_world()
    queries: list[CardQuery] = []
    cards.api.session.listeners.append(
        lambda exchange: (
            queries.append(CardQuery.parse(exchange.query))
            if exchange.path.endswith("/cancel")
            else None
        )
    )
    seeded = cards.seed_all(Population.of(3))
    cards.clean_up()
    assert queries
    assert [query.multiple for query in queries[:-1]] == [False] * (len(queries) - 1)
    assert queries[-1].replace(limit=None) == CardQuery(
        flow_invocation_id=seeded[0].flow_invocation_id, status=Status.ACTIVE, multiple=True
    )


def test_further_cards_of_the_last_start_are_awaited_at_the_end(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a start sends several cards, a run ends when the last one may have sent them all."""
    live = serve()
    target = LiveTarget(live.settings())
    world = target.open_world()
    card = world.seed()
    world.clean_up()
    monkeypatch.setattr(target._cleaner, "late_card_window", 3.0)
    further = {"user_id": card.user_id, "flow_invocation_id": card.flow_invocation_id}
    late, sleep = [further], Clock.sleep

    def wait(clock: Clock, seconds: float) -> None:
        sleep(clock, seconds)
        while late:
            live.environment.seed([late.pop()])

    monkeypatch.setattr(Clock, "sleep", wait)
    target.close()
    assert not live.open_cards
    assert len(live.environment.cards()) == 2
