"""States, embargo and expiry of cards that come from an Action Flow."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import pytest

from pytest_atomic_cards.model.card_spec import CardSpec, Population
from pytest_atomic_cards.model.exchange import Exchange
from pytest_atomic_cards.model.lifecycle import Status
from pytest_atomic_cards.support.errors import NotAvailableError, SeedingError
from pytest_atomic_cards.targets.seeding.flow_backend import FlowBackend

if TYPE_CHECKING:
    from live_sandbox import Serve

HOUR = timedelta(hours=1)
SHORTLY = timedelta(milliseconds=150)
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize("state", [Status.DISMISSED, Status.COMPLETED, Status.CANCELLED])
@pytest.mark.parametrize("closed_cards_listed", ["yes", "only-by-status"])
def test_closed_cards_are_made_by_acting(
    state: Status, closed_cards_listed: str, serve: Serve
) -> None:
    """A card is brought to a closed state through the API, wherever closed cards are listed."""
    live = serve(closed_cards_listed=closed_cards_listed)
    assert live.open_world().seed(status=state).status is state
    assert [record.status for record in live.environment.cards()] == [state]


def test_cancelled_cards_may_leave_all_listings(serve: Serve) -> None:
    """Where cancelled cards are never listed they can be seeded all the same."""
    live = serve(cancelled_cards_listed="no")
    cards = live.open_world()
    card = cards.seed(status=Status.CANCELLED)
    assert card.status is Status.CANCELLED
    assert cards.get(card).status is None
    assert [record.status for record in live.environment.cards()] == [Status.CANCELLED]


def test_cards_of_one_population_can_be_in_different_states(serve: Serve) -> None:
    """Each card is in the state that its own spec asks for."""
    states = [Status.COMPLETED, Status.ACTIVE, Status.DISMISSED, Status.EMBARGOED]
    live = serve()
    specs = Population(tuple(CardSpec(status=state) for state in states))
    assert [card.status for card in live.open_world().seed_all(specs)] == states
    assert sorted(record.status for record in live.environment.cards()) == sorted(states)


def test_embargo_and_expiry_are_asked_for_and_read_back(serve: Serve) -> None:
    """An embargoed card is embargoed; one that expires is waited for until it has."""
    cards = serve().open_world()
    assert cards.seed(embargo=HOUR).status is Status.EMBARGOED
    expired = cards.seed(status=Status.EXPIRED, expires=SHORTLY)
    assert cards.get(expired).status is Status.EXPIRED


def test_cards_that_expire_before_they_are_listed_are_found(serve: Serve) -> None:
    """Where closed cards are listed by their state alone, an expired one is looked for so."""
    live = serve(creation_delay=2 * SHORTLY, closed_cards_listed="only-by-status")
    card = live.open_world(seed_timeout=5.0).seed(status=Status.EXPIRED, expires=SHORTLY)
    assert card.status is Status.EXPIRED


@pytest.mark.parametrize(
    "wanted",
    [{"embargo": HOUR}, {"status": Status.EXPIRED, "expires": SHORTLY}],
    ids=["embargo", "expiry"],
)
def test_delivery_options_that_are_not_honoured_are_told(
    wanted: dict[str, Any], serve: Serve
) -> None:
    """A flow that overrides embargo or expiry makes such cards unavailable, not wrong."""
    cards = serve(delivery_options="ignored").open_world(settling=0.1)
    with pytest.raises(NotAvailableError, match=r"did not honour.*delivery options"):
        cards.seed(**wanted)


@pytest.mark.parametrize("status", [400, 403, 500])
def test_delivery_options_that_are_refused_are_told(
    status: int, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A flow that starts without options, and refuses them, makes such cards unavailable."""
    cards = serve().open_world()
    cards.seed()

    def refuse(*_: object) -> str:
        raise SeedingError("not started", Exchange("POST", "http://x", NOW, 0.0, status=status))

    monkeypatch.setattr(FlowBackend, "place", refuse)
    with pytest.raises(SeedingError):
        cards.seed()
    refused = NotAvailableError if status < HTTPStatus.INTERNAL_SERVER_ERROR else SeedingError
    with pytest.raises(refused, match="not started"):
        cards.seed(embargo=HOUR)


def test_another_world_knows_that_starts_without_options_succeed(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a new environment a refusal of options is not mistaken for a refusal of every start."""
    live = serve()
    first, second = live.open_world(), live.open_world()
    first.seed()
    second.seeder.learn_from(first.seeder)

    def refuse(*_: object) -> str:
        raise SeedingError("not started", Exchange("POST", "http://x", NOW, 0.0, status=400))

    monkeypatch.setattr(FlowBackend, "place", refuse)
    with pytest.raises(
        NotAvailableError, match="start with delivery options is refused: not started"
    ):
        second.seed(embargo=HOUR)


def test_an_action_without_effect_is_a_seeding_error(serve: Serve) -> None:
    """A target on which dismissing changes nothing cannot give dismissed cards."""
    cards = serve(faults=["dismiss-without-effect"]).open_world(settling=0.1)
    with pytest.raises(SeedingError, match="should be dismissed are active"):
        cards.seed(status=Status.DISMISSED)


def test_an_action_that_is_refused_is_a_seeding_error(serve: Serve) -> None:
    """A target that refuses to act on several cards cannot give groups of closed ones."""
    cards = serve(faults=["multiple-always-refused"]).open_world(settling=0.1)
    with pytest.raises(SeedingError, match=r"complete .*flowInvocationId=.*HTTP 400"):
        cards.seed_all(Population.of(2, CardSpec(status=Status.COMPLETED)))


def test_cards_are_seen_once_the_target_shows_them(serve: Serve) -> None:
    """A target whose listings lag behind is polled until they show the state asked for."""
    cards = serve(read_after_write="delayed").open_world()
    assert cards.get(cards.seed(status=Status.COMPLETED)).status is Status.COMPLETED
