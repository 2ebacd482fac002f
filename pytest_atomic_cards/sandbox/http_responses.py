"""Responses as ``urllib3`` reads them from a socket, built without one."""

from __future__ import annotations

import io
from email.message import Message
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from urllib3 import HTTPHeaderDict, HTTPResponse

if TYPE_CHECKING:
    from requests import PreparedRequest


def raw_response(
    request: PreparedRequest,
    status: int,
    headers: list[tuple[str, str]],
    body: bytes,
    reason: str = "",
) -> HTTPResponse:
    """A complete response, from which an adapter builds one of ``requests``.

    An application may give a HEAD request a body, which a server leaves out. Source: RFC 9110 ›
    9.3.2.
    """
    return HTTPResponse(
        body=io.BytesIO(b"" if request.method == "HEAD" else body),
        headers=HTTPHeaderDict(headers),
        status=status,
        version=11,
        reason=reason or HTTPStatus(status).phrase,
        preload_content=False,
        original_response=_original(headers),
        request_method=request.method,
        request_url=request.url,
    )


class _Original:
    """The finished response from which ``requests`` reads cookies."""

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
