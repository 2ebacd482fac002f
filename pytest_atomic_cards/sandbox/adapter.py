"""SandboxAdapter: lets ``requests`` talk to a sandbox, or any WSGI application, in this process."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterable
from email.message import Message
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes, urlsplit

from requests.adapters import HTTPAdapter
from urllib3 import HTTPHeaderDict, HTTPResponse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from _typeshed.wsgi import WSGIApplication
    from requests import PreparedRequest, Response


class SandboxAdapter(HTTPAdapter):
    """Transport adapter: ``session.mount("https://sandbox.test", SandboxAdapter(sandbox))``.

    Args:
        app: The WSGI application to call.
    """

    def __init__(self, app: WSGIApplication) -> None:
        super().__init__(max_retries=0)
        self._app = app

    def send(  # noqa: PLR0917 - the signature of requests
        self,
        request: PreparedRequest,
        stream: bool = False,  # noqa: ARG002, FBT001, FBT002
        timeout: Any = None,  # noqa: ANN401, ARG002
        verify: bool | str = True,  # noqa: ARG002, FBT001, FBT002
        cert: Any = None,  # noqa: ANN401, ARG002
        proxies: Mapping[str, str] | None = None,  # noqa: ARG002
    ) -> Response:
        """Call the application with a request; gives its answer as a response."""
        environ = _environ(request)
        answer: list[Any] = []
        written: list[bytes] = []

        def start_response(
            status: str,
            headers: list[tuple[str, str]],
            exc_info: Any = None,  # noqa: ANN401, ARG001
        ) -> Any:  # noqa: ANN401
            answer[:] = (status, headers)
            return written.append

        chunks = self._app(environ, start_response)
        try:
            body = b"".join([*written, *chunks])
        finally:
            close = getattr(chunks, "close", None)
            if close is not None:
                close()
        status, headers = answer
        code, _, reason = status.partition(" ")
        raw = raw_response(request, int(code), reason, headers, body)
        return self.build_response(request, raw)


def raw_response(
    request: PreparedRequest, status: int, reason: str, headers: list[tuple[str, str]], body: bytes
) -> HTTPResponse:
    """A whole response as urllib3 gives it, from which an adapter builds one of ``requests``."""
    return HTTPResponse(
        body=io.BytesIO(body),
        headers=HTTPHeaderDict(headers),
        status=status,
        version=11,
        reason=reason,
        preload_content=False,
        original_response=_original(headers),
        request_method=request.method,
        request_url=request.url,
    )


class _Original:
    """What ``requests`` reads cookies from: a finished response with its headers."""

    def __init__(self, message: Message) -> None:
        self.msg = message

    def isclosed(self) -> bool:
        return True

    def close(self) -> None:
        pass


def _original(headers: list[tuple[str, str]]) -> Any:  # noqa: ANN401 - stands in for http.client's
    if not any(name.lower() == "set-cookie" for name, _ in headers):
        return None
    message = Message()
    for name, value in headers:
        message[name] = value
    return _Original(message)


def _environ(request: PreparedRequest) -> dict[str, Any]:
    url = urlsplit(request.url or "")
    body = body_bytes(request.body)
    environ = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(url.path).decode("latin-1") if "%" in url.path else url.path,
        "QUERY_STRING": url.query,
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
    """The whole body of a request, in whichever form ``requests`` has it.

    Raises:
        TypeError: It is none of them.
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
