"""A recorded exchange, independent of the file format."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain
from typing import Any, Final

from pytest_atomic_cards.model.exchange import Exchange
from pytest_atomic_cards.recordings.audit.bodies import Body, body_in
from pytest_atomic_cards.recordings.audit.fields import (
    headers_of,
    lowered,
    method_of,
    moment_of,
    seconds_of,
    status_of,
    text_of,
)
from pytest_atomic_cards.rules.parsed_response import EMPTY, UNREADABLE, Fidelity
from pytest_atomic_cards.support.secrets.finder import redacted
from pytest_atomic_cards.support.secrets.hidden import REDACTED

DAMAGED: Final = "damaged"
Texts = Iterable[tuple[str, str]]
"""Texts of an exchange, each with its place."""
Recorded = Mapping[str, Any]
Attached = Callable[[str], bytes | None]
"""The content of a file that a recording names; ``None`` if there is none."""
_USERINFO: Final = re.compile(r"//[^/?#]*@")
"""User name and password in a URL, neither of which is shown."""
_TIME_OF_EPOCH: Final = datetime.fromtimestamp(0, UTC)


@dataclass(slots=True, kw_only=True)
class Entry:
    """One recorded exchange.

    Args:
        number: Its number in the file, from 1.
        line: Its first line, from 1.
        method: HTTP method, upper case.
        url: Absolute URL.
        status: HTTP status; ``None`` if no response was recorded.
        body: Body of the response.
        started: When the request was sent, in seconds since 1970; ``None`` if unknown.
        elapsed: Seconds until the response was read.
        request_headers: Headers of the request.
        response_headers: Headers of the response, names in lower case.
        request_body: Body of the request.
        fidelity: How faithful the recording is.
        is_ours: Whether it is certainly an exchange with the Cards API.
        texts: All its texts that could contain a secret, each with its place.
    """

    number: int
    line: int
    method: str
    url: str
    status: int | None
    body: Body
    started: float | None
    elapsed: float
    request_headers: Mapping[str, str]
    response_headers: Mapping[str, str]
    request_body: bytes
    fidelity: Fidelity
    is_ours: bool = False
    texts: Callable[[], Texts] = field(default=tuple, repr=False)

    def exchange(self) -> Exchange:
        """The exchange for reports, without what looks like a secret."""
        value = self.body.value
        return Exchange(
            method=self.method,
            url=redacted(_USERINFO.sub(f"//{REDACTED}@", self.url)),
            started=_TIME_OF_EPOCH if self.started is None else _moment(self.started),
            elapsed=self.elapsed,
            request_headers=_clean(self.request_headers),
            request_body=_encoded(self.request_body.decode("utf-8", "replace")),
            status=self.status,
            response_headers=_clean(self.response_headers),
            response_body=b"" if value is EMPTY else _encoded(_text_of(value)),
        )


@dataclass(slots=True, kw_only=True)
class Flaw:
    """A part of a recording that cannot be read.

    Args:
        number: Number of the exchange.
        line: Its first line.
        reason: What is wrong, to go on after a number of exchanges.
        text: As it is recorded, as far as known.
        detail: More about the reason, for the first one.
        ends: Whether nothing after it can be read.
    """

    number: int
    line: int
    reason: str
    text: str = ""
    detail: str = ""
    ends: bool = False

    @property
    def place(self) -> str:
        """Where it is in the file."""
        return f"line {self.line}" if self.ends else f"exchange {self.number}, line {self.line}"

    def texts(self) -> Texts:
        """Its text, which could contain a secret."""
        return (("", self.text),)


Item = Entry | Flaw
Parser = Callable[[int, int, Any, Attached], Entry]
"""Makes an entry of number, line and value of an exchange."""


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _clean(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: redacted(value) for name, value in headers.items()}


def _encoded(text: str) -> bytes:
    return redacted(text).encode("utf-8", "replace")


def _text_of(body: Any) -> str:  # noqa: ANN401 - a JSON value
    return "(not readable)" if body is UNREADABLE else json.dumps(body)


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
        yield place, body.decode("utf-8", "replace")


def entry_of(
    number: int,
    line: int,
    *,
    method: object,
    url: object,
    request_headers: object,
    request_body: object,
    status: object,
    response_headers: object,
    response_body: object,
    started: object,
    elapsed: object,
    fidelity: Fidelity = Fidelity.KEPT,
    is_ours: bool = False,
    read: Callable[[Any, str], Body] = body_in,
    others: Callable[[], Texts] = tuple,
) -> Entry:
    """An entry for an exchange of any format, whose fields are given as they are recorded.

    Args:
        number: Its number in the file.
        line: Its line.
        method: HTTP method.
        url: Absolute URL.
        request_headers: Headers of the request.
        request_body: Body of the request.
        status: HTTP status.
        response_headers: Headers of the response.
        response_body: Body of the response.
        started: When the request was sent.
        elapsed: Seconds until the response was read.
        fidelity: How faithful the recording is.
        is_ours: Whether it is certainly an exchange with the Cards API.
        read: Reads a body, given its ``Content-Encoding``.
        others: Further texts of it in the file, each with its place.

    Raises:
        TypeError, ValueError: A field is malformed.
    """
    address, sent, received = (
        text_of(url),
        headers_of(request_headers),
        headers_of(response_headers),
    )
    in_lower_case = lowered(received)
    content = read(request_body, "").content
    body = read(response_body, in_lower_case.get("content-encoding", ""))
    return Entry(
        number=number,
        line=line,
        method=method_of(method),
        url=address,
        status=status_of(status),
        body=body,
        started=moment_of(started),
        elapsed=seconds_of(elapsed),
        request_headers=sent,
        response_headers=in_lower_case,
        request_body=content,
        fidelity=fidelity,
        is_ours=is_ours,
        texts=lambda: chain(texts_of(address, sent, received, content, body.content), others()),
    )
