"""Hostile clients of a served sandbox: bad, slow and foreign requests."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
import requests

from pytest_atomic_cards.sandbox import Sandbox, http_server
from pytest_atomic_cards.sandbox.connections import Connections
from pytest_atomic_cards.sandbox.server import SandboxServer

LINE = b"POST /_sandbox/clock HTTP/1.1\r\nHost: localhost\r\n"
CHUNKED = LINE + b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.fixture
def server() -> Iterator[SandboxServer]:
    """A served sandbox."""
    sandbox = Sandbox()
    with SandboxServer(sandbox) as server:
        yield server
    sandbox.close()


def connect(server: SandboxServer) -> socket.socket:
    """A connection to a server."""
    host, port = server.url.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=30)


def response(connection: socket.socket) -> bytes:
    """Everything that arrives until the connection is closed."""
    parts = []
    while part := connection.recv(65_536):
        parts.append(part)
    return b"".join(parts)


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"\xff\r\n\r\n", 400),
        (b"GET http://[::1 HTTP/1.1\r\nHost: localhost\r\n\r\n", 403),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n", 414),
        (LINE + b"A: b\r\n" * 200 + b"\r\n", 431),
        (LINE + (b"A: " + b"b" * 60_000 + b"\r\n") * 6 + b"\r\n", 431),
        (LINE + b"Content-Length: -1\r\n\r\n", 400),
        (LINE + b"Content-Length: " + b"9" * 5_000 + b"\r\n\r\n", 413),
        (LINE + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
        (LINE + b"Content-Length: 5\r\n\r\n{}", 400),
        (LINE + b"Content-Length: 2\r\nContent-Encoding: gzip\r\n\r\n\x1f\x8b", 415),
        (CHUNKED + b"zz\r\n", 400),
        (CHUNKED + b"-5\r\nabcde\r\n", 400),
        (CHUNKED + b"3\r\nabcdef\r\n0\r\n\r\n", 400),
        (CHUNKED + b"fffffffff\r\n", 413),
    ],
    ids=lambda value: repr(value[-24:]) if isinstance(value, bytes) else None,
)
def test_a_bad_request_is_a_client_error(
    request_bytes: bytes, status: int, server: SandboxServer, capfd: pytest.CaptureFixture[str]
) -> None:
    """A request that breaks HTTP gets a 4xx with a JSON body, and nothing is logged."""
    with connect(server) as connection:
        connection.sendall(request_bytes)
        connection.shutdown(socket.SHUT_WR)
        head, _, body = response(connection).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d " % status)
    assert body.startswith(b'{"message":')
    assert capfd.readouterr().err == ""


def test_a_chunked_body_is_read(server: SandboxServer) -> None:
    """A body without a length reaches the sandbox completely."""
    reply = requests.post(
        f"{server.url}/_sandbox/clock", data=iter([b'{"adv', b'ance": 1}']), timeout=30
    )
    assert reply.status_code == 200


def test_a_connection_is_used_again(server: SandboxServer) -> None:
    """Two requests on one connection both get a response."""
    with connect(server) as connection:
        one = b"GET / HTTP/1.1\r\nHost: localhost\r\nUser-Agent: test\r\n"
        connection.sendall(one + b"\r\n" + one + b"Connection: close\r\n\r\n")
        assert response(connection).count(b"HTTP/1.1 404 ") == 2


def test_a_slow_request_is_a_408(server: SandboxServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A request that does not arrive in time is refused, no matter which part is missing."""
    monkeypatch.setattr(http_server, "_READING", 0.2)
    for part in (b"GET", LINE, LINE + b"Content-Length: 5\r\n\r\n", CHUNKED + b"5\r\nab"):
        with connect(server) as connection:
            connection.sendall(part)
            assert response(connection).startswith(b"HTTP/1.1 408 ")


def test_slow_connections_do_not_keep_others_out(server: SandboxServer) -> None:
    """Another request is served despite more unfinished ones than the server has threads."""
    slow = [connect(server) for _ in range(300)]
    for connection in slow:
        connection.sendall(b"GET")
    assert requests.get(server.url, timeout=30).status_code == 404
    assert slow[0].recv(1) in {b"", b"H"}
    for connection in slow:
        connection.close()


def test_the_connection_that_waited_longest_makes_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy connection stays open; the first of those that wait is closed."""
    monkeypatch.setattr("pytest_atomic_cards.sandbox.connections.MOST_OPEN", 2)
    connections = Connections()
    pairs = [socket.socketpair() for _ in range(3)]
    connections.add(pairs[0][0])
    connections.work(pairs[0][0])
    for mine, _ in pairs[1:]:
        connections.add(mine)
    assert pairs[1][1].recv(1) == b""
    pairs[0][0].sendall(b"x")
    assert pairs[0][1].recv(1) == b"x"
    for pair in pairs:
        for end in pair:
            end.close()


def test_stopping_closes_open_connections() -> None:
    """A server stops although a client keeps its connection open."""
    sandbox = Sandbox()
    with SandboxServer(sandbox) as server:
        connection = connect(server)
        connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert connection.recv(1) == b"H"
    with connection:
        assert response(connection).endswith(b"}")
    sandbox.close()


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "localhost.evil.example"},
        {"Host": "127.0.0.1@evil.example"},
        {"Host": "192.168.1.5:80"},
        {"Host": "localhost", "Origin": "http://evil.example"},
        {"Host": "localhost", "Origin": "null"},
        {"Host": "localhost", "Origin": "http://localhost:3000"},
        {"Host": "localhost", "Referer": "http://evil.example/page"},
        {"Host": "localhost", "Sec-Fetch-Site": "cross-site"},
    ],
    ids=lambda headers: " ".join(headers.values()),
)
def test_the_controls_refuse_pages_of_other_origins(
    headers: dict[str, str], server: SandboxServer
) -> None:
    """A host that is not loopback, or an origin that is not the host, gets a JSON 403."""
    reply = requests.get(f"{server.url}/_sandbox/analytics", headers=headers, timeout=30)
    assert reply.status_code == 403
    assert reply.json()["message"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "localhost:1"},
        {"Host": "127.8.9.1"},
        {"Host": "[::1]:99"},
        {"Host": "localhost:80", "Origin": "http://localhost:80", "Sec-Fetch-Site": "same-origin"},
    ],
    ids=lambda headers: " ".join(headers.values()),
)
def test_the_controls_answer_on_loopback(headers: dict[str, str], server: SandboxServer) -> None:
    """Every name of this machine is accepted with any port."""
    reply = requests.get(f"{server.url}/_sandbox/analytics", headers=headers, timeout=30)
    assert reply.status_code == 200
