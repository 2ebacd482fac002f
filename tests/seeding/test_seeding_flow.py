"""Seeding through an Action Flow, against a sandbox behind a socket."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

import pytest

from pytest_atomic_cards.model.card_spec import CardSpec, Population
from pytest_atomic_cards.model.exchange import Exchange
from pytest_atomic_cards.model.lifecycle import Status
from pytest_atomic_cards.model.query import CardQuery
from pytest_atomic_cards.support.errors import NotAvailableError, SeedingError

if TYPE_CHECKING:
    from live_sandbox import Serve

    from pytest_atomic_cards.targets.cards_fixture import Cards

HOUR = timedelta(hours=1)


def starts(cards: Cards) -> list[list[dict[str, Any]]]:
    """The ``flows`` of every start that is sent from now on."""
    sent: list[list[dict[str, Any]]] = []

    def observe(exchange: Exchange) -> None:
        if exchange.path.endswith(("/start", "/test")):
            sent.append(json.loads(exchange.request_body)["flows"])

    cards.api.session.listeners.append(observe)
    return sent


def users_of(flow: dict[str, Any]) -> list[str]:
    """The customers that one element of ``flows`` targets."""
    users: list[str] = flow["target"]["usersById"]
    return users


def test_one_start_seeds_a_whole_population(serve: Serve) -> None:
    """All cards of a population come from one start, in the order of its specs."""
    live = serve()
    cards = live.open_world()
    users = ["customer-b", "customer-a", "customer-c"]
    seeded = cards.seed_all(Population(tuple(CardSpec(user_id=user) for user in users)))
    assert [card.user_id for card in seeded] == users
    assert live.count("POST /v1/sandbox/action-flow") == 1


@pytest.mark.parametrize(
    ("specs", "targeted"),
    [
        ([{"user_id": "a"}, {"user_id": "b"}, {"user_id": "c"}], [["a", "b", "c"]]),
        ([{"user_id": "a"}, {"user_id": "a"}, {"user_id": "b"}], [["a", "b"], ["a"]]),
        ([{"user_id": "a"}, {"user_id": "b", "priority": 1}], [["a"], ["b"]]),
        ([{"user_id": "a", "variables": {"n": 1}}, {"user_id": "b"}], [["a"], ["b"]]),
        ([{"user_id": "a", "metadata": {"n": 1}}, {"user_id": "b"}], [["a"], ["b"]]),
        ([{"user_id": "a", "expires": HOUR}, {"user_id": "b", "expires": HOUR}], [["a", "b"]]),
        ([{"user_id": "a", "expires": HOUR}, {"user_id": "b"}], [["a"], ["b"]]),
    ],
)
def test_targets_hold_cards_that_are_alike(
    specs: list[dict[str, Any]], targeted: list[list[str]], serve: Serve
) -> None:
    """One target of a start names all customers whose cards are alike, and none of them twice."""
    cards = serve().open_world()
    sent = starts(cards)
    seeded = cards.seed_all(Population(tuple(CardSpec(**spec) for spec in specs)))
    assert [users_of(flow) for flow in sent[0]] == targeted
    assert sorted(str(card.user_id) for card in seeded) == sorted(spec["user_id"] for spec in specs)


def test_everything_that_a_card_is_given_is_sent(serve: Serve) -> None:
    """Variables, metadata, priority and expiry of a spec arrive at the card."""
    live = serve()
    card = live.open_world(flow_variables={"name": "of the settings", "due": "today"}).seed(
        variables={"name": "of the spec"}, metadata={"run": 7}, priority=2, expires=HOUR
    )
    assert card.payload["detail"] == {"name": "of the spec", "due": "today"}
    assert card.payload["metadata"] == {"run": 7}
    assert card.payload["cardOptions"]["priority"] == 2
    (record,) = live.environment.cards()
    assert record.expires_at is not None


def test_users_are_generated_and_never_repeated(serve: Serve) -> None:
    """Cards without a user get customers that no other run has, one each."""
    live = serve()
    for _ in range(2):
        live.open_world().seed_all(Population.of(3))
    assert len({record.user_id for record in live.environment.cards()}) == 6


def test_only_the_allowed_users_are_targeted(serve: Serve) -> None:
    """With ATOMIC_CARDS_USER_IDS cards go to those customers in turn, and to no others."""
    cards = serve().open_world(user_ids=("ann", "bob"))
    seeded = cards.seed_all(Population.of(3))
    assert sorted(str(card.user_id) for card in seeded) == ["ann", "ann", "bob"]
    assert cards.seed(user_id="bob").user_id == "bob"
    with pytest.raises(NotAvailableError, match=r"ATOMIC_CARDS_USER_IDS.*'eve'"):
        cards.seed(user_id="eve")
    for generate in (cards.backend.new_user, cards.backend.new_number):
        with pytest.raises(NotAvailableError, match="ATOMIC_CARDS_USER_IDS"):
            generate()


def test_a_live_customer_can_be_a_number(serve: Serve) -> None:
    """A generated id of digits only is one that the run may act on."""
    cards = serve().open_world()
    card = cards.seed(user_id=cards.backend.new_number())
    assert card.user_id is not None
    assert card.user_id.isdecimal()
    cards.api.cancel(CardQuery(user_id=card.user_id))
    assert cards.get(card).status is Status.CANCELLED


def test_a_flow_that_is_not_published_can_be_tested(serve: Serve) -> None:
    """In flow mode test the flow's test endpoint is used, and its cards are found all the same."""
    live = serve()
    live.environment.define_flow("draft", published=False)
    live.environment.test_users = frozenset({"tester"})
    card = live.open_world(flow_id="draft", flow_mode="test", user_ids=("tester",)).seed()
    assert card.event_source == "test"
    assert live.count("POST /v1/sandbox/action-flow/draft/test") == 1


def test_a_user_who_is_no_test_user_is_told(serve: Serve) -> None:
    """Where test mode ignores a customer the error names the setting that should be checked."""
    live = serve()
    live.environment.test_users = frozenset({"tester"})
    users = ("customer-1", "tester")
    cards = live.open_world(flow_mode="test", user_ids=users, seed_timeout=0.1)
    with pytest.raises(SeedingError, match=r"all visible.*flow mode test.*ATOMIC_CARDS_USER_IDS"):
        cards.seed(user_id="customer-1")
    assert cards.seed(user_id="tester").user_id == "tester"


def test_a_start_names_lifecycle_ids(serve: Serve) -> None:
    """Cards get the lifecycle ids that their specs name, and others get ids of the target."""
    live = serve()
    specs = [CardSpec(lifecycle_id="one"), CardSpec(lifecycle_id="two"), CardSpec()]
    group = live.open_world().seeder.seed(Population(tuple(specs)))[0]
    first, second, third = [card.lifecycle_id for card in group.cards]
    assert (first, second) == ("one", "two")
    assert third not in {None, "one", "two"}


@pytest.mark.parametrize("way", ["interval", "timestamp"])
def test_an_expiry_is_told_in_one_of_two_ways(
    way: Literal["interval", "timestamp"], serve: Serve
) -> None:
    """A start tells when cards expire as an interval, or as a timestamp by the target's clock."""
    cards = serve().open_world()
    sent = starts(cards)
    card = cards.seed(expires=HOUR, expiry_as=way)
    ((flow,),) = sent
    options = flow["payload"]["cardOptions"]
    if way == "interval":
        assert options == {"expiresInterval": "PT3600S"}
    else:
        assert card.created is not None
        assert abs(datetime.fromisoformat(options["expires"]) - card.created - HOUR) < HOUR / 60
