"""Protocol: every bad request gets a client error with a JSON body, never a crash."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sandbox_api import Api

from pytest_atomic_cards.sandbox import Sandbox

_PATHS = (
    "/v1/sandbox/cards",
    "/v1/sandbox/cards/dismiss",
    "/v1/sandbox/cards/cancel",
    "/v1/sandbox/cards/complete",
    "/v1/sandbox/action-flow/sandbox-flow/start",
    "/oauth2/token",
    "/v1/environments",
)
_METHODS = ("GET", "PUT", "POST", "DELETE", "PATCH", "OPTIONS", "BREW")
_LATIN = st.text(st.characters(max_codepoint=255), max_size=30)
_NAMES = st.sampled_from(["userId", "status", "limit", "offset", "multiple", "lifecycleId"])
_QUERIES = st.one_of(
    _LATIN,
    st.lists(st.tuples(_NAMES, _LATIN), max_size=4).map(
        lambda pairs: "&".join(f"{name}={value}" for name, value in pairs)
    ),
)
_BODIES = st.one_of(
    st.binary(max_size=40),
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["flows", "target", "payload", "usersById"]), inner)
        ),
        max_leaves=8,
    ).map(lambda value: json.dumps(value).encode()),
)


@pytest.fixture(scope="module")
def shared() -> Api:
    """One sandbox with a few cards for many bad requests."""
    api = Api(Sandbox())
    api.log_in()
    api.environment.seed([{"user_id": "u"}, {"user_id": "u"}])
    return api


@given(
    request=st.tuples(
        st.sampled_from(_METHODS),
        st.sampled_from(_PATHS) | _LATIN.map(lambda text: f"/v1/{text}"),
        _QUERIES,
        _BODIES,
    ),
    headers=st.sampled_from([{}, {"Authorization": "Basic Og=="}])
    | _LATIN.map(lambda text: {"Authorization": text}),
)
@settings(deadline=None, max_examples=400)
def test_any_request_is_served_or_refused_with_json(
    shared: Api, request: tuple[str, str, str, bytes], headers: dict[str, str]
):
    """No request makes the sandbox fail: the response is a 200 or a 4xx with a JSON object."""
    reply = shared.request(*request, headers)
    assert reply.status == 200 or 400 <= reply.status < 500
    assert isinstance(reply.json, dict)


@pytest.mark.parametrize(
    "query",
    [
        "userId=%",
        "userId=%zz",
        "userId=%ff",
        "userId=\xff",
        "%=1",
        "limit=-1",
        "limit=+5",
        "limit=1.0",
        "limit=1e3",
        "limit=",
        "limit=\u00b2",
        "limit=%D9%A3",
        "offset=-1",
        "offset=x",
    ],
)
def test_a_malformed_query_is_refused(query: str, shared: Api):
    """A broken escape, text that is not UTF-8, or a malformed number is a 400."""
    assert shared.request("GET", "/v1/sandbox/cards", query).status == 400


@pytest.mark.parametrize(
    "query",
    [
        f"limit={'9' * 5_000}",
        f"offset={'9' * 5_000}",
        "limit=0000000000000000000000001",
        "&&userId=u&",
        "userId=%00",
        "userId",
        "a=b=c",
        "userId=" + "x" * 100_000,
    ],
)
def test_a_strange_but_readable_query_is_served(query: str, shared: Api):
    """Huge numbers, empty parts, NUL characters and long values are accepted."""
    assert shared.request("GET", "/v1/sandbox/cards", query).status == 200


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"nul",
        b"\xff\xfe",
        b"\xef\xbb\xbf{}",
        b"[" * 100_000,
        b"[" * 300 + b"]" * 300,
        b'{"a":' * 300 + b"1" + b"}" * 300,
        b"NaN",
        b'{"a": Infinity}',
        b'{"a": 1e999}',
        b"9" * 5_000,
        b"5",
        b'"text"',
    ],
    ids=lambda body: repr(body[:12]),
)
@pytest.mark.parametrize("path", ["cards/complete", "action-flow/sandbox-flow/start"])
def test_a_body_that_is_no_json_object_is_refused(path: str, body: bytes, shared: Api):
    """Invalid, too deep or inexact JSON is a 400 where a JSON object is expected."""
    method = "PUT" if path.startswith("cards") else "POST"
    assert shared.request(method, f"/v1/sandbox/{path}", "userId=x", body).status == 400


def test_a_body_too_large_is_refused_unread(shared: Api):
    """The Content-Length alone is enough to refuse a body."""
    for length, status in (("10000001", 413), ("9" * 50, 413), ("-1", 400), ("x", 400)):
        reply = shared.request(
            "PUT", "/v1/sandbox/cards/complete", "userId=x", headers={"Content-Length": length}
        )
        assert reply.status == status


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "",
        "/v1",
        "/v1/sandbox",
        "/v1/sandbox/cards/snooze",
        "/v1/sandbox/cards/dismiss/x",
        "/v2/sandbox/cards",
    ],
)
def test_an_unknown_path_is_not_found(path: str, shared: Api):
    """A path that the API does not have is a 404."""
    assert shared.request("GET", path).status == 404


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/v1/sandbox/cards", "GET"),
        ("/v1/sandbox/cards/cancel", "PUT"),
        ("/v1/sandbox/action-flow/sandbox-flow/start", "POST"),
        ("/oauth2/token", "POST"),
    ],
)
def test_another_method_is_refused_with_the_allowed_one(path: str, allowed: str, shared: Api):
    """Another method is a 405 that names the right one; a HEAD has no body."""
    for method in {"GET", "PUT", "POST", "DELETE"} - {allowed}:
        reply = shared.request(method, path)
        assert (reply.status, reply.headers["Allow"]) == (405, allowed)
    assert shared.request("HEAD", path).body == b""


def test_huge_headers_are_harmless(shared: Api):
    """A header of a million characters is refused like any other bad one."""
    reply = shared.request(
        "GET", "/v1/sandbox/cards", headers={"Authorization": "Bearer " + "\xff" * 1_000_000}
    )
    assert reply.status == 401
