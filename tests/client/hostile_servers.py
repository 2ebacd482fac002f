"""Servers that delay or flood, and clients with small limits."""

from __future__ import annotations

import gzip
import socket
from collections.abc import Callable
from functools import cache, partial
from time import sleep

from client_doubles import TOKEN

from pytest_atomic_cards.client import CardsSession, RetryPolicy, StaticToken

TIMEOUT = 0.4
MAX_BODY = 200_000
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
LETTERS = b"x" * 65_536
Serve = Callable[[socket.socket], None]


def after_request(serve: Serve) -> Serve:
    """What a server does once it has the head of a request."""

    def served(connection: socket.socket) -> None:
        received = b""
        while b"\r\n\r\n" not in received:
            received += connection.recv(65_536)
        serve(connection)

    return served


def drip(connection: socket.socket, start: bytes) -> None:
    """Send a byte now and then, each of them soon enough for a time-out of single reads."""
    connection.sendall(start)
    while True:
        connection.sendall(b"x")
        sleep(TIMEOUT / 8)


def flood(connection: socket.socket, start: bytes, again: bytes) -> None:
    """Send the same bytes again and again."""
    connection.sendall(start)
    while True:
        connection.sendall(again)


def hang(connection: socket.socket) -> None:
    """Say nothing until the client goes."""
    while connection.recv(65_536):
        pass


@cache
def zipped(size: int) -> bytes:
    """A response whose body is so large when it is unpacked, and a thousandth of it as sent."""
    body = gzip.compress(b"0" * size)
    length = f"Connection: close\r\nContent-Encoding: gzip\r\nContent-Length: {len(body)}\r\n\r\n"
    return HEAD + length.encode() + body


SLOW: dict[str, Serve] = {
    "hangs after it has accepted": hang,
    "hangs after the request": after_request(hang),
    "drips the status line": after_request(partial(drip, start=b"HTTP/1.1 200 O")),
    "drips headers": after_request(partial(drip, start=HEAD + b"X-Drip: ")),
    "drips the body": after_request(partial(drip, start=HEAD + b"Content-Length: 5000\r\n\r\n")),
    "drips a body without a length": after_request(partial(drip, start=HEAD + b"\r\n")),
    "drips the size of a chunk": after_request(
        partial(drip, start=HEAD + b"Transfer-Encoding: chunked\r\n\r\n1;")
    ),
}
LARGE: dict[str, Serve] = {
    "says 100 Continue for ever": after_request(
        partial(flood, start=b"", again=b"HTTP/1.1 100 Continue\r\n\r\n" * 100)
    ),
    "announces a gigabyte": after_request(
        partial(flood, start=HEAD + b"Content-Length: 1073741824\r\n\r\n", again=LETTERS)
    ),
    "never ends its body": after_request(partial(flood, start=HEAD + b"\r\n", again=LETTERS)),
    "never ends its chunks": after_request(
        partial(
            flood,
            start=HEAD + b"Transfer-Encoding: chunked\r\n\r\n",
            again=b"10000\r\n" + LETTERS + b"\r\n",
        )
    ),
    "packs a bomb": after_request(lambda connection: connection.sendall(zipped(10_000_000))),
}


def limited_session(url: str, **changes: object) -> CardsSession:
    """A limited_session with small limits that makes one attempt."""
    values = {
        "tokens": StaticToken(TOKEN),
        "timeout": TIMEOUT,
        "max_body": MAX_BODY,
        "retry": RetryPolicy(attempts=1),
    }
    return CardsSession(base_url=url, **values | changes)
