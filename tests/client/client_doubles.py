"""Doubles for the tests of the client: a scripted target, a fake time, a raw server."""

from __future__ import annotations

import io
import json
import socket
import socketserver
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import requests
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict

from pytest_atomic_cards.client import CardsApi, CardsSession, RetryPolicy, Scope, StaticToken
from pytest_atomic_cards.model.cards import Card

BASE = "http://cards.test"
TOKEN_URL = "http://auth.test/oauth2/token"
TOKEN = "tkn-9f8e7d6c5b4a"
SECRET = "s3cr3t/with+odd=chars"


@dataclass(frozen=True)
class Reply:
    """A response of the scripted target; ``body`` is sent as JSON unless it is bytes."""

    status: int = 200
    body: Any = field(default_factory=lambda: {"data": []})
    headers: Mapping[str, str] = field(default_factory=dict)

    def content(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


Outcome = Reply | Exception


class Target(BaseAdapter):
    """Responds with the outcomes of a script in turn, then always with the last."""

    def __init__(self, *script: Outcome | Callable[[requests.PreparedRequest], Outcome]) -> None:
        super().__init__()
        self.script = list(script) or [Reply()]
        self.requests: list[requests.PreparedRequest] = []
        self._lock = threading.Lock()

    def send(
        self, request: requests.PreparedRequest, *_: object, **__: object
    ) -> requests.Response:
        with self._lock:
            self.requests.append(request)
            step = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        outcome = step(request) if callable(step) else step
        if isinstance(outcome, Exception):
            raise outcome
        response = requests.Response()
        response.status_code = outcome.status
        response.headers = CaseInsensitiveDict(outcome.headers)
        response.raw = io.BytesIO(outcome.content())
        response.url = request.url or ""
        return response

    def close(self) -> None:
        """Nothing is open."""

    @property
    def urls(self) -> list[str]:
        return [str(request.url) for request in self.requests]

    @property
    def methods(self) -> list[str]:
        return [str(request.method) for request in self.requests]

    def http(self) -> requests.Session:
        """A session on which this target is the whole network."""
        http = requests.Session()
        http.trust_env = False
        http.mount("http://", self)
        return http


class FakeTime:
    """A clock that moves only when somebody sleeps or moves it, and keeps the sleeps."""

    def __init__(self, now: float = 1_700_000_000.0) -> None:
        self.now = now
        self.sleeps: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.now += seconds

    def policy(self, **changes: object) -> RetryPolicy:
        values = {"sleep": self.sleep, "clock": self, "wall_clock": self, "jitter": lambda: 1.0}
        return RetryPolicy(**values | changes)


def session(target: Target, time: FakeTime | None = None, **changes: object) -> CardsSession:
    """A session with a static token and without waits, whose whole network is the target."""
    values = {
        "base_url": BASE,
        "tokens": StaticToken(TOKEN),
        "http": target.http(),
        "retry": (time or FakeTime()).policy(),
    }
    return CardsSession(**values | changes)


@contextmanager
def served(handler: type[socketserver.BaseRequestHandler], **shared: object) -> Iterator[str]:
    """The URL of a loopback server; each handler finds what they share in its ``server``."""

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        block_on_close = False

    with Server(("127.0.0.1", 0), handler) as server:
        vars(server).update(shared)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def hostile_server(serve: Callable[[socket.socket], None]) -> Iterator[str]:
    """The URL of a loopback server that does to each connection whatever ``serve`` does."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            # Whatever the client closes in the middle is what the tests are about.
            with suppress(OSError):
                serve(self.request)

    with served(Handler) as url:
        yield url


class _RawHandler(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        lines = iter(self.rfile.readline, b"\r\n")
        head = [line.rstrip(b"\r\n").decode("latin-1") for line in lines]
        lengths = [line for line in head if line.lower().startswith("content-length:")]
        body = self.rfile.read(int(lengths[0].partition(":")[2])) if lengths else b""
        server: Any = self.server
        server.seen.append((head, body))
        answer = server.answer
        self.wfile.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n"
            + f"Content-Length: {len(answer)}\r\n\r\n".encode()
            + answer
        )


@dataclass
class RawServer:
    """Its address, and the head lines and body of every request as the socket received them."""

    url: str
    seen: list[tuple[list[str], bytes]]


@contextmanager
def raw_server(answer: bytes = b'{"data": []}') -> Iterator[RawServer]:
    """A loopback server that gives one answer to everything."""
    seen: list[tuple[list[str], bytes]] = []
    with served(_RawHandler, seen=seen, answer=answer) as url:
        yield RawServer(url, seen)


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


def api(target: Target, environment_id: str = "env") -> CardsApi:
    """The operations over a scripted target."""
    return CardsApi(session(target), environment_id)


MINE = "inv-1"


def scope_of_this_run() -> Scope:
    """A scope with one invocation, one user, and one card."""
    scope = Scope()
    scope.adopt_invocation(MINE)
    scope.adopt_user("user of mine")
    body = {
        "cardInstanceId": "card-1",
        "flowInvocationId": "inv-2",
        "flowInstanceId": "flow-1",
        "lifecycleId": "life-1",
        "userId": "a-real-customer",
        "cardTemplateId": "template-1",
        "eventName": "",
    }
    scope.adopt([Card.from_body(body)])
    return scope
