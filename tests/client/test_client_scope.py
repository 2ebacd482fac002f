"""The scope guard: only actions that are pinned to cards of this run are sent."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qsl, urlsplit

import pytest
from client_doubles import BASE, MINE, Target, scope_of_this_run, session
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pytest_atomic_cards.client import CardsApi, Scope
from pytest_atomic_cards.model.cards import Card
from pytest_atomic_cards.model.lifecycle import Action
from pytest_atomic_cards.model.query import CardQuery
from pytest_atomic_cards.support.errors import MisuseError, ScopeError

CANCEL = f"{BASE}/v1/env/cards/cancel"
NAMES = [
    "eventName",
    "lifecycleId",
    "cardTemplateId",
    "flowInstanceId",
    "flowInvocationId",
    "userId",
    "status",
    "limit",
    "offset",
    "multiple",
]


@pytest.mark.parametrize(
    "query",
    [
        "flowInvocationId=inv-1",
        "flowInvocationId=inv-2",
        "flowInstanceId=flow-1&multiple=1",
        "lifecycleId=life-1&flowInstanceId=flow-1&limit=1000",
        "userId=user%20of%20mine&status=active&cardTemplateId=x&eventName=y&offset=0",
        "userId=a-real-customer&flowInvocationId=%69nv-1",
    ],
)
def test_an_action_pinned_to_this_run_passes(query: str) -> None:
    """One id of this run is enough, whatever else narrows the query."""
    scope_of_this_run().check("PUT", f"{CANCEL}?{query}")


@pytest.mark.parametrize(
    "query",
    [
        "",
        "multiple=1",
        "status=active&multiple=1",
        "userId=a-real-customer",
        "cardTemplateId=template-1&multiple=1",
        "flowInvocationId=",
        "flowInvocationId",
        "lifecycleId=life-1",
        "lifecycleId=life-1&userId=a-real-customer",
        "flowInvocationId=inv-3",
        "flowInstanceId=inv-1",
        "flowinvocationid=inv-1",
        "FlowInvocationId=inv-1",
        "flowInvocationId=inv-1&flowInvocationId=inv-9",
        "flowInvocationId=inv-1&flowInvocationId=inv-1",
        "flowInvocationId=inv-1&flowInvocation%49d=inv-9",
        "flowInvocationId=inv-1&userId=",
        "flowInvocationId=inv-1&unknown=1",
        "flowInvocationId=inv-1&",
        "&flowInvocationId=inv-1",
        "flowInvocationId=inv-1;userId=x",
        "flowInvocationId=inv-1=",
        "flowInvocationId[]=inv-1",
        "flowInvocationId=INV-1",
        "flowInvocationId=inv-1%",
        "flowInvocationId=inv-1%zz",
        "flowInvocationId=inv-1%00",
        "flowInvocationId=inv-1%ff",
        "flowInvocationId=inv-1&userId=%ff",
        "flowInvocationId=%EF%BB%BFinv-1",
        "flowInvocationId=%2569nv-1",
        "userId=user+of+mine",
        "userId=x#&flowInvocationId=inv-1",
        "cardTemplateId=%00&flowInvocationId=inv-1",
        "flowInvocationId=inv-1&userId=x%0D%0Ay",
        "flowInvocationId=inv-1&userId=x%26flowInvocationId%3Dinv-9",
        "flowInvocationId=inv-1&userId=x%253bUSERID%253dann",
        "flowInvocationId=inv-1&eventName=x%26userId%5B%5D%3Dann",
        "flowInvocationId=inv-1&eventName=x%EF%BC%86userId%EF%BC%9Dann",
        "flowInvocationId=inv-\uff11",
        "flowInvocationId=inv-%EF%BC%91",
        "flowInvocationId=inv-%D9%A1",
        "flowInvocationId[0]=inv-1",
        "flowInvocationId%5B%5D=inv-1",
        "flowInvocationId=inv-1&flowInvocationId[]=inv-9",
        "flowInvocationId=inv-1%0d%0aX-Evil:%201",
        "flowInvocationId=inv-1 HTTP/1.1",
    ],
)
def test_any_other_action_is_refused(query: str) -> None:
    """What is not pinned, or could be read in two ways, does not pass."""
    with pytest.raises(ScopeError, match="refused to send PUT"):
        scope_of_this_run().check("PUT", f"{CANCEL}?{query}")


@pytest.mark.parametrize("method", ["PUT", "put", "POST", "PATCH", "DELETE", "BREW"])
@pytest.mark.parametrize(
    "path",
    ["/cards/cancel", "/cards", "/cards/", "//cards/cancel", "/%63ards/cancel", "/CARDS/cancel",
     "/cards;x/cancel", "/x\\cards/cancel"],
)  # fmt: skip
def test_whatever_could_change_cards_is_guarded(method: str, path: str) -> None:
    """No method but a reading one, and no spelling of the path, gets past the guard."""
    with pytest.raises(ScopeError):
        scope_of_this_run().check(method, f"{BASE}/v1/env{path}?multiple=1")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/env/cards"),
        ("HEAD", "/v1/env/cards/cancel"),
        ("POST", "/v1/my-cards-env/action-flow/flow/start"),
        ("POST", "/proxy/v1/env/action-flow/fl%C3%B6w/test"),
    ],
)
def test_requests_that_change_no_cards_pass(method: str, path: str) -> None:
    """Listings and the start of a flow are not the guard's business."""
    Scope().check(method, f"{BASE}{path}")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/env/action-flow/flow/start?multiple=1"),
        ("POST", "/v1/env/action-flow/x/../../cards/cancel/start"),
        ("POST", "/v1/env/action-flow/flow/cancel"),
        ("POST", "/v1/env/action-flow/a%2Fb/start"),
        ("DELETE", "/v1/env/users/ann"),
        ("PUT", "/v1/env/%2563ards/cancel?multiple=1"),
        ("GET", "/v1/env/cards/cancel?multiple=1&_method=PUT"),
        ("GET", "/v1/env/cards/cancel?multiple=1&%5FMethod=PUT"),
        ("GET", "/v1/env/cards/cancel?multiple=1;_method[]=PUT"),
        ("GET", "/v1/env/cards/cancel?eventName=x%2526httpMethod%253DPUT"),
        ("OPTIONS", "/v1/env/cards/cancel?X-HTTP-Method-Override=PUT"),
        ("GET", "/v1/env/cards/cancel?%EF%BC%BFmethod%EF%BC%9DPUT"),
        ("POST", "/v1/env/action-flow/%EF%BC%8E%EF%BC%8E/start"),
        ("POST", "/v1/env/action-flow/x%EF%BC%8Fcards%EF%BC%8Fcancel/start"),
        ("TRACE", "/v1/env/cards"),
        ("CONNECT", "/v1/env/cards"),
        ("GET\r\n", "/v1/env/cards"),
        ("GET ", "/v1/env/cards"),
        ("P\u1d41T", "/v1/env/cards"),
        ("", "/v1/env/cards"),
        ("GET /v1/env", "/cards"),
        ("GET", "/v1/env/cards#f"),
        ("GET", "/v1/env/cards?userId=\n"),
    ],
)
def test_whatever_else_could_change_something_is_refused(method: str, path: str) -> None:
    """What is neither a plain listing, a start nor a pinned action does not leave the process."""
    with pytest.raises(ScopeError):
        scope_of_this_run().check(method, f"{BASE}{path}")


@pytest.mark.parametrize(
    "query", ["eventName=payment_method", "cardTemplateId=http-method", "eventName=method%3Dcash"]
)
def test_a_listing_may_have_a_value_that_names_a_method(query: str) -> None:
    """Only a parameter's name can replace the method."""
    Scope().check("GET", f"{BASE}/v1/env/cards?{query}")


def test_a_query_that_may_be_cut_is_refused() -> None:
    """A pin behind thousands of characters may never be read."""
    with pytest.raises(ScopeError, match="longer than 4000"):
        scope_of_this_run().check("PUT", f"{CANCEL}?userId={'x' * 4_000}&flowInvocationId=inv-1")


def test_nothing_is_in_scope_at_first() -> None:
    """Before anything was seeded every action is refused."""
    with pytest.raises(ScopeError):
        Scope().check("PUT", f"{CANCEL}?flowInvocationId={MINE}")


@pytest.mark.parametrize("adopt", [Scope.adopt_invocation, Scope.adopt_user])
def test_an_empty_id_is_not_taken_in(adopt: Callable[[Scope, str], None]) -> None:
    """An empty id would pin nothing."""
    with pytest.raises(MisuseError, match="empty"):
        adopt(Scope(), "")


def test_a_card_without_ids_brings_nothing_into_scope() -> None:
    """A card body that lacks its ids does not open the guard."""
    scope = Scope()
    scope.adopt([Card.from_body({"lifecycleId": "", "flowInvocationId": None})])
    with pytest.raises(ScopeError):
        scope.check("PUT", f"{CANCEL}?lifecycleId=")


def test_cancelling_everything_is_impossible_by_accident() -> None:
    """The guard refuses an unscoped drain even if the client allows it."""
    target = Target()
    api = CardsApi(session(target, guard=scope_of_this_run()), "env")
    with pytest.raises(ScopeError):
        api.drain(Action.CANCEL, CardQuery(), unscoped=True)
    assert not target.requests


names = st.sampled_from([*NAMES, "userid", "flowInvocationID", "flowInvocationId ", "", "id"])
values = st.one_of(
    st.sampled_from([MINE, "", "inv-9", "inv-1 ", "user of mine", "1", "a&userId=b"]),
    st.text(max_size=4),
)


@given(pairs=st.lists(st.tuples(names, values), max_size=4))
@example(pairs=[("flowInvocationId", MINE)])
@example(pairs=[("multiple", "1")])
@settings(deadline=None, max_examples=300)
def test_only_pinned_actions_arrive(pairs: list[tuple[str, str]]) -> None:
    """Of arbitrary parameters, exactly the documented, unique, non-empty and pinned ones arrive."""
    target = Target()
    given_names = [name for name, _ in pairs]
    pinned = ("flowInvocationId", MINE) in pairs or ("userId", "user of mine") in pairs
    clean = (
        set(given_names) <= set(NAMES)
        and len(set(given_names)) == len(given_names)
        and all(value and value.isprintable() and "userId=" not in value for _, value in pairs)
    )
    try:
        session(target, guard=scope_of_this_run()).send("PUT", "/v1/env/cards/cancel", pairs)
    except (ScopeError, MisuseError):  # MisuseError: half of a surrogate pair
        assert not target.requests
        assert not (pinned and clean)
    else:
        assert len(target.requests) == 1
        assert pinned
        assert len(set(given_names)) == len(given_names)
        assert all(value for _, value in pairs)


PINNED = "status=active&flowInvocationId=inv-1&multiple=1"


@given(
    start=st.integers(0, len(PINNED)),
    length=st.integers(0, 4),
    patch=st.text(st.sampled_from("&=;%#?+/ inv-1\t\n69"), max_size=4),
)
@settings(deadline=None, max_examples=500)
def test_a_damaged_query_passes_only_if_every_reader_sees_the_pin(
    start: int, length: int, patch: str
) -> None:
    """An altered query that passes has the pin once, and nothing that servers read differently."""
    raw = PINNED[:start] + patch + PINNED[start + length :]
    try:
        scope_of_this_run().check("PUT", f"{CANCEL}?{raw}")
    except ScopeError:
        return
    sent = urlsplit(f"{CANCEL}?{raw}").query
    pairs = parse_qsl(sent, keep_blank_values=True, strict_parsing=True, errors="strict")
    assert ("flowInvocationId", MINE) in pairs
    assert all(value for _, value in pairs)
    assert {name for name, _ in pairs} <= set(NAMES)
    assert len(dict(pairs)) == len(pairs)
    assert not set(sent) & set(";+#/? \t\n")
