"""An exchange can be shown to anyone: it tells all, repeats the request, and holds no secret."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from pytest_atomic_cards.model.exchange import REDACTED, Exchange, how_to_reach, redact_headers
from pytest_atomic_cards.model.settings import APP_URL, SANDBOX_URL
from pytest_atomic_cards.support.printable import json_text

if TYPE_CHECKING:
    from collections.abc import Callable

TOKEN = "tok-3.141"
SECRET_HEADERS = ["Authorization", "Proxy-Authorization", "Cookie", "Set-Cookie", "X-Api-Key"]
SPELLINGS = [str.lower, str.upper, str.title, str.swapcase]
AWKWARD_BODIES = [
    '{"text": "it\'s $HOME `id` \\"quoted\\" \\\\ %s !!"}',
    '{"lines": "a\nb\r\nc"}',
    "@/etc/hostname",
    "-d",
    "日本 😀",
    " ",
]


def exchange(**changes: object) -> Exchange:
    """A complete exchange, with some fields changed."""
    fields: dict[str, Any] = {
        "method": "PUT",
        "url": "https://cards.test/v1/env%201/cards/complete?userId=a%20b&multiple=1",
        "started": datetime(2024, 1, 31, 12, tzinfo=UTC),
        "elapsed": 0.123456789,
        "request_headers": {
            "Authorization": f"Bearer {TOKEN}",
            "User-Agent": "suite/1 (it's)",
            "Content-Type": "application/json",
            "X-Other": "other",
        },
        "request_body": b'{"a": 1}',
        "status": 200,
        "response_headers": {"content-type": "application/json"},
        "response_body": b'{"data": []}',
    }
    return Exchange(**fields | changes)


def curl_words(shown: Exchange) -> list[str]:
    """The words that a POSIX shell splits the command into, the token not expanded."""
    return shlex.split(shown.curl())


def words_in_bash(command: str) -> list[bytes]:
    """The words that bash hands to curl."""
    script = 'curl() { for word in "$@"; do printf "%s\\0" "$word"; done; }\n'
    run = subprocess.run(  # noqa: S603 - our own command
        [str(shutil.which("bash")), "-c", script + command], capture_output=True, check=True
    )
    return run.stdout.split(b"\0")[:-1]


def headers_of(words: list[str]) -> list[str]:
    """The values of ``-H`` in a command."""
    return [value for flag, value in pairwise(words) if flag == "-H"]


def test_url_parts_stay_encoded() -> None:
    """Path and query are shown as they were sent."""
    assert exchange().path == "/v1/env%201/cards/complete"
    assert exchange().query == "userId=a%20b&multiple=1"
    assert exchange(url="https://cards.test/v1/e/cards").query == ""


@pytest.mark.parametrize(
    ("status", "succeeded"),
    [
        (None, False),
        (199, False),
        (200, True),
        (204, True),
        (299, True),
        (300, False),
        (404, False),
    ],
)
def test_success_is_any_2xx(status: int | None, *, succeeded: bool) -> None:
    """A status from 200 to 299 is success; no response is not."""
    assert exchange(status=status).succeeded is succeeded


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b'{"data": [1]}', {"data": [1]}),
        (b"null", None),
        (b"", None),
        (b"<html>", None),
        (b'{"score": NaN}', None),
        (b"[-Infinity]", None),
        (b"\xff\xfe\xfa", None),
        (b'{"data": ', None),
        (b"[" * 100_000, None),
    ],
    ids=[
        "object",
        "null",
        "empty",
        "html",
        "no number",
        "infinite",
        "not text",
        "cut off",
        "too deep",
    ],
)
def test_a_body_is_json_or_nothing(body: bytes, value: object) -> None:
    """A body that is empty, no JSON, or too deep to read is ``None``, and never an error."""
    assert exchange(response_body=body).json() == value


def test_curl_repeats_the_request() -> None:
    """The command has the method, the URL, the body, and the headers that matter."""
    assert curl_words(exchange()) == [
        *("curl", "--globoff", "-sS", "-i", "-X", "PUT"),
        "https://cards.test/v1/env%201/cards/complete?userId=a%20b&multiple=1",
        *("-H", "Authorization: Bearer $ATOMIC_TOKEN"),
        *("-H", "User-Agent: suite/1 (it's)"),
        *("-H", "Content-Type: application/json"),
        *("--data-raw", '{"a": 1}'),
    ]


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
@pytest.mark.parametrize("body", AWKWARD_BODIES)
def test_curl_quotes_the_body(body: str) -> None:
    """Quotes, dollars, backquotes and line ends come through a shell as they are."""
    shown = exchange(request_body=body.encode()).curl()
    assert shown.isprintable()
    assert words_in_bash(shown)[-2:] == [b"--data-raw", body.encode()]


@pytest.mark.parametrize("query", ["a=[1-3]&b={x,y}", "a=it's", "a=$HOME", "a=`id`", "a=b;c#d"])
def test_curl_quotes_the_url(query: str) -> None:
    """Whatever the URL holds is one word, and curl is told not to expand brackets in it."""
    words = curl_words(exchange(url=f"https://cards.test/cards?{query}"))
    assert words[6] == f"https://cards.test/cards?{query}"
    assert "--globoff" in words


@pytest.mark.skipif(shutil.which("sh") is None, reason="needs a POSIX shell")
def test_a_shell_puts_the_token_in() -> None:
    """A shell in which the token is set hands curl the header with the token, and the body."""
    script = 'curl() { for word in "$@"; do printf "%s\\0" "$word"; done; }\n'
    shown = exchange(request_body=AWKWARD_BODIES[0].encode())
    run = subprocess.run(  # noqa: S603 - our own command
        [str(shutil.which("sh")), "-c", script + shown.curl()],
        capture_output=True,
        check=True,
        env={"PATH": os.environ["PATH"], "ATOMIC_TOKEN": "fresh token"},
    )
    words = run.stdout.decode().split("\0")
    assert "Authorization: Bearer fresh token" in words
    assert AWKWARD_BODIES[0] in words


def test_curl_of_a_get_has_no_body() -> None:
    """A request without a body is repeated without one."""
    words = curl_words(exchange(method="GET", request_body=b""))
    assert words[words.index("-X") + 1] == "GET"
    assert "--data-raw" not in words


def test_curl_adds_nothing_of_its_own() -> None:
    """Headers that curl would add are suppressed where the request did not have them."""
    bare = curl_words(exchange(request_headers={}))
    assert headers_of(bare) == ["Content-Type:", "User-Agent:"]
    without_body = curl_words(exchange(request_headers={}, request_body=b""))
    assert headers_of(without_body) == ["User-Agent:"]


def test_curl_does_not_sign_what_was_not_signed() -> None:
    """A request without a token is repeated without one."""
    assert "ATOMIC_TOKEN" not in exchange(request_headers={"User-Agent": "x"}).curl()


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_curl_repeats_bodies_that_are_not_text() -> None:
    """A body that is not UTF-8, or holds controls and commands, comes through bash byte by byte."""
    body = bytes(range(1, 256)) + "##[x]\u202e'\u2028".encode()
    shown = exchange(request_body=body).curl()
    assert shown.isprintable()
    assert "##[" not in shown
    assert words_in_bash(shown)[-1] == body


@pytest.mark.parametrize("body", [b"a\0b", b"x" * 200_000], ids=["NUL", "long"])
def test_curl_takes_a_body_that_is_no_argument_from_a_file(body: bytes) -> None:
    """A body that no command line can hold is left to a file."""
    assert curl_words(exchange(request_body=body))[-2:] == ["--data-binary", "@body"]


@pytest.mark.parametrize(
    ("url", "remedy"),
    [
        (f"{SANDBOX_URL}/v1/sandbox/cards", "sandbox.invalid is inside this run: 'atomic-cards sa"),
        (f"{APP_URL}/v1/e/cards", "app.invalid is the application inside this run: serve it"),
        ("https://cards.test/v1/e/cards", ""),
    ],
)
def test_a_host_inside_the_run_comes_with_how_to_reach_it(url: str, remedy: str) -> None:
    """No other process reaches these hosts, so the command alone would only fail."""
    found = how_to_reach(url)
    assert found.startswith(remedy)
    assert bool(found) == bool(remedy)


def test_curl_quotes_the_method() -> None:
    """Also a method that a recording made up is one word."""
    assert curl_words(exchange(method="GET; rm -rf ~"))[5] == "GET; rm -rf ~"


@pytest.mark.parametrize("name", SECRET_HEADERS)
@pytest.mark.parametrize("spell", SPELLINGS)
def test_secret_headers_are_redacted_in_any_case(name: str, spell: Callable[[str], str]) -> None:
    """However a secret header is spelt, its value goes and its name stays."""
    assert redact_headers({spell(name): TOKEN}) == {spell(name): REDACTED}


@pytest.mark.parametrize("name", ["User-Agent", "Content-Type", "Authorization-Info", "Accept"])
def test_other_headers_are_kept(name: str) -> None:
    """A header that holds no secret is shown."""
    assert redact_headers({name: "value"}) == {name: "value"}


def test_redaction_leaves_the_original_alone() -> None:
    """The headers that are sent keep their token."""
    headers = {"Authorization": TOKEN}
    redact_headers(headers)
    assert headers == {"Authorization": TOKEN}


@pytest.mark.parametrize("name", SECRET_HEADERS)
@pytest.mark.parametrize("spell", SPELLINGS)
def test_an_exchange_never_shows_a_secret_header(name: str, spell: Callable[[str], str]) -> None:
    """Whoever makes an exchange, no form in which it can be shown has the secret."""
    shown = exchange(
        request_headers={spell(name): f"Bearer {TOKEN}"},
        response_headers={spell(name): f"session={TOKEN}"},
    )
    everything = [repr(shown), str(shown.as_dict()), shown.curl(), shown.describe()]
    assert not any(TOKEN in form for form in everything)
    assert shown.request_headers == shown.response_headers == {spell(name): REDACTED}


def test_describe_gives_status_and_body() -> None:
    """A response is told in one line."""
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


def test_describe_tells_why_nothing_came() -> None:
    """Without a response there is the reason."""
    unanswered = exchange(status=None, response_body=b"", error="connection refused")
    assert unanswered.describe() == "no response (connection refused)"


def test_describe_shows_bodies_that_are_not_text() -> None:
    """Bytes that are not UTF-8 are shown as replacement characters."""
    assert exchange(response_body=b"a\xffb").describe() == "HTTP 200 a\ufffdb"


def test_as_dict_tells_everything() -> None:
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
