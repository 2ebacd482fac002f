"""Exchanges with a secret somewhere, and what a recording of them must not hold."""

from __future__ import annotations

import base64
import json
import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from vcr.request import Request

from pytest_atomic_cards.recordings.cassettes.cassette import Cassette
from pytest_atomic_cards.recordings.cassettes.cassette_redaction import Redaction
from pytest_atomic_cards.recordings.cassettes.metadata import Recorded, Source

RELAXED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
_UNLIKE_WORDS = "7qZ"
"""The end of each secret: Hypothesis also draws texts from the code, which files may contain."""
OPAQUE = st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", min_size=14).map(
    lambda text: f"{text}{_UNLIKE_WORDS}"
)
ODD = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=9, max_size=27).map(
    lambda text: f"{text}{_UNLIKE_WORDS}"
)


@dataclass
class Exchange:
    """An exchange to be recorded, put together by planting things in it."""

    path: str = "/v1/env/cards"
    query: list[str] = field(default_factory=lambda: ["userId=someone"])
    request_headers: dict[str, str] = field(default_factory=dict)
    request_body: bytes | None = None
    response_headers: dict[str, list[str]] = field(default_factory=dict)
    response_body: bytes = b'{"data": []}'

    @property
    def request(self) -> Request:
        url = f"https://cards.invalid{self.path}?{'&'.join(self.query)}"
        return Request("PUT", url, self.request_body, self.request_headers)

    @property
    def response(self) -> dict[str, Any]:
        return {
            "status": {"code": 200, "message": "OK"},
            "headers": self.response_headers,
            "body": {"string": self.response_body},
        }


def in_base64(text: str) -> str:
    """Text in base64."""
    return base64.b64encode(text.encode()).decode()


ENCODINGS: list[Callable[[str], str]] = [
    lambda text: text,
    quote_plus,
    lambda text: quote(quote(text, safe=""), safe=""),
    in_base64,
    lambda text: in_base64(f"before {text} after"),
    lambda text: base64.urlsafe_b64encode(f"{text}!".encode()).decode().rstrip("="),
    lambda text: quote(in_base64(text), safe=""),
    lambda text: in_base64(quote(text, safe="")),
    lambda text: json.dumps({"inner": text}),
    lambda text: f"told: {text}, as was asked",
]


def _lower_case(text: str) -> str:
    """A percent-encoded text with its hexadecimal digits in lower case."""
    return re.sub("%[0-9A-F]{2}", lambda match: match[0].lower(), text)


def nested_json(value: object, depth: int) -> bytes:
    """A value some levels deep in JSON."""
    for level in range(depth):
        value = [0, value] if level % 2 else {"inner": value, "other": 1}
    return json.dumps(value).encode()


def _plant_in_form(one: Exchange, text: str, _: int) -> None:
    one.request_body = f"a=1&text={quote_plus(text)}".encode()
    one.request_headers["content-type"] = "application/x-www-form-urlencoded"


PLACES: list[Callable[[Exchange, str, int], None]] = [
    lambda one, text, _: setattr(one, "path", f"/v1/{quote(text, safe='')}/cards"),
    lambda one, text, _: one.query.append(f"lifecycleId={quote(text, safe='')}"),
    lambda one, text, _: one.query.append(f"x={_lower_case(quote_plus(text))}"),
    lambda one, text, _: one.query.append(f"{quote(text, safe='')}=1"),
    lambda one, text, _: one.request_headers.update({"X-ParsedResponse": quote(text)}),
    lambda one, text, _: one.response_headers.update({"x-told": ["first", quote(text)]}),
    lambda one, text, depth: setattr(one, "request_body", nested_json(text, depth)),
    lambda one, text, depth: setattr(one, "request_body", nested_json({text: depth}, depth)),
    lambda one, text, depth: setattr(one, "response_body", nested_json([text], depth)),
    lambda one, text, depth: setattr(one, "response_body", nested_json({text: None}, depth)),
    lambda one, text, _: setattr(one, "response_body", f"oh: {text}".encode()),
    lambda one, text, _: setattr(one, "response_body", b"\xff\xfe" + text.encode()),
    lambda one, text, _: setattr(
        one, "response_body", b'{"a": 1, "a": ' + nested_json(text, 0) + b"}"
    ),
    _plant_in_form,
]


def recorded(*exchanges: Exchange, redaction: Redaction | None = None) -> str:
    """The text of the file that these exchanges make."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "one.json"
        cassette = Cassette(path, Recorded(source=Source.LIVE), redaction or Redaction())
        for exchange in exchanges:
            cassette.append(exchange.request, exchange.response)
        cassette.save()
        return path.read_text("utf-8")


def _traces(secret: str) -> set[str]:
    """How a secret would look in a file, plain and encoded."""
    raw = secret.encode()
    in_base64 = {
        base64.b64encode(b"?" * shift + raw).decode()[shift + 2 : -4] for shift in range(3)
    }
    in_base64 |= {text.replace("+", "-").replace("/", "_") for text in in_base64}
    spellings = {secret, json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}
    return spellings | {quote(secret, safe=""), quote_plus(secret)} | in_base64


def assert_gone(secret: str, text: str) -> None:
    """Expect no trace of a secret in a file."""
    lower = text.lower()
    for trace in _traces(secret):
        assert trace.lower() not in lower


def web_token(text: str) -> str:
    """A JSON web token about a text."""
    pieces = ['{"alg":"RS256","typ":"JWT"}', json.dumps({"sub": text}), f"{text}signature"]
    return ".".join(
        base64.urlsafe_b64encode(piece.encode()).decode().rstrip("=") for piece in pieces
    )
