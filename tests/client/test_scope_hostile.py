"""Hostile requests: of a hundred thousand, none that gets out can touch a foreign card."""

from __future__ import annotations

import random
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from many_readings import FLAGS, Reading, Request, many_readings, stranger

from pytest_atomic_cards.client import CardsSession, RetryPolicy, Scope, StaticToken
from pytest_atomic_cards.model.cards import Card
from pytest_atomic_cards.support.errors import ScopeError

ENUMERATED = 100_000
MINE = {"flowInvocationId": "inv-1", "flowInstanceId": "flow-1", "userId": "mine"}
STRANGERS = [
    stranger(),
    stranger(lifecycleId="life-1", cardTemplateId="template-1", eventName="event"),
    stranger(flowInvocationId="inv-9", userId="ann", flowInstanceId="flow-9"),
    stranger(flowInvocationId="INV-1", userId="Mine", status="snoozed"),
    stranger(flowInvocationId="inv-1x", userId="mine ", lifecycleId="life-1"),
    stranger(flowInvocationId="inv", userId="", eventName=""),
]
ACTION = "/v1/env/cards/cancel"

NAMES = [
    "eventName", "lifecycleId", "cardTemplateId", "flowInstanceId", "flowInvocationId", "userId",
    "status", "limit", "offset", "multiple",
]  # fmt: skip
ODD_NAMES = [
    "flowinvocationid", "USERID", "flowInvocationId[]", "userId[0]", "flowInvocation%49d",
    "userId%5B%5D", " userId", "userId%20", "userId%00", "user.id", "unknown", "", "_method",
    "flowInvocationId%00x", "%66lowInvocationId",
]  # fmt: skip
VALUES = [
    "inv-1", "flow-1", "mine", "life-1", "template-1", "active", "1", "inv-9", "ann", "theirs",
]  # fmt: skip
ODD_VALUES = [
    "", "%00", "inv-1%00", "%00inv-1", "inv-1%2500", "%69nv-1", "%2569nv-1", "inv-1%20", "+mine",
    "inv-1+", "%C0%AF", "%C1%B9nv-1", "%E0%80%AF", "%FF", "%ED%A0%80", "%F4%90%80%80", "inv-1%",
    "inv-1%zz", "inv-1%u0031", "INV-1", "inv-1,inv-9", "inv-*", "inv-_", "'%20OR%201=1", "inv-1;x",
    "x;flowInvocationId=inv-9", "x%26flowInvocationId%3Dinv-9", "x%2526userId%253Dann",
    "x%3BuserId%3Dann", "x%26USERID=ann", "x&userId=ann", "x%0D%0A", "x%09", "%EF%BB%BFinv-1",
    "x%26userId%5B%5D%3Dann", "%EF%BC%86userId%EF%BC%9Dann", "inv-1#", "#", "?", "inv-1=inv-9",
    "x" * 4_100, "%78" * 1_400, "\u00e4", "inv-1 ", "\\", "%5C", "[]", "{}", "x\ty", "\n",
]  # fmt: skip
SEPARATORS = ["&"] * 12 + [";", "&&", "&;", "%26", "&amp;", "#&", "?", "\n", " & ", "&%00&"]
PATHS = [ACTION] * 24 + [
    "/v1/env/cards/dismiss", "/v1/env/cards/complete", "/v1/env/cards", "/v1/env/cards/cancel/",
    "//v1/env/cards/cancel", "/v1/env//cards/cancel", "/v1/env/x/../cards/cancel",
    "/v1/env/./cards/cancel", "/v1/env/%63ards/cancel", "/v1/env/%2563ards/cancel",
    "/v1/env/CARDS/cancel", "/v1/env/cards/CANCEL", "/v1/env/cards%2Fcancel",
    "/v1/env/cards%252Fcancel", "/v1/env/cards;userId=ann/cancel",
    "/v1/env/cards/cancel;flowInvocationId=inv-9", "/v1/env/cards/cancel;",
    "/v1/env\\cards\\cancel",
    "/v1/env/cards/cancel%00", "/v1/env/cards/cancel%3Fmultiple=1", "/v1/env/cards/cancel#",
    "/v1/env/%2e%2e/env/cards/cancel", "/v1/env/action-flow/flow/start",
    "/v1/env/action-flow/x/%2e%2e/%2e%2e/cards/cancel/start", "/v1/env/users/ann", "/",
    "/v1/env/cards/cancel/..;/cancel", "/v1/env/c\u0430rds/cancel",
]  # fmt: skip
METHODS = ["PUT"] * 12 + ["put", "POST", "PATCH", "DELETE", "GET", "HEAD", "Get", "PUT ", "BREW"]
HEADERS: list[dict[str, str]] = [{}] * 12 + [
    {"X-HTTP-Method-Override": "PUT"},
    {"x-http-method-override": "PUT"},
    {"X_HTTP_Method_Override": "PUT"},
    {"X-HTTP-Method-Override ": "PUT"},
    {"X-Original-Method": "PUT"},
    {"X-Original-URL": f"{ACTION}?multiple=1"},
    {"x_rewrite_url": f"{ACTION}?multiple=1"},
    {"X-Rewrite-URL": f"{ACTION}?multiple=1"},
    {"Transfer-Encoding": "chunked"},
    {"X-Trace": "harmless"},
]
BODIES = [b""] * 12 + [
    b"{}", b"_method=PUT", b"_method=put&userId=ann", b"userId=theirs", b"user%49d=theirs",
    b"flowInvocationId=inv-1", b'{"userId": "ann"}', b'{"note": "plain"}',
]  # fmt: skip

Hostile = tuple[str, str, dict[str, str], bytes]
"""Method, path with query, headers, and body."""


class Gate(CardsSession):
    """A guarded session."""

    def offer(self, hostile: Hostile) -> bool:
        """Whether a request gets out."""
        method, target, headers, body = hostile
        try:
            self.send(method, target, headers=headers, body=body)
        except ScopeError:
            return False
        return True


def scope_of_this_run() -> Scope:
    """A scope with one invocation, one user, and one card that shares what it can with others."""
    scope = Scope()
    scope.adopt_invocation(MINE["flowInvocationId"])
    scope.adopt_user(MINE["userId"])
    body = MINE | {"userId": "ann", "lifecycleId": "life-1", "cardTemplateId": "template-1"}
    scope.adopt([Card.from_body(body)])
    return scope


@pytest.fixture(scope="module")
def gate() -> Iterator[tuple[Gate, list[Request]]]:
    """A guarded session to a target that reads requests in many ways; and what arrived there.

    It sends a URL as it is given; all below that, the guard included, is real.
    """
    with many_readings() as (url, arrived), pytest.MonkeyPatch.context() as patch:
        patch.setattr(f"{CardsSession.__module__}.url_of", lambda root, path, _: f"{root}{path}")
        session = Gate(
            base_url=url,
            tokens=StaticToken("a-token-of-no-one"),
            guard=scope_of_this_run(),
            retry=RetryPolicy(attempts=1),
        )
        with session:
            yield session, arrived


def hostile_requests(seed: int, count: int) -> Iterator[Hostile]:
    """Requests of which each is odd in up to a few places; some are quite plain."""
    draw = random.Random(seed)  # noqa: S311 - no secret

    def pair() -> str:
        if draw.random() < 0.25:
            name = draw.choice(list(MINE))
            return f"{name}={MINE[name]}"
        name = draw.choice(NAMES if draw.random() < 0.8 else ODD_NAMES)
        value = draw.choice(VALUES if draw.random() < 0.4 else ODD_VALUES)
        return (
            f"{name}{'=' if draw.random() < 0.97 else draw.choice(['', '==', '%3D', ':'])}{value}"
        )

    for _ in range(count):
        query = pair()
        for _ in range(draw.choice((1, 1, 2, 3, 5))):
            query += draw.choice(SEPARATORS) + pair()
        if draw.random() < 0.05:
            query = draw.choice(["&", ";", "?", "#", "%00", "="]) + query
        if draw.random() < 0.05:
            query += draw.choice(["&", ";", "#x", "%00", "&=", "%"])
        path, body = f"{draw.choice(PATHS)}?{query}", draw.choice(BODIES)
        yield draw.choice(METHODS), path, draw.choice(HEADERS), body


def judge(arrived: list[Request], since: int = 0) -> None:
    """No request that arrived touches a stranger's card, however it is read."""
    judged = {
        (one.method, one.target, tuple(one.headers.items()), one.body): one
        for one in arrived[since:]
    }
    for request in judged.values():
        reading = request.touches(STRANGERS)
        assert reading is None, f"{request} touches a stranger's card, read as {reading}"


def test_a_hundred_thousand_hostile_requests(gate: tuple[Gate, list[Request]]) -> None:
    """What the guard lets out arrives, is all that arrives, and touches no stranger's card."""
    session, arrived = gate
    since = len(arrived)
    guard = scope_of_this_run()
    sent = refused = 0
    for number, hostile in enumerate(hostile_requests(seed=5, count=ENUMERATED)):
        method, target, headers, body = hostile
        try:
            guard.check(method, f"http://cards.test{target}", headers, body)
        except ScopeError:
            refused += 1
            if number % 100 == 0:
                assert not session.offer(hostile)
        else:
            assert session.offer(hostile)
            sent += 1
    assert sent + refused == ENUMERATED
    assert len(arrived) - since == sent > ENUMERATED // 100
    judge(arrived, since)


pieces = st.one_of(
    st.sampled_from([*NAMES, *ODD_NAMES, *VALUES, *ODD_VALUES, *SEPARATORS, "=", "&", "%"]),
    st.sampled_from([f"&{name}={value}" for name, value in MINE.items()]),
    st.text(max_size=3),
    st.text(max_size=3).map(lambda text: quote(text.encode("utf-8", "surrogatepass"))),
    st.binary(max_size=3).map(quote),
)


@given(
    start=st.sampled_from([*(f"{name}={value}" for name, value in MINE.items()), ""]),
    rest=st.lists(pieces, max_size=6),
    path=st.sampled_from(PATHS),
    method=st.sampled_from(METHODS),
)
@settings(deadline=None, max_examples=500)
def test_generated_hostile_requests(
    gate: tuple[Gate, list[Request]], start: str, rest: list[str], path: str, method: str
) -> None:
    """Queries put together from any text and bytes get out only where every reading is harmless."""
    session, arrived = gate
    since = len(arrived)
    got_out = session.offer((method, f"{path}?{start}{''.join(rest)}", {}, b""))
    assert len(arrived) - since == got_out
    judge(arrived, since)


NEEDS_A_READING = {
    "last_wins": f"{ACTION}?flowInvocationId=inv-1&flowInvocationId=theirs",
    "semicolons": f"{ACTION}?flowInvocationId=theirs;x=1",
    "decodes_first": f"{ACTION}?userId=theirs%26flowInvocationId=theirs",
    "decodes_again": f"{ACTION}?userId=%2574heirs",
    "any_case": f"{ACTION}?eventName=theirs&USERID=theirs&userId=mine",
    "brackets": f"{ACTION}?userId[]=theirs&userId=mine",
    "trims": f"{ACTION}?userId=theirs%20",
    "empty_is_absent": f"{ACTION}?lifecycleId=",
    "ends_at_nul": f"{ACTION}?userId=theirs%00x",
    "cuts": f"{ACTION}?userId=theirs&x={'x' * 4_100}&flowInvocationId=inv-1",
    "matrix": f"{ACTION};flowInvocationId=theirs?flowInvocationId=inv-1",
    "fragment": f"{ACTION}?userId=theirs#",
    "replaces_bad_bytes": f"{ACTION}?userId=%FF",
    "overrides": f"{ACTION}?_method=put&userId=theirs",
    "lax_path": "/v1/env/%2563ards/cancel?userId=theirs",
    "merges_body": f"{ACTION}?flowInvocationId=inv-1",
}


@pytest.mark.parametrize("flag", FLAGS)
def test_each_reading_distinguishes_requests(flag: str) -> None:
    """For each oddity there is a request that it alone reads differently from the standard."""
    method = "GET" if flag == "overrides" else "PUT"
    request = Request(method, NEEDS_A_READING[flag], body="flowInvocationId=theirs")
    strangers = [*STRANGERS, stranger(userId="\ufffd")]
    odd = Reading(**{flag: True})  # type: ignore[arg-type]
    assert Reading().selects(request, strangers) != odd.selects(request, strangers)
