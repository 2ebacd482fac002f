"""An exchange can be shown to anyone: it has a command that repeats it, and no secret."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from pytest_atomic_cards.model.exchange import REDACTED, Exchange, how_to_reach, redact_headers
from pytest_atomic_cards.model.settings import APP_URL, SANDBOX_URL

from .exchanges import TOKEN, exchange

if TYPE_CHECKING:
    from collections.abc import Callable


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
    """Whatever the URL holds is one word, and curl does not expand brackets in it."""
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
