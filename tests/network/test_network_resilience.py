"""Our own client on a faulty network: what it repeats, and what it reports."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_atomic_cards.client import RetryPolicy
from pytest_atomic_cards.model.card_spec import Population
from pytest_atomic_cards.model.lifecycle import Action, Status
from pytest_atomic_cards.model.network_faults import NetworkFault, NetworkFaultKind
from pytest_atomic_cards.model.query import CardQuery
from pytest_atomic_cards.model.settings import Settings
from pytest_atomic_cards.strategies import network_faults
from pytest_atomic_cards.support.errors import OutcomeUnknownError, TransportError
from pytest_atomic_cards.targets import SandboxTarget
from pytest_atomic_cards.targets.cards_fixture import Cards

if TYPE_CHECKING:
    from live_sandbox import Serve

Kind = NetworkFaultKind
PASSING = [Kind.RATE_LIMITED, Kind.UNAVAILABLE, Kind.RESET_BEFORE, Kind.RESET_AFTER, Kind.CUT_OFF]
TOKEN = "/oauth2/token"


class Counted:
    """An isolated environment whose client never waits, and the requests that it sends."""

    def __init__(self) -> None:
        self.cards: Cards = SandboxTarget(Settings()).open_world()
        self.sleeps: list[float] = []
        self.sent: Counter[str] = Counter()
        session = self.cards.api.session
        session.retry = RetryPolicy(sleep=self.sleeps.append)
        session.listeners.append(lambda exchange: self.sent.update([exchange.method]))

    def sends(self, method: str) -> int:
        """How many requests with a method were sent since the last call."""
        return self.sent.pop(method, 0)


@pytest.fixture
def counted() -> Counted:
    """A new environment with a token already fetched."""
    world = Counted()
    world.cards.list()
    world.sent.clear()
    return world


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_a_401_renews_the_token_and_repeats_once(counted: Counted, method: str) -> None:
    """One 401 costs one new token and one more request; the caller notices nothing."""
    cards = counted.cards
    card = cards.seed()
    counted.sent.clear()
    cards.faults.inject(Kind.UNAUTHORIZED, method=method)
    if method == "PUT":
        assert cards.cancel(card).summary.updated == 1
    else:
        assert len(cards.list()) == 1
    assert counted.sends(method) == 2


def test_the_token_is_waited_for(counted: Counted) -> None:
    """If the token endpoint limits the rate of renewals, the client tries again."""
    counted.cards.faults.inject(Kind.RATE_LIMITED, path=TOKEN, retry_after=0)
    counted.cards.faults.inject(Kind.UNAUTHORIZED)
    assert counted.cards.list() == []
    assert [(one.kind, one.method) for one in counted.cards.faults.fired] == [
        (Kind.UNAUTHORIZED, "GET"),
        (Kind.RATE_LIMITED, "POST"),
    ]


@pytest.mark.parametrize("kind", PASSING)
def test_a_listing_is_repeated_until_it_is_whole(counted: Counted, kind: NetworkFaultKind) -> None:
    """The cards of the third attempt are returned, no matter which faults hit the first two."""
    card = counted.cards.seed()
    counted.sent.clear()
    counted.cards.faults.inject(kind, times=2, retry_after=3)
    assert [found.card_instance_id for found in counted.cards.list()] == [card.card_instance_id]
    assert counted.sends("GET") == 3
    assert (counted.sleeps[-2:] == [3.0, 3.0]) is (kind is Kind.RATE_LIMITED)


@pytest.mark.parametrize("kind", [*PASSING, Kind.ERROR_AFTER_WRITE])
@pytest.mark.parametrize("action", list(Action))
def test_an_action_is_never_repeated(
    counted: Counted, action: Action, kind: NetworkFaultKind
) -> None:
    """One PUT is sent, and the error says that it may have been applied."""
    cards = counted.cards
    card = cards.seed()
    counted.sent.clear()
    cards.faults.inject(kind, method="PUT")
    with pytest.raises(OutcomeUnknownError, match="may or may not have been applied"):
        getattr(cards, action.value)(card)
    assert counted.sends("PUT") == 1
    applied = cards.get(card).status is action.outcome
    assert applied is kind.is_processed


@pytest.mark.parametrize("kind", list(NetworkFaultKind))
def test_draining_comes_to_its_end(counted: Counted, kind: NetworkFaultKind) -> None:
    """If the response to one of its actions is lost, a drain lists the cards to find out."""
    cards = counted.cards
    group = cards.seeder.seed(Population.of(30))[0]
    cards.faults.inject(kind, skip=1, method="PUT", retry_after=0, delay=0.0)
    report = cards.api.drain(Action.CANCEL, group.pin, batch=10)
    assert report.finished
    assert {card.status for card in cards.environment.cards()} == {Status.CANCELLED}


steps = st.lists(st.sampled_from([*Action, "list"]), min_size=1, max_size=6)


@given(faults=network_faults(), steps=steps)
@settings(deadline=None, max_examples=150)
def test_the_client_reports_what_happened(faults: list[NetworkFault], steps: list[str]) -> None:
    """What succeeded was applied, what was refused was not, and only a 401 has a PUT repeated.

    A listing is either correct or fails.
    """
    world = Counted()
    cards = world.cards
    cards.list()
    seeded = [cards.seed() for _ in steps]
    world.sent.clear()
    cards.faults.inject_all(faults)
    for card, step in zip(seeded, steps, strict=True):
        renewed = sum(one.kind is Kind.UNAUTHORIZED for one in cards.faults.fired)
        if step == "list":
            with suppress(TransportError):
                query = CardQuery(user_id=card.user_id)
                answer = cards.api.list_exchange(query)
                if answer.succeeded:
                    (found,) = answer.json()["data"]
                    assert found["status"] == truth(cards, card.card_instance_id)
            continue
        action = Action(step)
        query = CardQuery(flow_instance_id=card.flow_instance_id)
        try:
            answer = cards.api.act_exchange(action, query)
        except OutcomeUnknownError:
            applied = None
        else:
            applied = answer.succeeded or (None if answer.status == 500 else False)
        after = truth(cards, card.card_instance_id)
        if applied is not None:
            assert after == (action.outcome if applied else Status.ACTIVE)
        renewals = sum(one.kind is Kind.UNAUTHORIZED for one in cards.faults.fired) - renewed
        assert world.sends("PUT") <= 1 + renewals


def truth(cards: Cards, card_instance_id: str | None) -> str:
    """The true state of a card."""
    return cards.environment.card(card_instance_id or "").status


def test_seeding_survives_a_faulty_network(serve: Serve) -> None:
    """On a live target cards are seeded and all cleaned up, despite faults."""
    live = serve()
    for seed in range(3):
        cards = live.open_world()
        cards.faults.scatter(seed, requests=60, share=0.3, retry_after=0, delay=0.0)
        for _ in range(4):
            assert cards.seed().status is Status.ACTIVE
        assert cards.faults.fired
        assert cards.clean_up().left_open == ()
        assert not live.open_cards
