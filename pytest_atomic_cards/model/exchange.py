"""Exchange: one request and its response with its time, whatever its origin.

Reports, rules and recordings read exchanges. An exchange never contains a secret: credentials are
replaced when it is created, not when it is shown.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlsplit

from pytest_atomic_cards.model.settings import APP_URL, SANDBOX_URL
from pytest_atomic_cards.support.json_values import is_deeper_than, refuse_constant
from pytest_atomic_cards.support.printable import printable, shell_word
from pytest_atomic_cards.support.secrets.hidden import REDACTED
from pytest_atomic_cards.support.secrets.names import is_secret_name

_BODY_SHOWN: Final = 2_000
"""Characters of a body in an error message: an error fits, and a page of cards does not flood."""
_LARGEST_STRUCTURE: Final = 1_000_000
"""Bytes up to which a report holds a whole body: a page of 100 large cards has fewer, and no
viewer opens a report of many larger ones."""
_LARGEST_ARGUMENT: Final = 100_000
"""Bytes of a body that a command can hold: Linux limits an argument to 128 KiB, and escaping makes
a body longer."""
_DEEPEST: Final = 100
"""Levels of nesting up to which a body is shown as structure: no card has so many, and writing JSON
fails at about ten times as many."""

_INSIDE: Final = {
    SANDBOX_URL: "is inside this run: 'atomic-cards sandbox' (with the same --fault and --profile) "
    "serves one and prints its URL",
    APP_URL: "is the application inside this run: serve it, and use its URL",
}
"""Hosts that no other process reaches, with how to get one that it does."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One HTTP request and its response.

    Args:
        method: HTTP method, upper case.
        url: Absolute URL with the encoded query.
        request_headers: Headers as sent; secret ones hold ``[redacted]``.
        request_body: Body as sent, or empty.
        status: HTTP status, or ``None`` if there was no response.
        response_headers: Headers as received, names lower case; secret ones redacted.
        response_body: Body as received, or empty.
        started: When the request was sent, UTC.
        elapsed: Seconds until the response was read.
        error: Why there was no response, else ``None``.
    """

    method: str
    url: str
    started: datetime
    elapsed: float
    request_headers: Mapping[str, str] = field(default_factory=dict)
    request_body: bytes = b""
    status: int | None = None
    response_headers: Mapping[str, str] = field(default_factory=dict)
    response_body: bytes = b""
    error: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "request_headers", redact_headers(self.request_headers))
        object.__setattr__(self, "response_headers", redact_headers(self.response_headers))

    @property
    def path(self) -> str:
        """The path of the URL, still encoded."""
        return urlsplit(self.url).path

    @property
    def query(self) -> str:
        """The encoded query string of the URL, without ``?``."""
        return urlsplit(self.url).query

    @property
    def succeeded(self) -> bool:
        """Whether the status is 2xx."""
        return self.status is not None and 200 <= self.status < 300  # noqa: PLR2004

    @property
    def is_server_error(self) -> bool:
        """Whether the status is 5xx."""
        return self.status is not None and self.status >= HTTPStatus.INTERNAL_SERVER_ERROR

    def json(self) -> Any:  # noqa: ANN401 - a JSON value
        """The response body as JSON; ``None`` if it is empty, not JSON, or nested too deeply."""
        try:
            return json.loads(self.response_body, parse_constant=refuse_constant)
        except (ValueError, RecursionError):
            return None

    def curl(self) -> str:
        """A runnable command that repeats the request with ``$ATOMIC_TOKEN`` as the token.

        Printable, and on one line. A body that no argument can hold, because it is too long or
        contains a NUL, must first be saved to a file named ``body``.
        """
        method, url = shell_word(self.method), shell_word(self.url)
        parts = ["curl", "--globoff", "-sS", "-i", "-X", method, url]
        for name, value in self.request_headers.items():
            if name.lower() == "authorization":
                parts += ["-H", f'"{name}: Bearer $ATOMIC_TOKEN"']
            elif name.lower() in {"user-agent", "content-type", "accept"}:
                parts += ["-H", shell_word(f"{name}: {value}")]
        added_by_curl = {"User-Agent", "Content-Type"} if self.request_body else {"User-Agent"}
        sent = {name.lower() for name in self.request_headers}
        for name in sorted(added_by_curl):
            if name.lower() not in sent:
                parts += ["-H", shell_word(f"{name}:")]
        if b"\0" in self.request_body or len(self.request_body) > _LARGEST_ARGUMENT:
            parts += ["--data-binary", "@body"]
        elif self.request_body:
            body = self.request_body.decode("utf-8", "surrogateescape")
            parts += ["--data-raw", shell_word(body)]
        return " ".join(parts)

    def describe(self) -> str:
        """The response in one printable line: status and the beginning of the body."""
        if self.status is None:
            return printable(f"no response ({self.error})")
        lines = self.response_body.decode("utf-8", "replace").splitlines()
        body = " ".join(line.strip() for line in lines)
        return f"HTTP {self.status} {printable(body, limit=_BODY_SHOWN)}".rstrip()

    def as_dict(self) -> dict[str, Any]:
        """The exchange as JSON values, with bodies as structure if they are JSON.

        Texts are unchanged, except for the command: whatever shows them makes them printable.
        """
        return {
            "method": self.method,
            "url": self.url,
            "requestHeaders": dict(self.request_headers),
            "requestBody": _readable(self.request_body),
            "status": self.status,
            "responseHeaders": dict(self.response_headers),
            "responseBody": _readable(self.response_body),
            "started": self.started.isoformat(),
            "elapsed": round(self.elapsed, 6),
            "error": self.error,
            "curl": self.curl(),
        }


def how_to_reach(url: str) -> str:
    """How the target of a command gets a host that can be reached; empty if it has one."""
    inside = (text for root, text in _INSIDE.items() if url.startswith(root))
    text = next(inside, "")
    return f"{urlsplit(url).hostname} {text}" if text else ""


def redact_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """A copy of headers in which the values of secret ones are replaced."""
    return {name: REDACTED if is_secret_name(name) else value for name, value in headers.items()}


def _readable(body: bytes) -> Any:  # noqa: ANN401 - a JSON value
    """A body as structure if it can be written as JSON again, else as text."""
    if not body:
        return None
    text = body[:_LARGEST_STRUCTURE].decode("utf-8", "replace")
    if len(body) > _LARGEST_STRUCTURE:
        return f"{text}… ({len(body) - _LARGEST_STRUCTURE:,} bytes left out)"
    try:
        value = json.loads(body, parse_constant=refuse_constant, parse_float=_finite)
    except (ValueError, RecursionError):
        return text
    return text if is_deeper_than(value, _DEEPEST) else value


def _finite(number: str) -> float:
    """A number that JSON can hold; ``1e400`` would be read as infinite."""
    value = float(number)
    return value if math.isfinite(value) else refuse_constant(number)
