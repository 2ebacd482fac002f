"""How an exchange is shown: in a line, and as the values of a report."""

from __future__ import annotations

import json

import pytest

from pytest_atomic_cards.model.exchange import REDACTED
from pytest_atomic_cards.support.printable import json_text

from .exchanges import exchange


def test_describe_gives_status_and_body() -> None:
    """A response is shown in one line."""
    assert exchange(status=400, response_body=b"no").describe() == "HTTP 400 no"


def test_describe_without_a_body_is_the_status() -> None:
    """Nothing trails the status where the body is empty."""
    assert exchange(status=204, response_body=b"").describe() == "HTTP 204"


def test_describe_puts_a_printed_body_on_one_line() -> None:
    """Line ends and indentation of a body do not break the line."""
    pretty = json.dumps({"error": {"message": "two  blanks"}}, indent=2).encode()
    assert exchange(status=400, response_body=pretty).describe() == (
        'HTTP 400 { "error": { "message": "two  blanks" } }'
    )


def test_describe_cuts_a_long_body_and_says_so() -> None:
    """Of a long body the beginning is shown, and how long it is."""
    description = exchange(response_body="é".encode() * 5_000).describe()
    assert description == f"HTTP 200 {'é' * 1_971}… (3,029 characters left out)"


def test_describe_keeps_a_body_that_just_fits() -> None:
    """Two thousand characters are shown whole."""
    assert exchange(response_body=b"x" * 2_000).describe() == f"HTTP 200 {'x' * 2_000}"


def test_describe_shows_why_there_is_no_response() -> None:
    """Without a response there is the reason."""
    unanswered = exchange(status=None, response_body=b"", error="connection refused")
    assert unanswered.describe() == "no response (connection refused)"


def test_describe_shows_bodies_that_are_not_text() -> None:
    """Bytes that are not UTF-8 are shown as replacement characters."""
    assert exchange(response_body=b"a\xffb").describe() == "HTTP 200 a\ufffdb"


def test_as_dict_has_everything() -> None:
    """The form for reports has every field, bodies as structure, and the command."""
    shown = exchange()
    assert shown.as_dict() == {
        "method": "PUT",
        "url": "https://cards.test/v1/env%201/cards/complete?userId=a%20b&multiple=1",
        "requestHeaders": {
            "Authorization": REDACTED,
            "User-Agent": "suite/1 (it's)",
            "Content-Type": "application/json",
            "X-Other": "other",
        },
        "requestBody": {"a": 1},
        "status": 200,
        "responseHeaders": {"content-type": "application/json"},
        "responseBody": {"data": []},
        "started": "2024-01-31T12:00:00+00:00",
        "elapsed": 0.123457,
        "error": None,
        "curl": shown.curl(),
    }


@pytest.mark.parametrize(
    ("body", "shown"),
    [(b"", None), (b"plain", "plain"), (b"\xff", "\ufffd"), (b'"text"', "text"), (b"0", 0)],
)
def test_as_dict_shows_bodies_that_are_not_objects(body: bytes, shown: object) -> None:
    """An empty body is null, one that is no JSON is text, and any JSON value is itself."""
    form = exchange(request_body=body, response_body=body).as_dict()
    assert form["requestBody"] == form["responseBody"] == shown


@pytest.mark.parametrize(
    "body",
    [b'{"a": NaN}', b"[-Infinity]", b"1e400", b'{"a": [-1E999]}', b"[" * 500 + b"]" * 500],
    ids=["NaN", "infinity", "1e400", "nested", "deep"],
)
def test_as_dict_shows_what_json_cannot_hold_as_text(body: bytes) -> None:
    """A number that is not finite, or a nesting that cannot be written again, stays text."""
    form = exchange(request_body=body, response_body=body).as_dict()
    assert form["requestBody"] == form["responseBody"] == body.decode()
    assert json.loads(json_text(form), parse_constant=pytest.fail)["responseBody"] == body.decode()


def test_as_dict_cuts_a_body_that_fills_a_report() -> None:
    """Of a body of more than a million bytes the beginning is shown, and how many are left out."""
    shown = exchange(response_body=b"x" * 1_000_010).as_dict()["responseBody"]
    assert shown == f"{'x' * 1_000_000}… (10 bytes left out)"


def test_describe_is_printable() -> None:
    """Controls and commands in a body or a reason are escaped."""
    assert exchange(response_body=b"\x1b[2J ##[x]").describe() == r"HTTP 200 \x1b[2J \x23#[x]"
    failed = exchange(status=None, response_body=b"", error="a\n::error::b").describe()
    assert failed == r"no response (a\n::error::b)"


def test_as_dict_is_json() -> None:
    """Also an exchange without a response can be written as JSON."""
    unanswered = exchange(status=None, response_body=b"", response_headers={}, error="timed out")
    form = json.loads(json.dumps(unanswered.as_dict()))
    assert form["status"] is None
    assert form["error"] == "timed out"
