"""A recorded exchange, independent of the file format."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

from pytest_atomic_cards.model.exchange import Exchange
from pytest_atomic_cards.rules.parsed_response import (
    EMPTY,
    UNREADABLE,
    Fidelity,
    ParsedResponse,
    parsed,
)
from pytest_atomic_cards.support.errors import CassetteError
from pytest_atomic_cards.support.secrets.finder import redacted
from pytest_atomic_cards.support.secrets.unpacking import unpacked

Texts = Iterable[tuple[str, str]]
"""Texts of an exchange, each with its place."""
_TIME_OF_EPOCH: Final = datetime.fromtimestamp(0, UTC)


@dataclass(slots=True, kw_only=True)
class Entry:
    """One recorded exchange.

    Args:
        number: Its number in the file, from 1.
        line: Its first line, from 1.
        method: HTTP method.
        url: Absolute URL.
        status: HTTP status; ``None`` if no response was recorded.
        body: Body of the response as a JSON value, or ``EMPTY`` or ``UNREADABLE``.
        started: When the request was sent, in seconds since 1970; ``None`` if unknown.
        elapsed: Seconds until the response was read.
        request_headers: Headers of the request.
        response_headers: Headers of the response, names in lower case.
        request_body: Body of the request.
        fidelity: How faithful the recording is.
        is_ours: Whether it is certainly an exchange with the Cards API.
        texts: All its texts that could contain a secret, each with its place.

    Raises:
        TypeError: Method or URL is not text, or the response headers are not a mapping.
    """

    number: int
    line: int
    method: str
    url: str
    status: int | None
    body: Any
    started: float | None
    elapsed: float
    request_headers: Mapping[str, str]
    response_headers: Mapping[str, str]
    request_body: bytes
    fidelity: Fidelity
    is_ours: bool = False
    texts: Callable[[], Texts] = field(default=tuple, repr=False)

    def __post_init__(self) -> None:
        if self.method.__class__ is not str or self.url.__class__ is not str:
            raise TypeError("method and URL must be text")
        if self.response_headers.__class__ is not dict:
            raise TypeError("headers must be a mapping")

    def response(self) -> ParsedResponse | None:
        """The parsed response; ``None`` if it is not one of the Cards API."""
        headers = self.response_headers
        return parsed(
            self.method,
            self.url,
            self.status,
            self.body,
            content_type=headers.get("content-type", ""),
            # A response from a shared cache is older than it seems.
            started=None if "age" in headers else self.started,
            elapsed=self.elapsed,
            fidelity=self.fidelity,
            request_body=self.request_body,
        )

    def exchange(self) -> Exchange:
        """The exchange for reports, without what looks like a secret."""
        return Exchange(
            method=self.method,
            url=redacted(self.url),
            started=_TIME_OF_EPOCH if self.started is None else _moment(self.started),
            elapsed=self.elapsed,
            request_headers=_clean(self.request_headers),
            request_body=redacted(self.request_body.decode("utf-8", "replace")).encode(),
            status=self.status,
            response_headers=_clean(self.response_headers),
            response_body=b"" if self.body is EMPTY else redacted(_text_of(self.body)).encode(),
        )


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _clean(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: redacted(value) for name, value in headers.items()}


def _text_of(body: Any) -> str:  # noqa: ANN401 - a JSON value
    return "(not readable)" if body is UNREADABLE else json.dumps(body)


def decoded(content: bytes) -> Any:  # noqa: ANN401 - a JSON value
    """A body as a JSON value, decompressed if necessary."""
    content = unpacked(content)
    if not content.strip():
        return EMPTY
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return UNREADABLE


def structured(value: Any) -> Any:  # noqa: ANN401 - a JSON value
    """A body that was recorded as a JSON value, or as text if it was not JSON."""
    if value is None or value == "":
        return EMPTY
    return UNREADABLE if isinstance(value, str) else value


def seconds_of(text: object) -> float | None:
    """An ISO 8601 time in seconds since 1970; ``None`` if it is malformed or has no zone."""
    if not isinstance(text, str):
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return None if moment.tzinfo is None else moment.timestamp()


def seconds_of_date(headers: Mapping[str, str]) -> float | None:
    """The ``Date`` of a response in seconds since 1970, if it has one."""
    try:
        moment = parsedate_to_datetime(headers["date"])
    except (KeyError, ValueError):
        return None
    return None if moment.tzinfo is None else moment.timestamp()


def merged(headers: Any) -> dict[str, str]:  # noqa: ANN401 - as recorded
    """Headers as a mapping; their values may have been recorded in arrays."""
    if headers is None:
        return {}
    return {
        str(name): ", ".join(map(text_of, value)) if isinstance(value, list) else text_of(value)
        for name, value in headers.items()
    }


def lowered(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers with lower-case names."""
    return {name.lower(): value for name, value in headers.items()}


def text_of(value: object) -> str:
    """A recorded text, which vcrpy may have kept as bytes.

    Raises:
        TypeError: It is something else.
    """
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, str):
        return value
    if isinstance(value, int | float) or value is None:
        return str(value)
    raise TypeError(f"expected text, not a {type(value).__name__}")


def texts_of(
    url: str,
    request_headers: Mapping[str, str],
    response_headers: Mapping[str, str],
    request_body: bytes,
    response_body: bytes,
) -> Iterator[tuple[str, str]]:
    """The parts of an exchange as texts, headers with their names, each with its place."""
    yield "the URL", url
    for place, headers in (
        ("the request headers", request_headers),
        ("the response headers", response_headers),
    ):
        for name, value in headers.items():
            yield place, f'"{name}": "{value}"'
    for place, body in (("the request body", request_body), ("the response body", response_body)):
        yield place, unpacked(body).decode("utf-8", "replace")


def damaged(path: object, place: str, reason: str) -> CassetteError:
    """An error that names the problem of a recording, its place and the remedy."""
    return CassetteError(
        f"{path} is damaged or not a recording: {place}: {reason}; give a cassette, a HAR file, a "
        "report of Schemathesis (VCR or NDJSON), or JSON lines of exchanges"
    )
