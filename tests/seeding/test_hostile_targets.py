"""Targets that ignore an attribute, or lie about a start: no card of others is ever touched."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from shared_target import IGNORING, INSTANCE, INVOCATION, OLD, SHORT, USER, SharedTarget, in_words

from pytest_atomic_cards.model.card_spec import Population
from pytest_atomic_cards.model.query import CardQuery
from pytest_atomic_cards.support.errors import AtomicCardsError, ScopeError, SeedingError
from pytest_atomic_cards.targets.seeding.journal import journal_directory

if TYPE_CHECKING:
    from collections.abc import Callable

    from live_sandbox import Serve


@pytest.mark.parametrize("ends", ["sound", "killed"])
@pytest.mark.parametrize("count", [1, 4])
@pytest.mark.parametrize("ignored", IGNORING, ids=in_words)
def test_an_ignored_attribute_costs_no_card_of_others(
    ignored: dict[str, set[str]], count: int, ends: str, serve: Serve
) -> None:
    """Where listings or actions ignore an attribute, all own cards are cancelled and no others."""
    shared = SharedTarget(serve())
    shared.live.sandbox.ignored = ignored
    target = shared.target()
    cards = target.open_world().seed_all(Population.of(count))
    assert len(cards) == count
    if ends == "sound":
        target.close()
    else:
        shared.kill(target)
        assert shared.clean(), shared.said
    assert (shared.touched, shared.own_open, shared.journals) == (0, [], 0)


@pytest.mark.parametrize("field", ["flowInvocationId", "flowInstanceId", "cardInstanceId"])
def test_a_card_whose_body_lacks_an_id_is_cancelled(field: str, serve: Serve) -> None:
    """A clean-up finds a card although its body does not repeat the id it is listed by."""
    shared = SharedTarget(serve(faults=[f"card-lacks-{field}"]))
    target = shared.target()
    target.open_world().seed()
    shared.kill(target)
    assert shared.clean(), shared.said
    assert (shared.touched, shared.own_open, shared.journals) == (0, [], 0)


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_where_no_id_is_honoured_nothing_is_sent_twice(method: str, serve: Serve) -> None:
    """If no attribute is honoured, cards are left open, reported, and kept in the journal."""
    shared = SharedTarget(serve())
    shared.live.sandbox.ignored = {method: {INVOCATION, INSTANCE, USER, "lifecycleId"}}
    target = shared.target()
    target.open_world().seed()
    with pytest.raises(SeedingError, match="may be left open"):
        target.close()
    assert not shared.clean()
    assert any("left: " in line for line in shared.said)
    assert (shared.touched, len(shared.own_open), shared.journals) == (0, 1, 1)
    shared.live.sandbox.ignored = {}
    assert shared.clean(), shared.said
    assert (shared.touched, shared.own_open, shared.journals) == (0, [], 0)


@pytest.mark.parametrize("ignored", IGNORING, ids=in_words)
def test_a_test_cannot_touch_cards_of_others(ignored: dict[str, set[str]], serve: Serve) -> None:
    """Whatever a test sends by the ids of its own cards, no card of others changes."""
    shared = SharedTarget(serve())
    shared.live.sandbox.ignored = ignored
    target = shared.target()
    world = target.open_world()
    for pin in ("flow_invocation_id", "flow_instance_id", "user_id"):
        for act in (world.api.dismiss, world.api.complete, world.api.cancel):
            card = world.seed_all(Population.of(2))[0]
            query = CardQuery(**{pin: getattr(card, pin)})
            for asked in (query, query.replace(multiple=True)):
                with suppress(AtomicCardsError):
                    act(asked)
    target.close()
    assert (shared.touched, shared.own_open) == (0, [])


LIES: dict[str, Callable[[Any], Any]] = {
    "an older id": lambda _: {"flowInvocationId": OLD},
    "an older id nearer the top": lambda body: {"flowInvocationId": OLD, "data": body},
    "an older id below": lambda body: {**body, "data": {"flowInvocationId": OLD}},
}


@pytest.mark.parametrize("ends", ["sound", "killed"])
@pytest.mark.parametrize("states", [("active",) * 3, ("embargoed", "completed")])
@pytest.mark.parametrize("starts_nothing", [False, True])
@pytest.mark.parametrize("lie", LIES)
def test_a_start_that_names_a_foreign_invocation_is_not_believed(
    lie: str, states: tuple[str, ...], ends: str, serve: Serve, *, starts_nothing: bool
) -> None:
    """No foreign card is handed over or touched, and the own card is cancelled all the same."""
    shared = SharedTarget(serve(closed_cards_listed="only-by-status"), states)
    shared.live.sandbox.restart = LIES[lie] if not starts_nothing else lambda _: LIES[lie]({})
    shared.live.sandbox.starts_nothing = starts_nothing
    target = shared.target()
    with pytest.raises(SeedingError):
        target.open_world().seed()
    with pytest.raises(AtomicCardsError):
        target._api.cancel(CardQuery(flow_invocation_id=OLD, multiple=True))
    with pytest.raises(AtomicCardsError):
        target._api.cancel(CardQuery(flow_invocation_id=OLD))
    if ends == "sound":
        waiting = target.close().waiting
    else:
        shared.kill(target)
        waiting = () if shared.clean() else tuple(shared.said)
    assert (shared.touched, shared.own_open) == (0, [])
    assert bool(waiting) == starts_nothing == bool(shared.journals)


@pytest.mark.parametrize("starts_nothing", [False, True])
def test_an_invocation_that_is_named_twice_is_refused(
    serve: Serve, *, starts_nothing: bool
) -> None:
    """A second start that is answered like the first one gives no card of the first."""
    shared = SharedTarget(serve())
    target = shared.target()
    world = target.open_world()
    first = world.seed()
    answer = {"flowInvocationId": first.flow_invocation_id}
    shared.live.sandbox.restart = lambda _: answer
    shared.live.sandbox.starts_nothing = starts_nothing
    with pytest.raises(SeedingError, match="belongs to an earlier start"):
        world.seed()
    shared.kill(target)
    assert shared.clean() != starts_nothing
    assert (shared.touched, shared.own_open) == (0, [])


@pytest.mark.parametrize("ends", ["sound", "killed"])
def test_older_cards_of_named_customers_are_not_ours(ends: str, serve: Serve) -> None:
    """Of a customer whom the settings name only cards that were not there before are touched."""
    shared = SharedTarget(serve(), ("active", "active", "embargoed", "snoozed"))
    shared.settings = shared.live.settings(
        seed_timeout=SHORT, user_ids=tuple(card.user_id for card in shared.foreign)
    )
    target = shared.target()
    cards = target.open_world().seed_all(Population.of(4))
    assert {card.user_id for card in cards} == {card.user_id for card in shared.foreign}
    shared.live.sandbox.restart = lambda _: {"flowInvocationId": OLD}
    with pytest.raises(SeedingError):
        target.open_world().seed_all(Population.of(4))
    with pytest.raises(AtomicCardsError):
        target._api.cancel(CardQuery(flow_invocation_id=OLD, multiple=True))
    if ends == "sound":
        assert "real-" in str(target.close().waiting)
    else:
        shared.kill(target)
        assert not shared.clean()
    assert shared.touched == 0
    ours = {card.card_instance_id for card in cards}
    assert not [card for card in shared.live.open_cards if card.card_instance_id in ours]


def test_an_instance_that_others_share_is_not_acted_on(serve: Serve) -> None:
    """A flowInstanceId under which a card of somebody else is listed pins nothing."""
    shared = SharedTarget(serve())
    target = shared.target()
    world = target.open_world()
    card = world.seed()
    fields = {"user_id": "real-9", "flow_instance_id": card.flow_instance_id}
    shared.foreign += shared.live.environment.seed([fields])
    with pytest.raises(ScopeError, match="'real-9', which this run did not seed"):
        world.cancel(card)
    target.close()
    assert (shared.touched, shared.own_open) == (0, [])


@pytest.mark.parametrize("state", ["active", "embargoed", "completed"])
def test_a_stranger_who_joins_an_invocation_is_left_alone(state: str, serve: Serve) -> None:
    """Where others have joined an invocation, in any state, nothing is done by it to several."""
    shared = SharedTarget(serve(closed_cards_listed="only-by-status"))
    target = shared.target()
    card = target.open_world().seed_all(Population.of(3))[0]
    pin = {"flow_invocation_id": card.flow_invocation_id}
    shared.foreign += shared.live.environment.seed([{"user_id": "real-9", "status": state, **pin}])
    with pytest.raises(ScopeError, match="'real-9', which this run did not seed"):
        target._api.cancel(CardQuery(**pin, multiple=True))
    target.close()
    assert (shared.touched, shared.own_open) == (0, [])


def test_many_cards_are_cancelled_together(serve: Serve) -> None:
    """After one card alone has shown that it is safe, a thousand take a single cancel."""
    shared = SharedTarget(serve())
    target = shared.target()
    target.open_world().seeder.seed_bulk(1_000)
    shared.kill(target)
    shared.live.log.clear()
    assert shared.clean(), shared.said
    assert (shared.touched, shared.own_open) == (0, [])
    assert shared.live.count("PUT") <= 3
    assert shared.live.count("GET") < 30


def test_a_journal_of_before_holds_what_customers_held(serve: Serve) -> None:
    """What customers held before a start is written down with it, each card once."""
    shared = SharedTarget(serve())
    shared.settings = shared.live.settings(user_ids=("real-0",))
    target = shared.target()
    world = target.open_world()
    world.seed()
    world.seed()
    (path,) = journal_directory(shared.settings).glob("*.jsonl")
    entries = [json.loads(line) for line in path.read_text().splitlines()]
    first, second = [entry["before"] for entry in entries if "before" in entry]
    assert first == [shared.foreign[0].card_instance_id]
    assert len(second) == 1
    assert second != first
    target.close()
