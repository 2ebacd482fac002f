"""Exchanges with hostile servers: each ends by its time or its size, and says by which."""

from __future__ import annotations

import itertools
import socket
import threading
from collections.abc import Callable, Iterator
from functools import partial
from time import sleep

import pytest
from client_doubles import SECRET, FakeTime, Target, hostile_server
from hostile_servers import (
    HEAD,
    LARGE,
    LETTERS,
    MAX_BODY,
    SLOW,
    TIMEOUT,
    Serve,
    after_request,
    flood,
    limited_session,
    zipped,
)
from urllib3 import PoolManager

from pytest_atomic_cards.client import ClientCredentials, RetryPolicy
from pytest_atomic_cards.client.connection_failures import Failure
from pytest_atomic_cards.client.deadline import Deadline
from pytest_atomic_cards.client.exchange_limits import Limits, limit_connections
from pytest_atomic_cards.client.transport import NoResponse, Wire, open_http
from pytest_atomic_cards.support.errors import OutcomeUnknownError, TimeLimitError, TransportError


@pytest.fixture
def wire() -> Iterator[Callable[..., Wire]]:
    """Makes the wire to a URL, with small limits."""
    http = open_http(trust_env=False)

    def made(url: str, **changes: object) -> Wire:
        values = {"setting": "THE_URL", "timeout": TIMEOUT, "max_body": MAX_BODY}
        return Wire(http, url, **values | changes)

    yield made
    http.close()


def failed(wire: Wire, method: str = "GET") -> NoResponse:
    """The failure of one exchange."""
    answer = wire.exchange(method, wire.url, {"Accept-Encoding": "gzip"}, b"")
    assert isinstance(answer, NoResponse)
    return answer


@pytest.mark.parametrize("name", SLOW)
def test_an_exchange_ends_by_its_time(name: str, wire: Callable[..., Wire]) -> None:
    """However a server delays, the exchange is over after its time-out, which the error names."""
    with hostile_server(SLOW[name]) as url:
        failure = failed(wire(url))
    assert failure.reason == f"timed out: no complete response within {TIMEOUT:g} s"
    assert failure.failure is Failure.TIMED_OUT
    assert failure.sent


@pytest.mark.parametrize("name", LARGE)
def test_an_exchange_ends_by_its_size(name: str, wire: Callable[..., Wire]) -> None:
    """However a response grows, reading ends at the limit, and the error names the setting."""
    with hostile_server(LARGE[name]) as url:
        failure = failed(wire(url, timeout=30.0))
    assert "exceeds 0.2 MB, the limit that ATOMIC_CARDS_MAX_BODY sets" in failure.reason
    assert failure.failure is Failure.PERMANENT


@pytest.mark.parametrize(
    ("start", "again"),
    [
        (HEAD, b"X-More: yes\r\n" * 100),
        (HEAD + b"X-Long: ", LETTERS),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n1;", LETTERS),
    ],
)
def test_endless_headers_end(start: bytes, again: bytes, wire: Callable[..., Wire]) -> None:
    """Headers, or the size of a chunk, that never end are a failure long before the time-out."""
    with hostile_server(after_request(partial(flood, start=start, again=again))) as url:
        failure = failed(wire(url, timeout=3_600.0))
    assert failure.failure is not Failure.TIMED_OUT


@pytest.mark.parametrize("size", [0, 1, MAX_BODY - 1, MAX_BODY])
def test_a_body_within_the_limit_is_whole(size: int, wire: Callable[..., Wire]) -> None:
    """Up to the limit itself, a packed body arrives unpacked and complete."""
    with hostile_server(after_request(lambda it: it.sendall(zipped(size)))) as url:
        one = wire(url, timeout=30.0)
        answer = one.exchange("GET", one.url, {"Accept-Encoding": "gzip"}, b"")
    assert not isinstance(answer, NoResponse)
    assert answer.body == b"0" * size


def test_no_more_is_received_than_the_limit(wire: Callable[..., Wire]) -> None:
    """A body of a gigabyte is not read to its end: the server cannot send much of it."""
    sent = [0]

    def serve(connection: socket.socket) -> None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65_536)
        connection.sendall(HEAD + b"Content-Length: 1073741824\r\n\r\n")
        for _ in range(16_384):
            connection.sendall(LETTERS)
            sent[0] += len(LETTERS)

    with hostile_server(after_request(serve)) as url:
        failed(wire(url, timeout=30.0))
    assert sent[0] < 50_000_000


def test_the_limit_holds_for_each_exchange_on_a_connection() -> None:
    """Several responses over one connection are counted one by one."""
    opened = itertools.count()
    body = LETTERS * 2

    def serve(connection: socket.socket) -> None:
        next(opened)
        while connection.recv(65_536):
            connection.sendall(HEAD + f"Content-Length: {len(body)}\r\n\r\n".encode() + body)

    with hostile_server(serve) as url, PoolManager() as manager:
        limit_connections(manager)
        for _ in range(5):
            with Limits(30.0, Deadline(), MAX_BODY).applied():
                assert manager.request("GET", url).data == body
    assert next(opened) == 1


def test_a_connection_that_is_about_to_close_is_used_no_more(wire: Callable[..., Wire]) -> None:
    """After a request without TLS the next one has a connection of its own.

    The request says so, and a server need not repeat it, nor close at once.
    """

    def serve(connection: socket.socket) -> None:
        connection.sendall(HEAD + b"Content-Length: 2\r\n\r\n{}")
        sleep(TIMEOUT / 8)

    with hostile_server(after_request(serve)) as url:
        one = wire(url, timeout=30.0)
        answers = [one.exchange("PUT", one.url, {}, b"") for _ in range(3)]
    assert not [answer for answer in answers if isinstance(answer, NoResponse)]


@pytest.mark.parametrize("name", ["hangs after the request", "drips headers", "drips the body"])
def test_a_deadline_that_is_tightened_ends_a_running_exchange(
    name: str, wire: Callable[..., Wire]
) -> None:
    """An interrupt in one thread ends what another one is waiting for."""
    deadline = Deadline()
    with hostile_server(SLOW[name]) as url:
        one = wire(url, timeout=3_600.0, deadline=deadline)
        timer = threading.Timer(0.3, deadline.set, (0.0, "interrupted"))
        timer.start()
        failure = failed(one)
        timer.join()
        assert failure.reason == "not finished when time ran out: interrupted"
        with pytest.raises(TimeLimitError, match="interrupted"):
            one.exchange("GET", one.url, {}, b"")


def test_connecting_ends_by_the_deadline_too(
    wire: Callable[..., Wire], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lookup of a host name, which nothing interrupts, does not hold up the run."""
    looked_up = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: looked_up.wait(20) and [])
    failure = failed(wire("http://cards.invalid"))
    looked_up.set()
    assert failure.reason.startswith("timed out")
    assert not failure.sent


def test_a_response_that_is_too_large_is_no_success() -> None:
    """A listing cut at the limit is an error, sent once; of an action the outcome is unknown."""
    hits = itertools.count()

    def serve(connection: socket.socket) -> None:
        next(hits)
        connection.sendall(zipped(10_000_000))

    policy = FakeTime().policy()
    with (
        hostile_server(after_request(serve)) as url,
        limited_session(url, retry=policy, timeout=30.0) as client,
    ):
        with pytest.raises(TransportError, match="ATOMIC_CARDS_MAX_BODY"):
            client.send("GET", "/v1/e/cards")
        with pytest.raises(OutcomeUnknownError, match="ATOMIC_CARDS_MAX_BODY"):
            client.send("PUT", "/v1/e/cards/cancel")
    assert next(hits) == 2


def test_a_listing_that_the_run_has_no_time_for_is_not_sent() -> None:
    """Once the time limit has passed, ``send`` says so at once."""
    deadline, target = Deadline(), Target()
    deadline.set(0.0, "--cards-max-time 600")
    client = limited_session("http://cards.test", http=target.http(), deadline=deadline)
    with pytest.raises(TimeLimitError, match="--cards-max-time 600"):
        client.send("GET", "/v1/e/cards")
    assert not target.requests


def test_a_listing_cut_by_the_deadline_is_a_matter_of_time() -> None:
    """An exchange that the time limit ended raises the error of the time limit; an action does not.

    Of the action it is unknown whether it was applied.
    """
    for method, kind in (("GET", TimeLimitError), ("PUT", OutcomeUnknownError)):
        deadline = Deadline()
        deadline.set(TIMEOUT, "--cards-max-time")
        with (
            hostile_server(SLOW["drips the body"]) as url,
            limited_session(url, timeout=60.0, deadline=deadline) as client,
            pytest.raises(kind, match="--cards-max-time"),
        ):
            client.send(method, "/v1/e/cards/cancel")


@pytest.mark.parametrize(
    ("serve", "words"),
    [
        (SLOW["drips the body"], "timed out"),
        (SLOW["hangs after it has accepted"], "timed out"),
        (LARGE["packs a bomb"], "ATOMIC_CARDS_MAX_BODY"),
    ],
)
def test_token_requests_have_the_same_limits(serve: Serve, words: str) -> None:
    """A token endpoint that delays or floods is given up as an API is."""
    with hostile_server(serve) as url:
        source = ClientCredentials(
            token_url=url,
            client_id="c",
            client_secret=SECRET,
            timeout=TIMEOUT if words == "timed out" else 30.0,
            max_body=MAX_BODY,
            retry=RetryPolicy(attempts=1),
        )
        with pytest.raises(TransportError, match=words):
            source.token()
