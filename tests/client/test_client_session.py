"""What a session sends: URLs, parameters, headers and bodies."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote, unquote

import pytest
import requests
from client_doubles import (
    BASE,
    TOKEN,
    FakeTime,
    Renewing,
    Reply,
    Target,
    raw_server,
    session,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_atomic_cards.client import (
    CardsSession,
    RetryPolicy,
    StaticToken,
    open_http,
)
from pytest_atomic_cards.client.rate_limit import AcceptedRate
from pytest_atomic_cards.model.exchange import Exchange
from pytest_atomic_cards.support.errors import (
    MisuseError,
    ScopeError,
    SettingsError,
    TransportError,
)

HOSTILE = ["%", "%2F", "%zz", "+", "&a=b", "#", "é", "🂡", "..", "/../", " ", "?", "=", "\\", '"<>']


@pytest.mark.parametrize("root", [BASE, f"{BASE}/", f"{BASE}/v1", f"{BASE}/v1/"])
def test_the_base_url_may_end_in_the_version(root: str) -> None:
    """The root of the API is meant the same way with and without ``/v1`` and a slash."""
    target = Target()
    session(target, base_url=root).send("GET", "/v1/env/cards")
    assert target.urls == [f"{BASE}/v1/env/cards"]


def test_a_base_url_may_have_a_path() -> None:
    """A target behind a prefix is reached under it."""
    target = Target()
    session(target, base_url=f"{BASE}/proxy/v1").send("GET", "/v1/env/cards")
    assert target.urls == [f"{BASE}/proxy/v1/env/cards"]


@pytest.mark.parametrize("value", HOSTILE)
def test_a_value_goes_over_the_socket_encoded_exactly_once(value: str) -> None:
    """What arrives in the request line is the percent-encoded UTF-8 of the value, no more."""
    with (
        raw_server() as server,
        CardsSession(base_url=server.url, tokens=StaticToken(TOKEN)) as cards,
    ):
        exchange = cards.send("GET", "/v1/env/cards", [("userId", value), ("limit", "1")])
        (head, _), *_ = server.seen
    assert head[0] == f"GET /v1/env/cards?userId={quote(value, safe='')}&limit=1 HTTP/1.1"
    assert exchange.url.endswith(f"?userId={quote(value, safe='')}&limit=1")


@given(value=st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
@settings(deadline=None)
def test_any_text_survives_as_a_parameter(value: str) -> None:
    """Every Unicode text is read back from the URL that was sent."""
    target = Target()
    session(target).send("GET", "/v1/env/cards", [("userId", value)])
    name, _, encoded = target.urls[0].partition("?")[2].partition("=")
    assert (name, unquote(encoded, errors="strict")) == ("userId", value)


@pytest.mark.parametrize("path", ["v1/cards", "", "/v1/cards?x=1", "/a b", "/%zz", "/%2f", "/é"])
def test_a_path_that_would_be_sent_otherwise_is_refused(path: str) -> None:
    """A path must be percent-encoded already, as it is sent as it is."""
    target = Target()
    with pytest.raises(MisuseError, match="path"):
        session(target).send("GET", path)
    assert not target.requests


@pytest.mark.parametrize(
    "url", ["", "cards.test", "http://", "http://u:p@cards.test", "http://cards.test?x=1", "x://y"]
)
def test_a_malformed_base_url_is_refused(url: str) -> None:
    """A base URL that cannot be right names its setting."""
    with pytest.raises(SettingsError, match="ATOMIC_CARDS_API_URL"):
        session(Target(), base_url=url)


def test_every_request_has_token_and_user_agent() -> None:
    """A request carries the bearer token and names this package as its agent."""
    target = Target()
    session(target).send("GET", "/v1/env/cards")
    headers = target.requests[0].headers
    assert headers["Authorization"] == f"Bearer {TOKEN}"
    assert headers["User-Agent"].startswith("pytest-atomic-cards/")


def test_no_user_agent_and_no_token_go_over_the_socket_when_unwanted() -> None:
    """Neither this package nor the libraries below add the two headers where they are left out."""
    with (
        raw_server() as server,
        CardsSession(base_url=server.url, tokens=StaticToken(TOKEN)) as cards,
    ):
        exchange = cards.send("GET", "/v1/env/cards", authenticated=False, user_agent=False)
        (head, _), *_ = server.seen
    names = {line.partition(":")[0].lower() for line in head[1:]}
    assert "host" in names
    assert names.isdisjoint({"user-agent", "authorization"})
    assert {"User-Agent", "Authorization"}.isdisjoint(exchange.request_headers)


def test_netrc_and_cookies_add_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials in .netrc and cookies that the target sets are not sent."""
    netrc = tmp_path / "netrc"
    netrc.write_text("default login me password not-this-one")
    monkeypatch.setenv("NETRC", str(netrc))
    target = Target(Reply(headers={"Set-Cookie": "a=b"}))
    http = target.http()
    http.trust_env = True
    cards = session(target, http=http)
    cards.send("GET", "/v1/env/cards", authenticated=False)
    cards.send("GET", "/v1/env/cards", authenticated=False)
    assert {"authorization", "cookie"}.isdisjoint(map(str.lower, target.requests[1].headers))


def test_headers_of_the_caller_win() -> None:
    """A given header replaces ours, ``None`` removes one, and a given token is sent as it is."""
    target = Target(Reply(401))
    exchange = session(target).send(
        "PUT",
        "/v1/env/cards/cancel",
        headers={"authorization": "Bearer other-token", "Content-Type": None, "user-agent": "me"},
    )
    (request,) = target.requests
    assert request.headers["Authorization"] == "Bearer other-token"
    assert request.headers["User-Agent"] == "me"
    assert "Content-Type" not in request.headers
    assert exchange.status == 401


def test_a_header_that_cannot_be_sent_is_refused_without_its_value() -> None:
    """A line break in a header is misuse, and the message names the header only."""
    with pytest.raises(MisuseError, match="X-Thing") as caught:
        session(Target()).send("GET", "/v1", headers={"X-Thing": "private\r\nX: y"})
    assert "private" not in str(caught.value)


def test_an_action_without_payload_has_a_content_type_and_no_body() -> None:
    """A PUT says JSON and sends nothing, as the vendor's examples do."""
    target = Target()
    session(target).send("PUT", "/v1/env/cards/cancel")
    (request,) = target.requests
    assert request.headers["Content-Type"] == "application/json"
    assert request.headers["Content-Length"] == "0"
    assert request.body is None


@pytest.mark.parametrize("value", [{"ключ": "🂡", "n": 1e308}, [], None, "text", {}])
def test_json_is_sent_as_utf_8(value: object) -> None:
    """Any JSON value arrives as UTF-8 with the right length."""
    target = Target()
    session(target).send("PUT", "/v1/env/cards/complete", json=value)
    (request,) = target.requests
    assert isinstance(request.body, bytes)
    assert json.loads(request.body.decode("utf-8")) == value
    assert request.headers["Content-Length"] == str(len(request.body))


@pytest.mark.parametrize("value", [float("nan"), {"x": float("inf")}, {1, 2}, "\ud800"])
def test_what_is_not_json_is_refused(value: object) -> None:
    """NaN, infinity, sets and half surrogate pairs never leave."""
    target = Target()
    with pytest.raises(MisuseError, match="JSON"):
        session(target).send("PUT", "/v1/env/cards/complete", json=value)
    assert not target.requests


def test_the_exchange_shows_what_happened() -> None:
    """Method, URL, headers, bodies, status and time are all there, the token is not."""
    target = Target(Reply(201, {"ok": True}, {"X-Thing": "1", "Set-Cookie": "session=abc"}))
    exchange = session(target).send("PUT", "/v1/env/cards/complete", json={"a": 1})
    assert (exchange.method, exchange.path) == ("PUT", "/v1/env/cards/complete")
    assert exchange.status == 201
    assert exchange.json() == {"ok": True}
    assert exchange.request_body == b'{"a": 1}'
    assert exchange.response_headers == {"x-thing": "1", "set-cookie": "[redacted]"}
    assert exchange.request_headers["Authorization"] == "[redacted]"
    assert exchange.elapsed >= 0
    assert exchange.started.tzinfo is not None


@pytest.mark.parametrize("status", [200, 301, 302, 307, 400, 403, 404, 409, 418, 500, 501])
def test_every_other_status_is_an_answer(status: int) -> None:
    """A final answer is returned whatever its status, once, and a redirect is not followed."""
    target = Target(Reply(status, headers={"Location": "http://[broken"}))
    assert session(target).send("GET", "/v1/env/cards").status == status
    assert len(target.requests) == 1


def test_listeners_get_the_exchange_of_every_attempt() -> None:
    """Attempts that failed are heard of as well as the final one."""
    seen: list[Exchange] = []
    cards = session(Target(Reply(503), requests.ReadTimeout("slow"), Reply()))
    cards.listeners.append(seen.append)
    cards.send("GET", "/v1/env/cards")
    assert [exchange.status for exchange in seen] == [503, None, 200]
    assert "slow" in str(seen[1].error)


def test_the_guard_sees_the_final_url_before_anything_is_sent() -> None:
    """A request that the guard refuses reaches neither the target nor the token source."""

    class Refusing:
        def check(self, method: str, url: str, *_: object) -> None:
            raise ScopeError(f"no {method} {url}")

    class NoTokens(Renewing):
        def token(self) -> str:
            raise AssertionError("no token is needed")

    target = Target()
    cards = session(target, guard=Refusing(), tokens=NoTokens())
    with pytest.raises(
        ScopeError, match=r"no PUT http://cards\.test/v1/e/cards/cancel\?userId=%26"
    ):
        cards.send("PUT", "/v1/e/cards/cancel", [("userId", "&")])
    assert not target.requests


def test_requests_are_spaced_by_the_highest_rate() -> None:
    """With two requests a second, each waits for half a second after the one before."""
    time, target = FakeTime(), Target()
    cards = session(target, time, rate=AcceptedRate(2.0))
    for _ in range(4):
        cards.send("GET", "/v1/env/cards")
    assert time.sleeps == [0.5, 0.5, 0.5]


@pytest.mark.parametrize("rate", [0.0, -1.0])
def test_a_rate_that_is_not_positive_is_refused(rate: float) -> None:
    """A rate of nothing a second is a mistake."""
    with pytest.raises(SettingsError, match="rate"):
        AcceptedRate(rate)


def test_a_session_may_be_shared_by_threads() -> None:
    """Requests of many threads over one session all arrive, each with its own answer."""
    with (
        raw_server() as server,
        CardsSession(base_url=server.url, tokens=StaticToken(TOKEN)) as cards,
    ):
        barrier = threading.Barrier(8)

        def send(number: int) -> str:
            barrier.wait()
            return cards.send("GET", "/v1/e/cards", [("userId", str(number))]).query

        with ThreadPoolExecutor(8) as pool:
            queries = list(pool.map(send, range(8)))
    assert queries == [f"userId={number}" for number in range(8)]
    assert len(server.seen) == 8


def test_proxies_of_the_environment_are_used_only_if_trusted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A proxy named in the environment gets the request, unless the environment is not trusted."""
    with raw_server() as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.delenv("no_proxy", raising=False)
        with CardsSession(base_url="http://cards.invalid", tokens=StaticToken(TOKEN)) as cards:
            cards.send("GET", "/v1/e/cards")
        (head, _), *_ = proxy.seen
        http = open_http(trust_env=False)
        once = RetryPolicy(attempts=1)
        direct = CardsSession(
            base_url="http://cards.invalid", tokens=StaticToken(TOKEN), http=http, retry=once
        )
        with pytest.raises(TransportError):
            direct.send("GET", "/v1/e/cards")
        http.close()
    assert head[0] == "GET http://cards.invalid/v1/e/cards HTTP/1.1"
    assert len(proxy.seen) == 1
