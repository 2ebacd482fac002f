"""A known secret is replaced in every spelling that people meet."""

from __future__ import annotations

import base64
import gzip
import html
import json
import re
import zlib
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest

from pytest_atomic_cards.support.secrets.redactor import Redactor

SECRET = 'q7+Zk/2V&nX9"bR4t<Lm é'
SPELLINGS: dict[str, Callable[[str], str]] = {
    "raw": str,
    "percent": lambda text: quote(text, safe=""),
    "percent but for slashes": quote,
    "percent with plus": quote_plus,
    "percent in lower case": lambda text: quote(text, safe="").replace("%2F", "%2f"),
    "percent twice": lambda text: quote(quote(text, safe=""), safe=""),
    "every byte in percent": lambda text: "".join(f"%{byte:02x}" for byte in text.encode()),
    "HTML": html.escape,
    "HTML in numbers": lambda text: "".join(f"&#{ord(one)};" for one in text),
    "HTML in hexadecimal": lambda text: "".join(f"&#x{ord(one):02X};" for one in text),
    "JSON": lambda text: json.dumps(text)[1:-1],
    "JSON as it is": lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    "JSON with slashes": lambda text: json.dumps(text)[1:-1].replace("/", "\\/"),
    "JSON for HTML": lambda text: json.dumps(text)[1:-1].replace("&", "\\u0026"),
    "JSON in upper case": lambda text: "".join(f"\\u{ord(one):04X}" for one in text),
    "JSON in JSON": lambda text: json.dumps(json.dumps(text)),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 of id and secret": lambda text: base64.b64encode(f"id:{text}".encode()).decode(),
    "base64 after one more": lambda text: base64.b64encode(f"idx:{text}!".encode()).decode(),
    "base64 for URLs": lambda text: base64.urlsafe_b64encode(f"i:{text}".encode()).decode(),
    "base64 without padding": lambda text: base64.b64encode(text.encode()).decode().rstrip("="),
}
ODD = {"JSON in JSON", *(name for name in SPELLINGS if name.startswith("base64"))}
"""Spellings of a whole text, not of each character."""


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_spelling_is_replaced(spelling: str) -> None:
    """What is left of a text and of a body has nothing of the secret, and keeps what is around."""
    spelt = SPELLINGS[spelling](SECRET)
    redactor = Redactor([SECRET])
    for left in (
        redactor.text(f"before {spelt} after"),
        redactor.content(f"before {spelt} after".encode()).decode(),
    ):
        assert left.startswith("before ")
        assert left.endswith(" after")
        assert "[redacted]" in left
        assert len(left) < len("before [redacted] after") + 12  # base64 of what is around


@pytest.mark.parametrize("secret", [SECRET, "é\"&< 'x\\y/€1", "a b+c%d"])
@pytest.mark.parametrize("spelling", sorted(SPELLINGS.keys() - ODD))
def test_one_character_may_be_spelled_otherwise(spelling: str, secret: str) -> None:
    """A secret is replaced if only one of its characters is not verbatim, whichever it is."""
    redactor = Redactor([secret])
    for place, character in enumerate(secret):
        spelt = secret[:place] + SPELLINGS[spelling](character) + secret[place + 1 :]
        assert redactor.text(f"before {spelt} after") == "before [redacted] after", spelt


@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress])
def test_a_compressed_body_is_looked_into(pack: Callable[[bytes], bytes]) -> None:
    """A compressed body that holds a secret becomes a plain one; any other stays as it is."""
    redactor = Redactor([SECRET])
    assert redactor.content(pack(f"a {SECRET} b".encode())) == b"a [redacted] b"
    harmless = pack(b"nothing to see")
    assert redactor.content(harmless) == harmless


def test_a_body_of_bytes_keeps_what_is_no_secret() -> None:
    """Bytes that are no text come through, whatever is replaced among them."""
    content = b"\xff\xfe%41" + SECRET.encode() + b"\x80\\"
    assert Redactor([SECRET]).content(content) == b"\xff\xfe%41[redacted]\x80\\"


@pytest.mark.parametrize("text", ["%" * 50_000, "\\" * 50_000, "q7%2B" * 10_000, "&#0" * 20_000])
def test_a_hostile_text_is_redacted_in_a_moment(text: str) -> None:
    """The time for a long text that is made to be slow ends; a quadratic search would not."""
    assert Redactor([SECRET]).text(text) == text


def test_a_redactor_does_not_show_its_secrets() -> None:
    """Neither itself nor what it holds has a secret in its representation."""
    redactor = Redactor([SECRET])
    assert SECRET[:6] not in repr((redactor, vars(redactor)))


def test_a_secret_with_a_space_is_found_in_a_form() -> None:
    """A form writes a space as a plus, and may need no other escape."""
    assert Redactor(["two words"]).content(b"secret=two+words") == b"secret=[redacted]"


def test_no_pattern_is_compiled_for_text_without_escapes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Plain traffic, such as that of most tests, does not wait for patterns of every spelling."""
    monkeypatch.setattr(re, "compile", None)
    redactor = Redactor(["only-for-tests"])
    query = "/cards?userId=customer-1&secret=only-for-tests&copy=100%"
    assert redactor.text(query) == query.replace("only-for-tests", "[redacted]")
