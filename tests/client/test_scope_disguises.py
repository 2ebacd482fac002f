"""Headers and bodies that make another request of one: the guard refuses them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from client_doubles import BASE, MINE, Target, scope_of_this_run, session
from test_client_scope import CANCEL

from pytest_atomic_cards.client import Scope
from pytest_atomic_cards.support.errors import ScopeError

DISGUISES = [
    "X-HTTP-Method",
    "X-HTTP-Method-Override",
    "X-Method-Override",
    "X-Original-Method",
    "X-Forwarded-Method",
    "x-original-url",
    "X-Rewrite-URL",
    "X-Original-URI",
    "X-Forwarded-Uri",
    "X-Forwarded-Path",
    "X-Forwarded-Prefix",
    "X-Script-Name",
    "Host",
    "Forwarded",
    "X-Forwarded-Host",
    "Content-Length",
    "Transfer-Encoding",
    "Upgrade",
    "Content-Encoding",
]
SPELLINGS: list[Callable[[str], str]] = [
    str.upper,
    lambda name: name.replace("-", "_"),
    lambda name: name.replace("-", "."),
    lambda name: f"{name} ",
    lambda name: f"{name}\t",
    lambda name: f" {name}",
    lambda name: f"{name}\0",
    lambda name: f"{name}:",
    lambda name: f"X-Trace: 1\r\n{name}",
    lambda name: name.replace("-", "\u2010"),
]


@pytest.mark.parametrize("header", DISGUISES)
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_header_that_disguises_a_request_is_refused_in_any_spelling(
    header: str, spelling: Callable[[str], str]
) -> None:
    """Servers fold case, take underscores for hyphens, and cut or trim a malformed name."""
    with pytest.raises(ScopeError, match="its header"):
        scope_of_this_run().check(
            "PUT", f"{CANCEL}?flowInvocationId={MINE}", {spelling(header): "PUT"}
        )


@pytest.mark.parametrize("method", ["GET", "get", "HEAD", "OPTIONS"])
@pytest.mark.parametrize("body", [b"_method=PUT", b'{"_method": "PUT"}', b"{}", b" "])
def test_a_body_of_a_listing_is_refused(method: str, body: bytes) -> None:
    """A server may take a body for an action; no listing has one."""
    with pytest.raises(ScopeError, match="with a body"):
        Scope().check(method, f"{BASE}/v1/env/cards", (), body)


def test_a_session_hands_its_body_to_the_guard() -> None:
    """A PUT that is smuggled in the body of a GET is not sent."""
    target = Target()
    with pytest.raises(ScopeError, match="with a body"):
        session(target, guard=scope_of_this_run()).send(
            "GET", "/v1/env/cards/cancel", [("multiple", "1")], body=b"_method=PUT"
        )
    assert not target.requests


@pytest.mark.parametrize(
    "body",
    [
        b'{"_method": "DELETE"}',
        b'{" _METHOD ": "DELETE"}',
        b'{"\\u005fmethod[]": "DELETE"}',
        b'[{"flowInvocationId": "inv-9"}]',
        b"flowInvocationId=inv-9",
        b"x=1&user%49d=ann",
        b'--x\r\nContent-Disposition: form-data; name="userId"\r\n\r\nann\r\n--x--',
        b'{"userId": "ann"',
        b"_method=DELETE",
        b"[" * 100_000 + b'"userId"',
    ],
)
def test_a_body_that_names_a_parameter_is_refused(body: bytes) -> None:
    """Some servers look for parameters in the body too, and may prefer those."""
    with pytest.raises(ScopeError, match="its body names"):
        scope_of_this_run().check("PUT", f"{CANCEL}?flowInvocationId={MINE}", (), body)


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b"[1]", b"nonsense", b'{"userId": "ann", "by": {"_method": "cash"}}', b"\xff"],
)
def test_a_body_that_is_no_query_passes(body: bytes) -> None:
    """The state of a completed card may be any object that does not name a method."""
    scope_of_this_run().check("PUT", f"{CANCEL}?flowInvocationId={MINE}", (), body)


def test_the_start_of_a_flow_may_name_its_invocation() -> None:
    """A body in which a documented field is called like an attribute is no disguise."""
    url = f"{BASE}/v1/env/action-flow/flow/start"
    Scope().check("POST", url, (), b'{"flows": [], "flowInvocationId": "inv-2"}')
    with pytest.raises(ScopeError, match="its body names '_method'"):
        Scope().check("POST", url, (), b'{"flows": [], "_method": "PUT"}')


@pytest.mark.parametrize("header", ["X-HTTP-Method-Override", "x_original_url", "Host"])
@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_headers_that_disguise_a_request_are_refused(method: str, header: str) -> None:
    """Not even a pinned request passes with a header that turns it into another one."""
    target = Target()
    with pytest.raises(ScopeError, match=header):
        session(target, guard=scope_of_this_run()).send(
            method, "/v1/env/cards", [("flowInvocationId", MINE)], headers={header: "PUT"}
        )
    assert not target.requests
