"""Converts requests and responses between ``requests`` and vcrpy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from urllib3 import HTTPHeaderDict
from vcr.request import Request  # type: ignore[import-untyped]

from pytest_atomic_cards.sandbox.http_responses import raw_response
from pytest_atomic_cards.sandbox.in_process_adapter import body_bytes

if TYPE_CHECKING:
    import requests
    from urllib3 import HTTPResponse

    from pytest_atomic_cards.recordings.cassettes.indexed_cassette import Response

LOGICAL_URL: Final = "https://cards.invalid"
"""The base URL in recordings, in place of that of the target."""

_VOLATILE: Final = frozenset(
    {
        "accept",
        "accept-encoding",
        "age",
        "connection",
        "content-encoding",
        "content-length",
        "date",
        "host",
        "keep-alive",
        "server",
        "transfer-encoding",
        "user-agent",
        "via",
        "x-amz-cf-id",
        "x-amz-cf-pop",
        "x-amzn-requestid",
        "x-amzn-trace-id",
        "x-cache",
        "x-request-id",
    }
)
"""Headers that differ from run to run or describe the transfer; they are not recorded."""


def request_of(request: requests.PreparedRequest) -> Request:
    """A request for vcrpy, without the host and without volatile headers."""
    parts = urlsplit(request.url or "")
    url = f"{LOGICAL_URL}{parts.path}{'?' if parts.query else ''}{parts.query}"
    headers = _lasting(request.headers.items())
    return Request(request.method or "", url, body_bytes(request.body) or None, headers)


def response_of(response: requests.Response) -> Response:
    """A response for vcrpy, read to its end, without volatile headers."""
    raw: Any = response.raw
    headers = getattr(raw, "headers", None)
    pairs = headers.items() if isinstance(headers, HTTPHeaderDict) else response.headers.items()
    kept: dict[str, list[str]] = {}
    for name, value in pairs:
        if name.lower() not in _VOLATILE:
            kept.setdefault(name.lower(), []).append(value)
    return {
        "status": {"code": response.status_code, "message": response.reason or ""},
        "headers": dict(sorted(kept.items())),
        "body": {"string": response.content},
    }


def urllib3_response(request: requests.PreparedRequest, response: Response) -> HTTPResponse:
    """A recorded response for urllib3."""
    status, body = response["status"], response["body"]["string"]
    headers = [(name, value) for name, values in response["headers"].items() for value in values]
    headers.append(("content-length", str(len(body))))
    return raw_response(request, status["code"], headers, body, status["message"])


def _lasting(pairs: Any) -> dict[str, str]:  # noqa: ANN401 - pairs of strings or bytes
    kept = {_text(name).lower(): _text(value) for name, value in pairs}
    return {name: kept[name] for name in sorted(kept.keys() - _VOLATILE)}


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value
