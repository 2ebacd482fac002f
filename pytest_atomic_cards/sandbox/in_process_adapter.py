"""SandboxAdapter: ``requests`` to a sandbox, or any WSGI application, in this process."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes, urlsplit

from requests.adapters import HTTPAdapter

from pytest_atomic_cards.sandbox.faulty_network import (
    FAULTS_APPLIED,
    REQUEST_URI,
    call,
    send_through,
)
from pytest_atomic_cards.sandbox.http_responses import raw_response

if TYPE_CHECKING:
    from collections.abc import Mapping

    from _typeshed.wsgi import WSGIApplication
    from requests import PreparedRequest, Response

    from pytest_atomic_cards.model.network_faults import NetworkFaults


class InProcessAdapter(HTTPAdapter):
    """Transport adapter without a network: subclasses deliver the request to an application."""

    def __init__(self) -> None:
        super().__init__(max_retries=0)

    def send(  # noqa: PLR0917 - the signature of requests
        self,
        request: PreparedRequest,
        stream: bool = False,  # noqa: ARG002, FBT001, FBT002
        timeout: Any = None,  # noqa: ANN401
        verify: bool | str = True,  # noqa: ARG002, FBT001, FBT002
        cert: Any = None,  # noqa: ANN401, ARG002
        proxies: Mapping[str, str] | None = None,  # noqa: ARG002
    ) -> Response:
        """Call the application with a request."""
        return self.deliver(request, timeout)

    def deliver(self, request: PreparedRequest, timeout: Any) -> Response:  # noqa: ANN401
        """The response of the application to a request.

        Args:
            request: The request.
            timeout: As given to ``requests``.
        """
        raise NotImplementedError


class SandboxAdapter(InProcessAdapter):
    """Transport adapter: ``session.mount("https://sandbox.test", SandboxAdapter(sandbox))``.

    Args:
        app: The WSGI application to call.
        faults: Network faults; if left out, those of the sandbox.
    """

    def __init__(self, app: WSGIApplication, faults: NetworkFaults | None = None) -> None:
        super().__init__()
        self._app = app
        self._faults: NetworkFaults | None = faults or getattr(app, "network", None)

    def deliver(self, request: PreparedRequest, timeout: Any) -> Response:  # noqa: ANN401
        """Call the application, unless a network fault affects the request."""
        if self._faults is None:
            return self._call(request)
        return send_through(self._faults, lambda: self._call(request), request, timeout)

    def _call(self, request: PreparedRequest) -> Response:
        status, headers, body = call(self._app, _environ(request))
        code, _, reason = status.partition(" ")
        raw = raw_response(request, int(code), headers, body, reason)
        return self.build_response(request, raw)


def _environ(request: PreparedRequest) -> dict[str, Any]:
    url = urlsplit(request.url or "")
    body = body_bytes(request.body)
    environ = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(url.path).decode("latin-1") if "%" in url.path else url.path,
        "QUERY_STRING": url.query,
        REQUEST_URI: request.path_url,
        FAULTS_APPLIED: True,
        "SERVER_NAME": url.hostname or "localhost",
        "SERVER_PORT": str(url.port or (443 if url.scheme == "https" else 80)),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": url.scheme,
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    headers: Mapping[str, str | bytes] = request.headers
    for name, value in headers.items():
        text = value.decode("latin-1") if isinstance(value, bytes) else value
        environ[_variable(name)] = text
    if body:
        environ["CONTENT_LENGTH"] = str(len(body))
    return environ


@lru_cache(maxsize=256)
def _variable(header: str) -> str:
    name = header.upper().replace("-", "_")
    return name if name in {"CONTENT_TYPE", "CONTENT_LENGTH"} else f"HTTP_{name}"


def body_bytes(body: object) -> bytes:
    """The complete body of a request, from any form that ``requests`` accepts.

    Raises:
        TypeError: It has another form.
    """
    if not body:
        return b""
    if isinstance(body, str):
        return body.encode()
    if isinstance(body, bytes):
        return body
    if isinstance(body, Iterable):
        return b"".join(map(body_bytes, body))
    raise TypeError(f"a request body must be text, bytes or an iterable of them, not {body!r}")
