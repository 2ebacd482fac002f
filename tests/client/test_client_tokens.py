"""The token endpoint: what it is asked, how long a token is used, and what it refuses."""

from __future__ import annotations

import base64
import logging
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor
from email.utils import formatdate

import pytest
import requests
from client_doubles import SECRET, TOKEN, TOKEN_URL, FakeTime, Reply, Target
from token_doubles import ISSUED, credentials, numbered

from pytest_atomic_cards.client import StaticToken
from pytest_atomic_cards.support.errors import (
    AtomicCardsError,
    ContractBrokenError,
    MisuseError,
    RefusedError,
    SettingsError,
    TransportError,
)


def test_the_request_is_the_vendors_example() -> None:
    """The first request has its parameters in the query, no body, Basic auth and a User-Agent."""
    target = Target(ISSUED)
    assert credentials(target).token() == TOKEN
    (request,) = target.requests
    basic = base64.b64encode(f"client-1:{SECRET}".encode()).decode()
    assert request.method == "POST"
    assert request.url == f"{TOKEN_URL}?grant_type=client_credentials&client_id=client-1"
    assert not request.body
    assert request.headers["Content-Length"] == "0"
    assert request.headers["Authorization"] == f"Basic {basic}"
    assert request.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert request.headers["User-Agent"].startswith("pytest-atomic-cards/")


def test_the_form_is_sent_where_it_is_asked_for() -> None:
    """With ``grant_type_in="form"`` the parameters are in the body and not in the URL."""
    target = Target(ISSUED)
    credentials(target, grant_type_in="form").token()
    (request,) = target.requests
    assert request.url == TOKEN_URL
    assert request.body == b"grant_type=client_credentials&client_id=client-1"


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 411, 415])
def test_the_form_is_tried_once_and_remembered(status: int) -> None:
    """A target that does not read the query is asked by form, from then on at once."""
    time = FakeTime()
    target = Target(Reply(status, {"error": "invalid_request"}), ISSUED)
    source = credentials(target, time)
    source.token()
    time.now += 3600
    source.token()
    assert [request.body is None for request in target.requests] == [True, False, False]


@pytest.mark.parametrize("place", ["query", "form"])
def test_a_chosen_place_is_the_only_one_tried(place: str) -> None:
    """Where the place of ``grant_type`` is set, a refusal is final."""
    target = Target(Reply(400, {"error": "invalid_request"}))
    with pytest.raises(RefusedError, match="invalid_request"):
        credentials(target, grant_type_in=place).token()
    assert len(target.requests) == 1


@pytest.mark.parametrize(
    ("expires_in", "last_use"),
    [(3600, 3539.0), (100, 89.0), ("3600", 3539.0), (None, 3539.0), (0, 3539.0), ("soon", 3539.0)],
)
def test_a_token_is_used_until_shortly_before_it_expires(
    expires_in: object, last_use: float
) -> None:
    """One token serves until a tenth of its life, at most a minute, is left; 3600 s is assumed."""
    time, target = FakeTime(), numbered(expires_in)
    source = credentials(target, time)
    start = time.now
    assert source.token() == "token-1"
    time.now = start + last_use
    assert source.token() == "token-1"
    time.now = start + last_use + 2
    assert source.token() == "token-2"


def test_threads_share_one_fetch() -> None:
    """Sixteen threads that need a token at once cause one request."""
    target = numbered(delay=0.05)
    source = credentials(target)
    barrier = threading.Barrier(16)

    def take(_: int) -> str:
        barrier.wait()
        return source.token()

    with ThreadPoolExecutor(16) as pool:
        tokens = set(pool.map(take, range(16)))
    assert tokens == {"token-1"}
    assert len(target.requests) == 1


def test_threads_share_one_renewal() -> None:
    """Threads whose token was refused at once cause one further request."""
    target = numbered(delay=0.05)
    source = credentials(target)
    stale = source.token()
    with ThreadPoolExecutor(8) as pool:
        tokens = set(pool.map(source.renew, [stale] * 8))
    assert tokens == {"token-2"}
    assert len(target.requests) == 2


def test_renewing_an_older_token_gives_the_current_one() -> None:
    """A token that was replaced already is not a reason to fetch another."""
    target = numbered()
    source = credentials(target)
    first = source.token()
    second = source.renew(first)
    assert source.renew(first) == second
    assert len(target.requests) == 2


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_busy_endpoint_is_asked_again(status: int) -> None:
    """Transient answers are repeated after a wait."""
    time, target = FakeTime(), Target(Reply(status), Reply(status), ISSUED)
    assert credentials(target, time).token() == TOKEN
    assert time.sleeps == [0.1, 0.2]


def test_a_broken_connection_is_tried_again() -> None:
    """A connection error and a time-out are repeated as a busy answer is."""
    target = Target(requests.ConnectionError("reset"), requests.ReadTimeout("slow"), ISSUED)
    assert credentials(target).token() == TOKEN
    assert len(target.requests) == 3


def test_retry_after_of_the_endpoint_is_honoured() -> None:
    """Seconds and dates in Retry-After set the wait."""
    time = FakeTime()
    date = formatdate(time.now + 7 + 4, usegmt=True)
    target = Target(
        Reply(429, headers={"Retry-After": "7"}), Reply(503, headers={"Retry-After": date}), ISSUED
    )
    credentials(target, time).token()
    assert sum(time.sleeps) == 11.0


@pytest.mark.parametrize(
    "reply",
    [
        Reply(400, {"error": "invalid_client"}),
        Reply(401, {"error": "invalid_client", "error_description": "no such client"}),
        Reply(401, b"Unauthorized"),
        Reply(403, b""),
    ],
)
def test_wrong_credentials_name_the_settings(reply: Reply) -> None:
    """A refusal of the credentials says which settings to check."""
    with pytest.raises(
        SettingsError, match="ATOMIC_CARDS_CLIENT_ID and ATOMIC_CARDS_CLIENT_SECRET"
    ):
        credentials(Target(reply)).token()


def test_wrong_credentials_are_reported_even_if_the_form_is_not_understood() -> None:
    """Of two refusals the one that blames the credentials is reported."""
    target = Target(Reply(400, {"error": "invalid_client"}), Reply(415, b"what?"))
    with pytest.raises(SettingsError, match="invalid_client"):
        credentials(target).token()


def test_credentials_are_not_sent_twice_after_a_401() -> None:
    """A 401 leaves no doubt about the place of ``grant_type``, so there is no second request."""
    target = Target(Reply(401))
    with pytest.raises(SettingsError):
        credentials(target).token()
    assert len(target.requests) == 1


@pytest.mark.parametrize(
    "body",
    [
        b"<html>hello</html>",
        b"",
        b"[]",
        {"token": "another-name"},
        {"access_token": None},
        {"access_token": ""},
        {"access_token": 7},
        {"access_token": "two\r\nlines"},
        b"[" * 100_000,
    ],
)
def test_an_answer_without_a_token_breaks_the_contract(body: object) -> None:
    """Success without a usable access_token is the target's fault."""
    with pytest.raises(ContractBrokenError, match="access_token"):
        credentials(Target(Reply(200, body))).token()


@pytest.mark.parametrize(
    ("reply", "error"), [(Reply(302), ContractBrokenError), (Reply(500), TransportError)]
)
def test_other_answers_point_at_the_token_url(reply: Reply, error: type[AtomicCardsError]) -> None:
    """A redirect or a server error names the setting of the endpoint."""
    with pytest.raises(error, match="ATOMIC_CARDS_TOKEN_URL"):
        credentials(Target(reply)).token()


def test_an_unreachable_endpoint_names_its_host() -> None:
    """When no answer comes at all, the message has the host and the setting."""
    with pytest.raises(TransportError, match=r"auth\.test .*ATOMIC_CARDS_TOKEN_URL"):
        credentials(Target(requests.ConnectionError("refused"))).token()


@pytest.mark.parametrize(
    "outcome",
    [
        Reply(400, {"error": "invalid_client", "error_description": f"bad secret {SECRET}"}),
        Reply(500, SECRET.encode()),
        Reply(200, {"accessToken": TOKEN}),
        requests.ConnectionError(f"could not send {SECRET}"),
    ],
)
def test_no_error_shows_a_secret(outcome: Reply | Exception) -> None:
    """Neither message nor chain nor the local variables of a traceback hold secret or token."""
    with pytest.raises(AtomicCardsError) as caught:
        credentials(Target(outcome)).token()
    trace = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    own_frames = [frame for frame in trace.stack if "pytest_atomic_cards" in frame.filename]
    shown = [
        str(caught.value),
        str(trace.__context__),
        *(str(frame.locals) for frame in own_frames),
    ]
    basic = base64.b64encode(f"client-1:{SECRET}".encode()).decode()
    assert own_frames
    assert not any(secret in text for secret in (SECRET, TOKEN, basic) for text in shown)


def test_repr_and_log_show_no_secret(caplog: pytest.LogCaptureFixture) -> None:
    """A source can be printed, and its requests logged, without giving anything away."""
    caplog.set_level(logging.DEBUG)
    source = credentials(Target(ISSUED))
    token = source.token()
    shown = f"{source!r} {StaticToken(TOKEN)!r} {[token]!r} {caplog.text}"
    assert "client-1" in shown
    assert SECRET not in shown
    assert TOKEN not in shown


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": ""},
        {"client_secret": ""},
        {"client_id": "a:b"},
        {"token_url": "auth.test/token"},
        {"token_url": "ftp://auth.test/token"},
        {"token_url": "http://user:password@auth.test/token"},
        {"token_url": "http://auth.test/token?grant_type=x"},
        {"token_url": "http://[half"},
        {"token_url": "http://host:port/"},
    ],
)
def test_settings_that_cannot_be_right_are_refused_at_once(changes: dict[str, str]) -> None:
    """A malformed setting is named before any request, and a password in a URL is not shown."""
    target = Target(ISSUED)
    with pytest.raises(SettingsError, match="ATOMIC_CARDS_") as caught:
        credentials(target, **changes)
    assert not target.requests
    assert "password" not in str(caught.value)


@pytest.mark.parametrize("token", ["", "two words", "line\r\nbreak", "tokén"])
def test_a_token_that_no_header_can_carry_is_refused(token: str) -> None:
    """A static token must be visible ASCII, and the message does not repeat it."""
    with pytest.raises(MisuseError) as caught:
        StaticToken(token)
    assert not token or token not in str(caught.value)
