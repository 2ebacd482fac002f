"""Network faults in action: in an adapter of ``requests``, or behind a real socket."""

from __future__ import annotations

import errno
import json
import os
import socket
import struct
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import requests
from requests.adapters import BaseAdapter, HTTPAdapter
from urllib3.exceptions import ProtocolError
from urllib3.util import Timeout

from pytest_atomic_cards.model.network_faults import (
    FAULT_HEADER,
    RESETS,
    InjectedFault,
    NetworkFault,
    NetworkFaultKind,
    NetworkFaults,
)
from pytest_atomic_cards.sandbox.http_responses import raw_response
from pytest_atomic_cards.support.clock import REAL_CLOCK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

REQUEST_URI: Final = "REQUEST_URI"
"""Key of a WSGI environment: path and query exactly as they were sent, as PATH_INFO is decoded."""

FAULTS_APPLIED: Final = "sandbox.faults_applied"
"""Key of a WSGI environment: true once a network fault had its chance, which is once a request."""
_Headers = list[tuple[str, str]]
_Answer = tuple[str, _Headers, bytes]
_BUILDER: Final = HTTPAdapter(max_retries=0)
_RESET_ON_CLOSE: Final = struct.pack("ii", 1, 0)
"""Linger for 0 seconds. Source: socket(7)."""


class FaultyAdapter(BaseAdapter):
    """An adapter of ``requests`` that puts a faulty network before another adapter.

    Example:
        >>> session.mount("https://", FaultyAdapter(HTTPAdapter(), cards.faults))

    Args:
        inner: Sends the requests that get through.
        faults: The faults of the network.
    """

    def __init__(self, inner: BaseAdapter, faults: NetworkFaults) -> None:
        super().__init__()
        self._inner = inner
        self._faults = faults

    def send(  # noqa: PLR0917 - the signature of requests
        self,
        request: requests.PreparedRequest,
        stream: bool = False,  # noqa: FBT001, FBT002
        timeout: Any = None,  # noqa: ANN401
        verify: bool | str = True,  # noqa: FBT001, FBT002
        cert: Any = None,  # noqa: ANN401
        proxies: Any = None,  # noqa: ANN401
    ) -> requests.Response:
        """Send a request, or apply a fault to it."""
        return send_through(
            self._faults,
            lambda: self._inner.send(request, stream, timeout, verify, cert, proxies),
            request,
            timeout,
        )

    def close(self) -> None:
        """Close the wrapped adapter."""
        self._inner.close()


def send_through(
    faults: NetworkFaults,
    deliver: Callable[[], requests.Response],
    request: requests.PreparedRequest,
    timeout: Any,  # noqa: ANN401 - seconds, a pair of them, urllib3's Timeout or None
) -> requests.Response:
    """Send a request through a faulty network; fails as ``requests`` would.

    Raises:
        requests.ConnectionError: The connection was reset.
        requests.ReadTimeout: The response was later than the client waits.
    """
    fault = faults.take(request.method or "", request.path_url.partition("?")[0])
    if fault is None:
        return deliver()
    response = deliver() if fault.kind.is_processed else None
    content = b"" if response is None else response.content
    if fault.kind in RESETS:
        cause = ConnectionResetError(errno.ECONNRESET, os.strerror(errno.ECONNRESET))
        error = requests.ConnectionError(
            ProtocolError("Connection aborted.", cause), request=request
        )
        raise error from InjectedFault(fault.kind)
    if fault.kind is NetworkFaultKind.SLOW and response is not None:
        patience = _patience(timeout)
        if patience is not None and patience < fault.delay:
            REAL_CLOCK.sleep(patience)
            late = f"Read timed out. (read timeout={patience})"  # as urllib3 words it
            raise requests.ReadTimeout(late, request=request) from InjectedFault(fault.kind)
        REAL_CLOCK.sleep(fault.delay)
        return response
    if fault.kind is NetworkFaultKind.CUT_OFF and response is not None:
        status, headers = response.status_code, list(response.headers.items())
        headers, content = _cut(headers, content)
    else:
        line, headers, content = _instead(fault)
        status = int(line[:3])
    return _BUILDER.build_response(request, raw_response(request, status, headers, content))


class FaultyNetwork:
    """A WSGI application with a faulty network before it, which affects each request once.

    A reset needs the socket that ``HttpServer`` provides; without one it is an exception.

    Args:
        app: Serves the requests that get through.
        faults: The faults of the network.
    """

    def __init__(self, app: WSGIApplication, faults: NetworkFaults) -> None:
        self._app = app
        self._faults = faults

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request, or apply a fault to it. Source: PEP 3333."""
        fault = None
        if FAULTS_APPLIED not in environ:
            environ[FAULTS_APPLIED] = True
            fault = self._faults.take(environ["REQUEST_METHOD"], environ["PATH_INFO"])
        if fault is None:
            return self._app(environ, start_response)
        answer = call(self._app, environ) if fault.kind.is_processed else None
        if fault.kind in RESETS:
            _reset(environ.get("sandbox.socket"))
        if fault.kind is NetworkFaultKind.SLOW:
            REAL_CLOCK.sleep(fault.delay)
        if answer is None or fault.kind.status:
            answer = _instead(fault)
        line, headers, body = answer
        if fault.kind is NetworkFaultKind.CUT_OFF:
            headers, body = _cut(headers, body)
        start_response(line, headers)
        return [body]


def call(app: WSGIApplication, environ: WSGIEnvironment) -> _Answer:
    """The complete response of a WSGI application: status line, headers and body."""
    answer: list[Any] = []
    written: list[bytes] = []

    def start_response(
        status: str,
        headers: _Headers,
        exc_info: Any = None,  # noqa: ANN401, ARG001
    ) -> Any:  # noqa: ANN401
        answer[:] = (status, headers)
        return written.append

    chunks = app(environ, start_response)
    try:
        body = b"".join([*written, *chunks])
    finally:
        close = getattr(chunks, "close", None)
        if close is not None:
            close()
    status, headers = answer
    return status, headers, body


def _instead(fault: NetworkFault) -> _Answer:
    """The response that a fault sends instead of the target."""
    status = HTTPStatus(fault.kind.status or HTTPStatus.INTERNAL_SERVER_ERROR)
    body = json.dumps({"message": f"network fault: {fault.kind}"}).encode()
    headers = [
        ("Content-Type", "application/json"),
        ("Content-Length", str(len(body))),
        (FAULT_HEADER, fault.kind.value),
    ]
    if fault.kind is NetworkFaultKind.RATE_LIMITED:
        headers.append(("Retry-After", str(fault.retry_after)))
    return f"{status.value} {status.phrase}", headers, body


def _cut(headers: _Headers, body: bytes) -> tuple[_Headers, bytes]:
    """Headers that announce a complete body, and its first half."""
    dropped = {"content-length", "content-encoding", "transfer-encoding"}
    kept = [(name, value) for name, value in headers if name.lower() not in dropped]
    kept += [("Content-Length", str(max(len(body), 1))), (FAULT_HEADER, NetworkFaultKind.CUT_OFF)]
    return kept, body[: len(body) // 2]


def _reset(connection: socket.socket | None) -> None:
    """End a request by resetting its connection."""
    if connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        os.close(connection.detach())
    raise ConnectionResetError(errno.ECONNRESET, "by a network fault")


def _patience(timeout: Any) -> float | None:  # noqa: ANN401
    """How long a client waits for a response, in seconds; ``None`` means forever."""
    if isinstance(timeout, Timeout):
        timeout = timeout.read_timeout
    seconds = timeout[1] if isinstance(timeout, tuple) else timeout
    return None if seconds is None else float(seconds)
