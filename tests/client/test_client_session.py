from __future__ import annotations

import json
import logging
import threading
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote, unquote

import pytest
import requests
from client_doubles import (
    BASE,
    SECRET,
    TOKEN,
    TOKEN_URL,
    FakeTime,
    Reply,
    Target,
    raw_server,
    session,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_atomic_cards.client import (
    CardsSession,
    ClientCredentials,
    RetryPolicy,
    StaticToken,
    open_http,
)
from pytest_atomic_cards.client.rate_limit import AcceptedRate
from pytest_atomic_cards.model.exchange import Exchange
from pytest_atomic_cards.support.errors import (
    AtomicCardsError,
    MisuseError,
    OutcomeUnknownError,
    ScopeError,
    SettingsError,
    TransportError,
)
from pytest_atomic_cards.support.secrets.redactor import Redactor

HOSTILE = ["%", "%2F", "%zz", "+", "&a=b", "#", "é", "🂡", "..", "/../", " ", "?", "=", "\\", '"<>']
BUSY = [429, 502, 503, 504]


class Renewing:
    """A token source that counts its renewals."""

    secrets: frozenset[str] = frozenset()

    def __init__(self) -> None:
        self.renewals = 0

    def token(self) -> str:
        return f"token-{self.renewals}"

    def renew(self, stale: str) -> str:
        if stale == self.token():
            self.renewals += 1
        return self.token()


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


def test_the_exchange_tells_what_happened() -> None:
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


@pytest.mark.parametrize("status", BUSY)
def test_a_listing_is_repeated_until_it_is_answered(status: int) -> None:
    """A GET that meets a busy target waits and tries again."""
    time, target = FakeTime(), Target(Reply(status), Reply(status), Reply())
    assert session(target, time).send("GET", "/v1/env/cards").status == 200
    assert time.sleeps == [0.1, 0.2]


@pytest.mark.parametrize(
    "error",
    [
        requests.ConnectionError("reset"),
        requests.ReadTimeout("slow"),
        requests.ConnectTimeout("slow"),
        requests.exceptions.ChunkedEncodingError("cut"),
        OSError("odd"),
    ],
)
def test_a_listing_survives_a_broken_connection(error: Exception) -> None:
    """A GET whose connection fails is tried again."""
    target = Target(error, Reply())
    assert session(target).send("GET", "/v1/env/cards").status == 200


def test_retry_after_of_the_target_is_honoured() -> None:
    """The wait before a repeated GET is the one that the target asked for."""
    time, target = FakeTime(), Target(Reply(429, headers={"Retry-After": "3"}), Reply())
    session(target, time).send("GET", "/v1/env/cards")
    assert time.sleeps == [3.0]


@pytest.mark.parametrize("outcome", [Reply(503, b"down"), requests.ConnectionError("down")])
def test_a_listing_that_is_never_answered_is_a_transport_failure(
    outcome: Reply | Exception,
) -> None:
    """After the last attempt the error has the last exchange, and says how often it was tried."""
    target = Target(outcome)
    with pytest.raises(TransportError, match=r"8 attempts.*down") as caught:
        session(target).send("GET", "/v1/env/cards")
    assert not isinstance(caught.value, OutcomeUnknownError)
    assert caught.value.exchange is not None
    assert len(target.requests) == 8


@pytest.mark.parametrize("method", ["PUT", "POST"])
@pytest.mark.parametrize(
    "outcome",
    [
        *map(Reply, BUSY),
        requests.ConnectionError("reset"),
        requests.ReadTimeout("slow"),
        requests.exceptions.ChunkedEncodingError("cut"),
    ],
)
def test_an_action_without_a_usable_answer_is_not_repeated(
    method: str, outcome: Reply | Exception
) -> None:
    """Whether the action was applied is unknown, and the error says to look first."""
    time, target = FakeTime(), Target(outcome)
    with pytest.raises(OutcomeUnknownError, match="list the cards") as caught:
        session(target, time).send(method, "/v1/env/cards/cancel", [("userId", "u")])
    assert caught.value.exchange is not None
    assert caught.value.exchange.query == "userId=u"
    assert len(target.requests) == 1
    assert not time.sleeps


def test_an_action_that_never_left_is_a_plain_transport_failure() -> None:
    """Where the connection was refused, nothing was applied for certain."""
    with raw_server() as server:
        gone = server.url
    cards = CardsSession(base_url=gone, tokens=StaticToken(TOKEN), retry=FakeTime().policy())
    with cards, pytest.raises(TransportError, match=r"(?i)refused") as caught:
        cards.send("PUT", "/v1/env/cards/cancel")
    assert type(caught.value) is TransportError


def test_a_repeatable_action_is_repeated() -> None:
    """The caller can say that sending an action again is harmless."""
    target = Target(Reply(503), Reply())
    exchange = session(target).send("PUT", "/v1/env/cards/cancel", repeatable=True)
    assert exchange.status == 200
    assert target.methods == ["PUT", "PUT"]


def test_a_repeatable_action_that_is_never_answered_stays_unknown() -> None:
    """Attempts that ended without a connection do not undo the doubt of an earlier one."""
    target = Target(Reply(503), requests.ConnectTimeout("no connection"))
    with pytest.raises(OutcomeUnknownError):
        session(target).send("PUT", "/v1/env/cards/cancel", repeatable=True)


def test_a_listing_that_must_not_be_repeated_is_not() -> None:
    """The caller can have a single attempt."""
    target = Target(Reply(503))
    with pytest.raises(TransportError):
        session(target).send("GET", "/v1/env/cards", repeatable=False)
    assert len(target.requests) == 1


def test_a_status_that_means_unprocessed_is_repeated_whatever_the_method() -> None:
    """A POST is repeated after the status by which the target says that it did nothing."""
    target = Target(Reply(429), Reply())
    exchange = session(target).send("POST", "/v1/env/action-flow/f/start", unprocessed={429})
    assert exchange.status == 200


def test_a_status_that_means_unprocessed_leaves_no_doubt() -> None:
    """When it stays, the error is a plain transport failure; another status is in doubt."""
    with pytest.raises(TransportError) as caught:
        session(Target(Reply(429))).send("POST", "/v1/x", unprocessed={429})
    assert type(caught.value) is TransportError
    with pytest.raises(OutcomeUnknownError):
        session(Target(Reply(503))).send("POST", "/v1/x", unprocessed={429})


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_a_refused_token_is_renewed_once(method: str) -> None:
    """A 401 leads to one renewal and one repetition, also of an action."""
    tokens, target = Renewing(), Target(Reply(401), Reply())
    exchange = session(target, tokens=tokens).send(method, "/v1/env/cards/cancel")
    assert exchange.status == 200
    sent = [request.headers["Authorization"] for request in target.requests]
    assert sent == ["Bearer token-0", "Bearer token-1"]


def test_a_renewal_that_does_not_help_is_not_repeated() -> None:
    """A target that always answers 401 on a path costs one renewal, not one a request."""
    tokens, target = Renewing(), Target(Reply(401))
    cards = session(target, tokens=tokens)
    statuses = [cards.send("GET", "/v1/other/cards").status for _ in range(5)]
    assert statuses == [401] * 5
    assert tokens.renewals == 1


def test_a_token_that_opened_a_path_is_renewed_when_it_expires() -> None:
    """A 401 that no token cures, as for a request without User-Agent, does not bar later ones."""
    tokens, valid = Renewing(), {"token-0", "token-1"}

    def answer(request: requests.PreparedRequest) -> Reply:
        token = request.headers["Authorization"].removeprefix("Bearer ")
        return Reply() if "User-Agent" in request.headers and token in valid else Reply(401)

    cards = session(Target(answer), tokens=tokens)
    assert cards.send("GET", "/v1/mine/cards", user_agent=False).status == 401
    assert cards.send("GET", "/v1/mine/cards").status == 200
    valid.clear()
    valid.add("token-2")
    assert cards.send("GET", "/v1/mine/cards").status == 200


def test_a_path_that_is_refused_does_not_stop_renewals_elsewhere() -> None:
    """After a 401 that no token cures, an expired token is still renewed on another path."""
    tokens, valid = Renewing(), {"token-1"}

    def answer(request: requests.PreparedRequest) -> Reply:
        token = request.headers["Authorization"].removeprefix("Bearer ")
        return Reply() if "/mine/" in str(request.url) and token in valid else Reply(401)

    cards = session(Target(answer), tokens=tokens)
    assert cards.send("GET", "/v1/other/cards").status == 401
    valid.add("token-2")
    valid.remove("token-1")
    assert cards.send("GET", "/v1/mine/cards").status == 200


def test_threads_with_a_refused_token_fetch_one_new() -> None:
    """Eight threads whose token was revoked cause one request to the token endpoint."""
    count = iter(range(1, 100))
    endpoint = Target(lambda _: Reply(body={"access_token": f"issued-token-{next(count)}"}))
    api = Target(
        lambda request: Reply(401 if request.headers["Authorization"].endswith("-1") else 200)
    )
    http = api.http()
    http.mount(TOKEN_URL, endpoint)
    tokens = ClientCredentials(token_url=TOKEN_URL, client_id="c", client_secret=SECRET, http=http)
    cards = session(api, http=http, tokens=tokens)
    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda _: cards.send("GET", "/v1/e/cards").status, range(8)))
    assert statuses == [200] * 8
    assert len(endpoint.requests) == 2


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


@pytest.mark.parametrize(
    "echo",
    [
        lambda secret: secret,
        lambda secret: json.dumps({"sent": f"Bearer {secret}"}),
        lambda secret: json.dumps({"sent": secret}).replace("/", "\\/"),
        lambda secret: quote(secret, safe=""),
    ],
)
@pytest.mark.parametrize("leaked", [TOKEN, SECRET])
def test_an_echoed_secret_is_in_no_part_of_an_exchange(
    echo: Callable[[str], str], leaked: str
) -> None:
    """A target that repeats token or secret in headers and body cannot make them visible."""
    body = echo(leaked).encode()
    api = Target(Reply(200, b"before " + body + b" after", {"X-Echo": echo(leaked)}))
    http = api.http()
    http.mount(TOKEN_URL, Target(Reply(body={"access_token": TOKEN})))
    tokens = ClientCredentials(token_url=TOKEN_URL, client_id="c", client_secret=SECRET, http=http)
    exchange = session(api, http=http, tokens=tokens).send(
        "PUT", "/v1/e/cards", [("userId", leaked)], json={"value": leaked}
    )
    shown = json.dumps(exchange.as_dict()) + repr(exchange) + exchange.describe()
    assert exchange.status == 200
    assert b"[redacted]" in exchange.response_body
    for spelling in (leaked, quote(leaked, safe=""), leaked.replace("/", "\\/")):
        assert spelling not in shown


def test_a_token_given_by_header_is_redacted_too() -> None:
    """A token that the caller sends for one request is hidden like our own."""
    target = Target(Reply(403, {"token": "another-token-1"}))
    exchange = session(target).send(
        "GET", "/v1", headers={"Authorization": "Bearer another-token-1"}
    )
    assert "another-token-1" not in json.dumps(exchange.as_dict())


def test_a_secret_that_is_part_of_another_leaves_no_rest() -> None:
    """Where one secret begins another, the longer one is hidden whole."""
    redactor = Redactor(["abcdef", "abcdefghij"])
    assert redactor.text("abcdefghij abcdef") == "[redacted] [redacted]"


def test_short_words_are_left_as_they_are() -> None:
    """A token too short to be one does not make nonsense of the body."""
    target = Target(Reply(401, {"message": "bad token"}))
    exchange = session(target, tokens=StaticToken("bad")).send("GET", "/v1")
    assert exchange.json() == {"message": "bad token"}


@pytest.mark.parametrize("outcome", [Reply(503, TOKEN.encode()), requests.ReadTimeout(TOKEN)])
def test_no_error_shows_the_token(
    outcome: Reply | Exception, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither message nor chain nor log nor local variables hold the token."""
    caplog.set_level(logging.DEBUG)
    with pytest.raises(AtomicCardsError) as caught:
        session(Target(outcome)).send("PUT", "/v1/env/cards/cancel")
    trace = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    own_frames = [str(f.locals) for f in trace.stack if "pytest_atomic_cards" in f.filename]
    assert own_frames
    assert trace.__context__ is None
    assert TOKEN not in str(caught.value) + caplog.text + "".join(own_frames)


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
