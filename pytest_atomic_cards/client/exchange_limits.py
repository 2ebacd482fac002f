"""Limits of one exchange: the time for all of it, and the size of its response.

The time-outs of ``requests`` apply to each read of a socket, so a response of one byte a second
never ends. The connections of this module count time and bytes over the whole exchange.
"""

from __future__ import annotations

import io
import threading
from concurrent.futures import Future, wait
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from http.client import HTTPResponse
from typing import TYPE_CHECKING, Any, Final

from pytest_atomic_cards.client.deadline import STEP, Deadline
from pytest_atomic_cards.model.network_faults import FAULT_HEADER
from pytest_atomic_cards.model.settings import MEGABYTE
from pytest_atomic_cards.support.clock import REAL_CLOCK

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator

    import requests
    from urllib3 import PoolManager

_CHUNK: Final = 65_536
"""Bytes of a body to unpack at once: few compared to the limit, so that little exceeds it."""


class LimitError(OSError):
    """An exchange was ended by one of its limits."""


class Limits:
    """What one exchange may still take.

    Args:
        seconds: Longest time for all of it.
        deadline: When the run ends; it may be tightened while the exchange is running.
        max_body: Most bytes of the response, as sent and as unpacked.

    Attributes:
        seconds: Longest time, cut to what the deadline leaves.
        exceeded: Which limit ended the exchange; empty while none has.
        timed_out: Whether that limit was one of time.
        connected: Whether there was a connection, so that the request may have reached the target.
        injected: Whether a test damaged the response.
    """

    def __init__(self, seconds: float, deadline: Deadline, max_body: int) -> None:
        self.seconds = min(seconds, deadline.left)
        self.exceeded = ""
        self.timed_out = False
        self.connected = False
        self.injected = False
        self._end = REAL_CLOCK.monotonic() + self.seconds
        self._deadline = deadline
        self._max_body = max_body
        self._received = 0

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Apply the limits to what this thread exchanges in the block."""
        token = _CURRENT.set(self)
        try:
            yield
        finally:
            _CURRENT.reset(token)

    def step(self) -> float:
        """Seconds to wait before checking again.

        Raises:
            LimitError: The time is over.
        """
        left = min(self._end - REAL_CLOCK.monotonic(), self._deadline.left)
        if left > 0:
            return min(left, STEP)
        self.timed_out = True
        reason = f"timed out: no complete response within {self.seconds:.3g} s"
        if self._deadline.has_passed:
            reason = f"not finished when time ran out: {self._deadline.reason}"
        raise self._ended_by(reason)

    def receive(self, size: int) -> None:
        """Count bytes that the target sent.

        Raises:
            LimitError: There are too many of them.
        """
        self._received += size
        self._check_size(self._received, "as sent")

    def read(self, response: requests.Response) -> bytes:
        """The unpacked body of a response.

        Raises:
            LimitError: It is too large.
            OSError: It is incomplete.
        """
        self.injected = FAULT_HEADER in response.headers
        chunks, size = [], 0
        for chunk in response.iter_content(_CHUNK):
            chunks.append(chunk)
            size += len(chunk)
            self._check_size(size, "as unpacked")
            self.step()
        return b"".join(chunks)

    def _check_size(self, size: int, form: str) -> None:
        if size > self._max_body:
            raise self._ended_by(
                f"the response {form} exceeds {self._max_body / MEGABYTE:g} MB, the limit that "
                "ATOMIC_CARDS_MAX_BODY sets"
            )

    def _ended_by(self, reason: str) -> LimitError:
        self.exceeded = reason
        return LimitError(reason)


_CURRENT: Final[ContextVar[Limits | None]] = ContextVar("limits of the exchange", default=None)


def read_within_limits(response: requests.Response) -> requests.Response:
    """Read the body of a response within the limits of the current exchange, if it has any.

    Raises:
        OSError: A limit was exceeded, or the body is incomplete.
    """
    limits = _CURRENT.get()
    if limits is not None:
        try:
            # ``requests`` keeps a body that was read in these attributes.
            response._content = limits.read(response)  # noqa: SLF001
            response._content_consumed = True  # type: ignore[attr-defined] # noqa: SLF001
        except BaseException:
            response.close()
            raise
    return response


def limit_connections(manager: PoolManager) -> None:
    """Make a pool manager open connections that obey the limits of the current exchange."""
    pools = manager.pool_classes_by_scheme
    manager.pool_classes_by_scheme = {scheme: _limited(pool) for scheme, pool in pools.items()}


@cache
def _limited(pool: Any) -> Any:  # noqa: ANN401 - a class of urllib3's
    connection = type("LimitedConnection", (_Limited, pool.ConnectionCls), {})
    return type("LimitedPool", (pool,), {"ConnectionCls": connection})


class _Limited:
    """Mixin of an HTTP connection that cuts every wait into steps."""

    sock: socket.socket | None
    _limits: Limits | None = None
    _is_last = False

    @property
    def is_connected(self) -> bool:
        """Whether another request may be sent; not after one with ``Connection: close``.

        The target closes then, but perhaps a little later. Source: RFC 9112 › 9.6.
        """
        return not self._is_last and super().is_connected  # type: ignore[misc]

    def connect(self) -> None:
        """Connect in a separate thread, as nothing interrupts the lookup of a host name."""
        self._is_last = False
        self._limits = limits = _CURRENT.get()
        connect: Callable[[], None] = super().connect  # type: ignore[misc]
        if limits is None:
            connect()
            return
        done: Future[None] = Future()
        threading.Thread(target=_run, args=(connect, done), daemon=True).start()
        while not done.done():
            try:
                wait([done], limits.step())
            except BaseException:
                # The thread runs until its own time-out, and then closes what it opened.
                done.add_done_callback(lambda _: self.close())  # type: ignore[attr-defined]
                raise
        done.result()
        limits.connected = True

    def request(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - passed on
        """Send a request, over a connection that an earlier exchange may have opened."""
        self._limits = limits = _CURRENT.get()
        if limits is not None:
            limits.connected = self.sock is not None
        headers = kwargs.get("headers") or {}
        super().request(*args, **kwargs)  # type: ignore[misc]
        self._is_last = headers.get("Connection") == "close"

    def send(self, data: Any) -> None:  # noqa: ANN401 - whatever http.client sends
        """Send bytes as the target takes them."""
        if self.sock is None or self._limits is None or not isinstance(data, bytes):
            super().send(data)  # type: ignore[misc]
            return
        rest = memoryview(data)
        while rest:
            self.sock.settimeout(self._limits.step())
            try:
                rest = rest[self.sock.send(rest) :]
            except TimeoutError:
                continue

    def response_class(self, sock: socket.socket, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        """A response that is read within the limits."""
        response = HTTPResponse(sock, *args, **kwargs)
        if self._limits is not None:
            response.fp = io.BufferedReader(
                _LimitedStream(sock, response.fp.detach(), self._limits)
            )
        return response


def _run(connect: Callable[[], None], done: Future[None]) -> None:
    try:
        connect()
    except BaseException as error:  # noqa: BLE001 - raised by whoever waits
        done.set_exception(error)
    else:
        done.set_result(None)


class _LimitedStream(io.RawIOBase):
    """The bytes that a socket receives.

    Args:
        sock: The socket.
        opened: The stream that ``http.client`` made of it, which keeps the socket open.
        limits: Limits of the exchange.
    """

    def __init__(self, sock: socket.socket, opened: io.RawIOBase, limits: Limits) -> None:
        super().__init__()
        self._sock = sock
        self._opened = opened
        self._limits = limits

    def readable(self) -> bool:
        """Always true."""
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - any writable buffer
        """Read what has arrived, or wait for it; 0 at the end."""
        while True:
            self._sock.settimeout(self._limits.step())
            try:
                size = self._sock.recv_into(buffer)
            except TimeoutError:
                continue
            self._limits.receive(size)
            return size

    def close(self) -> None:
        """Release the socket."""
        self._opened.close()
        super().close()
