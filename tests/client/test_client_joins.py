"""Targets that join attributes by or, or ignore one: no card of others is touched there."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joining_target import OWN, Shared, run_on

from pytest_atomic_cards.model.lifecycle import Action, Status
from pytest_atomic_cards.model.query import Attribute, CardQuery
from pytest_atomic_cards.support.errors import NotAvailableError, ScopeError, TransportError
from pytest_atomic_cards.targets.seeding.clean_up import Cleaner
from pytest_atomic_cards.targets.seeding.filter_semantics import similar
from pytest_atomic_cards.targets.seeding.start_register import StartRegister
from pytest_atomic_cards.targets.seeding.starts import Start
from pytest_atomic_cards.targets.seeding.state_setup import act_on_state

REFUSED = (NotAvailableError, ScopeError, TransportError)
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
