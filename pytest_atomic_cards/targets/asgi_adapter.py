"""AsgiAdapter: ``requests`` to an ASGI application, which runs in an event loop of its own thread.

Source: ASGI specification › HTTP connection scope, Lifespan protocol.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import TimeoutError as FutureTimeoutError
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote, urlsplit

from requests import ReadTimeout

from pytest_atomic_cards.sandbox.http_responses import raw_response
from pytest_atomic_cards.sandbox.in_process_adapter import InProcessAdapter, body_bytes
from pytest_atomic_cards.sandbox.server_errors import traceback_to_stderr
from pytest_atomic_cards.support.errors import SettingsError

if TYPE_CHECKING:
    from requests import PreparedRequest, Response

Message = dict[str, Any]

_VERSIONS: Final = {"version": "3.0", "spec_version": "2.3"}
_STARTING: Final = 30.0
"""Seconds for an application to start, and to shut down: it may open a database first."""
_FAILED: Final = (500, [("content-type", "text/plain")], b"the application raised an exception")


class AsgiAdapter(InProcessAdapter):
    """Transport adapter that calls an ASGI application.

    Args:
        app: The application.
    """

    def __init__(self, app: Callable[..., Any]) -> None:
        super().__init__()
        self._app = app
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="asgi-application", daemon=True
        )
        self._lifespan = _Lifespan(app)

    def start(self) -> None:
        """Start the application.

        Raises:
            SettingsError: It reports that it cannot start.
        """
        self._thread.start()
        if failure := self._run(self._lifespan.start(), _STARTING):
            raise SettingsError(f"the application of --cards-app does not start: {failure}")

    def close(self) -> None:
        """Shut the application and its loop down."""
        if self._thread.is_alive():
            self._run(self._lifespan.stop(), _STARTING)
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(_STARTING)
            self._loop.close()

    def deliver(self, request: PreparedRequest, timeout: Any) -> Response:  # noqa: ANN401
        """Call the application with a request.

        Raises:
            ReadTimeout: It did not respond in time; it is cancelled.
        """
        seconds = timeout[1] if isinstance(timeout, tuple) else timeout
        serving = _Exchange(_scope(request), body_bytes(request.body)).served_by(self._app)
        status, headers, body = self._run(serving, seconds, request)
        return self.build_response(request, raw_response(request, status, headers, body))

    def _run(
        self,
        work: Coroutine[Any, Any, Any],
        seconds: float | None,
        request: PreparedRequest | None = None,
    ) -> Any:  # noqa: ANN401 - whatever the coroutine returns
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result(seconds)
        except FutureTimeoutError:
            future.cancel()
            raise ReadTimeout(
                f"the application took more than {seconds} s", request=request
            ) from None


class _Exchange:
    """One request, and what the application has sent so far."""

    def __init__(self, scope: Message, body: bytes) -> None:
        self._scope = scope
        self._incoming = [{"type": "http.request", "body": body, "more_body": False}]
        self._status = 0
        self._headers: list[tuple[str, str]] = []
        self._body: list[bytes] = []

    async def served_by(self, app: Callable[..., Any]) -> tuple[int, list[tuple[str, str]], bytes]:
        """The complete response of an application; an exception counts as status 500."""
        try:
            await app(self._scope, self._receive, self._send)
        except Exception as error:  # noqa: BLE001 - any
            traceback_to_stderr("exception in the application", error)
            return _FAILED
        if not self._status:
            return _FAILED
        body = b"" if self._scope["method"] == "HEAD" else b"".join(self._body)
        return self._status, self._headers, body

    async def _receive(self) -> Message:
        return self._incoming.pop() if self._incoming else {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
            pairs = message.get("headers", ())
            self._headers = [(n.decode("latin-1"), v.decode("latin-1")) for n, v in pairs]
        elif message["type"] == "http.response.body":
            self._body.append(message.get("body", b""))


class _Lifespan:
    """The start and the shutdown of an application, if it takes notice of them."""

    def __init__(self, app: Callable[..., Any]) -> None:
        self._app = app
        self._task: asyncio.Task[None] | None = None
        self._incoming: asyncio.Queue[Message] = asyncio.Queue()
        self._outgoing: asyncio.Queue[Message] = asyncio.Queue()

    async def start(self) -> str:
        """Why the application cannot start; empty if it can, or has no lifespan."""
        self._task = asyncio.ensure_future(self._run())
        return await self._tell("startup")

    async def stop(self) -> None:
        """Let the application shut down."""
        if self._task and not self._task.done():
            await self._tell("shutdown")

    async def _tell(self, event: str) -> str:
        await self._incoming.put({"type": f"lifespan.{event}"})
        reply = await self._outgoing.get()
        failed = reply["type"] == f"lifespan.{event}.failed"
        return reply.get("message") or "it gives no reason" if failed else ""

    async def _run(self) -> None:
        scope = {"type": "lifespan", "asgi": _VERSIONS, "state": {}}
        with suppress(Exception):  # an application that raises one has no lifespan
            await self._app(scope, self._incoming.get, self._outgoing.put)
        await self._outgoing.put({"type": "lifespan.ended"})


def _scope(request: PreparedRequest) -> Message:
    url = urlsplit(request.url or "")
    headers: Mapping[str, str | bytes] = request.headers
    fields = [("host", url.netloc), *headers.items()]
    return {
        "type": "http",
        "asgi": _VERSIONS,
        "http_version": "1.1",
        "method": request.method,
        "scheme": url.scheme,
        "path": unquote(url.path),
        "raw_path": url.path.encode("latin-1"),
        "query_string": url.query.encode("latin-1"),
        "root_path": "",
        "headers": [(name.lower().encode("latin-1"), _bytes(value)) for name, value in fields],
        "client": ("127.0.0.1", 0),
        "server": (url.hostname, url.port or 80),
    }


def _bytes(value: str | bytes) -> bytes:
    return value if isinstance(value, bytes) else value.encode("latin-1")
