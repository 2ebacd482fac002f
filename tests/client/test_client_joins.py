"""Targets that join attributes by or, or ignore one: no card of others is touched there."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
from client_doubles import Reply, Target, session
from hypothesis import given
from hypothesis import strategies as st

from pytest_atomic_cards.client import CardsApi, Scope
from pytest_atomic_cards.model.cards import Card
from pytest_atomic_cards.model.lifecycle import Action, Status
from pytest_atomic_cards.model.query import Attribute, CardQuery
from pytest_atomic_cards.support.clock import Clock
from pytest_atomic_cards.support.errors import NotAvailableError, ScopeError, TransportError
from pytest_atomic_cards.targets.seeding.clean_up import Cleaner
from pytest_atomic_cards.targets.seeding.filter_semantics import similar
from pytest_atomic_cards.targets.seeding.listing_reader import Reader
from pytest_atomic_cards.targets.seeding.ownership import Ownership
from pytest_atomic_cards.targets.seeding.start_register import StartRegister
from pytest_atomic_cards.targets.seeding.starts import Start
from pytest_atomic_cards.targets.seeding.state_setup import act_on_state

Body = dict[str, Any]

OWN = "inv-1"
REFUSED = (NotAvailableError, ScopeError, TransportError)


class Hurried(Clock):
    """A time in which pauses are over at once."""

    slept = 0.0

    def monotonic(self) -> float:
        """Seconds that were slept."""
        return self.slept

    def sleep(self, seconds: float) -> None:
        """Let them pass."""
        self.slept += seconds


def body(number: int, invocation: str) -> Body:
    """An active card."""
    return {
        "cardInstanceId": f"card-{number}",
        "cardTemplateId": "template-1",
        "flowInvocationId": invocation,
        "flowInstanceId": f"instance-{number}",
        "lifecycleId": f"life-{number}",
        "userId": f"user-{number}",
        "eventName": "",
        "status": "active",
    }


@dataclass
class Shared:
    """A target with two cards of this run and two of others, by its way of joining attributes.

    Attributes:
        joined_by_or: The attributes that it joins by *or* to all others.
        ignored: The attributes that it ignores.
        ignored_by_actions: Those that only its actions ignore.
        status: What it answers instead, if anything.
        refuses_closed: Whether it refuses actions that match a closed card.
        touched: How many foreign cards were changed.
    """

    joined_by_or: frozenset[str] = frozenset()
    ignored: frozenset[str] = frozenset()
    ignored_by_actions: frozenset[str] = frozenset()
    status: int | None = None
    refuses_closed: bool = False
    touched: int = 0
    cards: list[Body] = field(
        default_factory=lambda: [body(n, OWN if n < 2 else f"inv-{n}") for n in range(4)]
    )

    def __call__(self, request: requests.PreparedRequest) -> Reply:
        """Answer a listing or an action."""
        parts = urlsplit(request.url or "")
        wanted = {k: v for k, v in parse_qsl(str(parts.query)) if k in set(Attribute)}
        if self.status and request.method == "GET":
            return Reply(self.status)
        if request.method == "PUT":
            wanted = {k: v for k, v in wanted.items() if k not in self.ignored_by_actions}
        matching = [card for card in self.cards if self._matches(card, wanted)]
        if request.method == "GET":
            return Reply(body={"data": json.loads(json.dumps(matching))})
        if self.refuses_closed and any(card["status"] != "active" for card in matching):
            return Reply(409)
        for card in matching:
            card["status"] = "cancelled"
            self.touched += card["flowInvocationId"] != OWN
        summary = {"total": len(matching), "updated": len(matching)}
        return Reply(body={"data": [], "summary": summary})

    def _matches(self, card: Body, wanted: dict[str, str]) -> bool:
        wanted = {name: value for name, value in wanted.items() if name not in self.ignored}
        if not wanted:
            return True
        strict = {name: value for name, value in wanted.items() if name not in self.joined_by_or}
        loose = wanted.items() - strict.items()
        holds = bool(strict) and all(card[name] == value for name, value in strict.items())
        return holds or any(card[name] == value for name, value in loose)


def run_on(
    shared: Shared, *, seeded: bool = True, customer: str | None = None
) -> tuple[CardsApi, Target, Ownership]:
    """A client whose run has seeded the first two cards, or only claims their invocation.

    It may claim a customer as well.
    """
    target, scope = Target(shared), Scope()
    api = CardsApi(session(target, guard=scope, clock=Hurried()), "env")
    ownership = scope.evidence = Ownership(api, Reader(api), scope)
    scope.adopt_invocation(OWN)
    if customer:
        scope.adopt_user(customer)
    if seeded:
        users = tuple(card["userId"] for card in shared.cards[:2])
        states = frozenset({Status.ACTIVE})
        ownership.provenance.register(
            Start(number=0, users=users, others=(), states=states, invocation=OWN)
        )
        scope.adopt(map(Card.from_body, shared.cards[:2]))
    return api, target, ownership


UNSAFE = {
    "all by or": lambda: Shared(frozenset(Attribute)),
    "status by or": lambda: Shared(frozenset({"status"})),
    "listings fail": lambda: Shared(status=500),
    "listings are denied": lambda: Shared(status=403),
    "nothing is listed": lambda: Shared(status=404),
}
unsafe = pytest.mark.parametrize("make", UNSAFE.values(), ids=UNSAFE)


@unsafe
def test_a_narrowed_action_does_not_leave(make: Callable[[], Shared]) -> None:
    """Where and is not seen, an action on a state and an id of this run is not sent."""
    shared = make()
    api, target, _ = run_on(shared)
    for _ in range(5):
        with pytest.raises(REFUSED, match=r"combine attributes by and|list"):
            api.cancel(CardQuery(flow_invocation_id=OWN, status=Status.ACTIVE, multiple=True))
    assert "PUT" not in target.methods
    assert shared.touched == 0


@pytest.mark.parametrize("multiple", [False, True])
def test_a_claimed_id_is_not_enough(*, multiple: bool) -> None:
    """No action goes by an invocation that holds cards which the run did not seed."""
    api, target, _ = run_on(Shared(), seeded=False)
    with pytest.raises(ScopeError, match="'user-0', which this run did not seed"):
        api.cancel(CardQuery(flow_invocation_id=OWN, multiple=multiple))
    assert "PUT" not in target.methods


@pytest.mark.parametrize("by_or", [frozenset(Attribute), frozenset({"status"})])
def test_an_id_alone_passes_under_any_join(by_or: frozenset[str]) -> None:
    """An action by an id of this run alone touches its cards however attributes are joined."""
    shared = Shared(by_or)
    api, _, _ = run_on(shared)
    api.cancel(CardQuery(flow_invocation_id=OWN))
    assert [card["status"] for card in shared.cards] == ["cancelled"] * 2 + ["active"] * 2


@pytest.mark.parametrize("status", [500, 403, 404])
def test_what_is_not_listed_is_not_acted_on(status: int) -> None:
    """Where no card of the run is listed under an id, no action goes by it."""
    shared = Shared(status=status)
    api, target, _ = run_on(shared)
    with pytest.raises((ScopeError, TransportError), match="list"):
        api.cancel(CardQuery(flow_instance_id="instance-0"))
    assert "PUT" not in target.methods


def test_a_card_that_left_the_listings_is_acted_on_by_its_invented_customer() -> None:
    """A customer of this run is still its own when the card was listed, and no longer is."""
    shared = Shared()
    api, target, ownership = run_on(shared, customer="user-0")
    ownership.look(CardQuery(flow_invocation_id=OWN))
    assert ownership.filter_semantics.is_honoured(Attribute.USER_ID)
    del shared.cards[0]
    api.cancel(CardQuery(user_id="user-0"))
    assert target.methods[-1] == "PUT"


def test_a_customer_whose_card_was_never_listed_is_not_acted_on() -> None:
    """That this run invented a customer does not show that an action finds the cards."""
    shared = Shared()
    del shared.cards[0]
    api, target, ownership = run_on(shared, customer="user-0")
    ownership.provenance.register(
        Start(number=1, users=("user-0",), others=(), states=frozenset(), invocation=OWN)
    )
    ownership.look(CardQuery(flow_invocation_id=OWN))
    with pytest.raises(ScopeError, match="no card that this run seeded is listed under userId"):
        api.cancel(CardQuery(user_id="user-0"))
    assert "PUT" not in target.methods


def test_several_cards_need_an_action_that_honours_the_id() -> None:
    """If listings honour an id and actions do not, none is sent by it to several cards."""
    shared = Shared(ignored_by_actions=frozenset({"flowInvocationId"}))
    api, _, _ = run_on(shared)
    with pytest.raises(NotAvailableError, match="cancel was not seen to honour flowInvocationId"):
        api.cancel(CardQuery(flow_invocation_id=OWN, multiple=True))
    assert shared.touched == 0


@pytest.mark.parametrize("status", [None, Status.ACTIVE])
def test_an_action_by_an_ignored_id_does_not_leave(status: Status | None) -> None:
    """Where listings show that an id is ignored, no action goes by it; others go as ever."""
    shared = Shared(ignored=frozenset({"flowInvocationId"}))
    api, target, _ = run_on(shared)
    with pytest.raises(NotAvailableError, match="ignores flowInvocationId"):
        api.cancel(CardQuery(flow_invocation_id=OWN, status=status, multiple=True))
    assert "PUT" not in target.methods
    api.cancel(CardQuery(flow_instance_id="instance-0", status=status))
    assert [card["status"] for card in shared.cards] == ["cancelled"] + ["active"] * 3


def test_a_pair_that_is_joined_by_and_passes_alone() -> None:
    """Each pair of attributes is looked at, as a target may join some by and and some by or."""
    shared = Shared(frozenset({"status"}))
    api, _, _ = run_on(shared)
    query = CardQuery(flow_invocation_id=OWN, card_template_id="template-1", multiple=True)
    with pytest.raises(NotAvailableError):
        api.cancel(query.replace(status="active"))
    api.cancel(query)
    assert (shared.touched, shared.cards[0]["status"]) == (0, "cancelled")


def test_and_is_asked_for_once() -> None:
    """Where and was seen actions pass without another look."""
    api, target, _ = run_on(Shared())
    query = CardQuery(flow_invocation_id=OWN, status=Status.ACTIVE, multiple=True)
    api.cancel(query)
    looks = target.methods.count("GET")
    api.cancel(query)
    assert target.methods.count("GET") == looks > 0


@pytest.mark.parametrize("by_or", [frozenset(), frozenset({"status"})], ids=["and", "or"])
def test_seeding_acts_on_own_cards_alone(by_or: frozenset[str]) -> None:
    """Where a state cannot be named safely, the id of the invocation is used alone."""
    shared = Shared(by_or)
    api, _, _ = run_on(shared)
    query = CardQuery(flow_invocation_id=OWN, multiple=True)
    assert act_on_state(api, Action.CANCEL, query, Status.ACTIVE).succeeded
    assert [card["status"] for card in shared.cards] == ["cancelled"] * 2 + ["active"] * 2


@pytest.mark.parametrize(
    "shared",
    [
        Shared(),
        Shared(frozenset(Attribute)),
        Shared(frozenset({"status"})),
        Shared(ignored=frozenset({"flowInvocationId"})),
    ],
    ids=["by and", "by or", "status by or", "ignored"],
)
def test_clean_up_leaves_others_alone(shared: Shared) -> None:
    """Clean-up cancels what this run seeded, and is not misled by cards of others."""
    api, _, ownership = run_on(shared)
    cleaner = Cleaner(api, StartRegister(ownership))
    cleaner.register.confirm(start := cleaner.register.begin(["user-0"], [], [Status.ACTIVE]), OWN)
    report = cleaner.clean_up([start])
    assert (report.left_open, report.waiting) == ((), ())
    assert [card["status"] for card in shared.cards] == ["cancelled"] * 2 + ["active"] * 2


def test_clean_up_gets_past_closed_cards() -> None:
    """Where an action on a closed card is refused as a whole, open ones are cancelled singly."""
    shared = Shared(frozenset(Attribute), refuses_closed=True)
    api, _, ownership = run_on(shared)
    api.cancel(CardQuery(flow_instance_id="instance-0"))
    cleaner = Cleaner(api, StartRegister(ownership))
    cleaner.register.confirm(start := cleaner.register.begin(["user-0"], [], [Status.ACTIVE]), OWN)
    assert cleaner.clean_up([start]).left_open == ()
    assert [card["status"] for card in shared.cards] == ["cancelled"] * 2 + ["active"] * 2


@given(st.text(st.sampled_from("0189abfzABFZ-_.~ ü"), min_size=1))
def test_a_similar_value_has_the_same_form(value: str) -> None:
    """Digits stay digits and letters letters of the same case, where they were."""

    def form(text: str) -> list[tuple[bool, bool, bool]]:
        return [(one.isdigit(), one.islower(), one.isupper()) for one in text]

    assert form(similar(value)) == form(value)
