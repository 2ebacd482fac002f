"""Secrets, told by their shape or by the name that they are kept under."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from urllib.parse import unquote_plus

SECRET_NAMES: Final = frozenset(
    {
        "accesskey",
        "accesstoken",
        "apikey",
        "apitoken",
        "authorization",
        "authtoken",
        "bearertoken",
        "clientassertion",
        "clientsecret",
        "cookie",
        "idtoken",
        "passphrase",
        "passwd",
        "password",
        "privatekey",
        "proxyauthorization",
        "refreshtoken",
        "secretaccesskey",
        "secretkey",
        "sessiontoken",
        "setcookie",
        "xapikey",
        "xamzsecuritytoken",
        "xauthtoken",
    }
)
"""Names of headers, query parameters, form fields and JSON members that hold secrets, written in
lower case and without any separator."""

_DOTTED: Final = re.compile(r"(?<![\w-])[\w-]{9,}+(?:\.[\w-]*+){2,4}", re.ASCII)
_JSON_IN_BASE64: Final = "eyJ"
_CREDENTIALS: Final = re.compile(
    r"(?P<scheme>bearer|basic)(?:\s|%20|\+)+(?P<credentials>[a-z0-9._~+/=-]{8,})", re.IGNORECASE
)
_NAMED: Final = re.compile(
    r"""
    (?<! [A-Za-z0-9] ) (?P<name> [A-Za-z] [A-Za-z0-9_.-]{4,30} )
    (?: \\* ["'] \s* : \s* (?: \[ \s* )? \\* ["'] (?P<member> [^"'\\]+ )
      | = (?P<field> [^&\s"'\\;,<>]+ ) )
    """,
    re.VERBOSE,
)
_BASE64: Final = re.compile(r"[A-Za-z0-9+/_-]{16,}={0,2}")
_CHUNK: Final = re.compile(r"""[^\s"'&=]+""")
_STAND_IN: Final = re.compile(
    r"""(?: (?: bearer | basic ) \s+ )?
    (?: \[ [a-z ]+ \] | %5B [a-z]+ %5D | < [^>]* > | \$ \{? \w+ \}? | \*+ | x+ | … | \.+ | none
      | null )""",
    re.VERBOSE | re.IGNORECASE,
)
_WORDS: Final = re.compile(r"[A-Za-z]?[a-z_]+=?|[A-Z]+")
_LONGEST_WORD: Final = 20
_DEEPEST: Final = 3
_NAMES: Final = 4096


@dataclass(frozen=True, slots=True)
class Secret:
    """Where a secret is in a text.

    Args:
        kind: What it is, such as ``bearer token``.
        start: Where it begins, in characters.
        end: Where it ends.
    """

    kind: str
    start: int
    end: int


@lru_cache(_NAMES)
def is_secret_name(name: str) -> bool:
    """Whether what is kept under this name is a secret, however the name is written."""
    return "".join(filter(str.isalnum, name)).lower() in SECRET_NAMES


def secrets_in(text: str, holds_known: Callable[[str], bool] = lambda _: False) -> list[Secret]:
    """Find what looks like a secret, in the order of the text.

    That is a bearer token, Basic credentials, a JSON web token, or a value under a telling name;
    each also percent-encoded or in base64. What stands in for a secret is none, such as
    ``[redacted]`` or ``$TOKEN``.

    Args:
        text: Any text, such as that of a recording.
        holds_known: Whether a decoded text holds a secret that is known by its value.
    """

    def is_secret(inner: str) -> bool:
        return any(_plain(inner)) or holds_known(inner)

    found = [*_plain(text), *_encoded(text, is_secret, _DEEPEST)]
    return sorted(found, key=lambda secret: (secret.start, -secret.end))


def _encoded(text: str, is_secret: Callable[[str], bool], depth: int) -> Iterator[Secret]:
    """What is a secret once so many layers of encoding are taken off."""
    for kind, (start, end), inner in _layer(text):
        if is_secret(inner) or (depth > 1 and any(_encoded(inner, is_secret, depth - 1))):
            yield Secret(kind, start, end)


def _plain(text: str) -> Iterator[Secret]:
    for match in _DOTTED.finditer(text):
        start = match[0].partition(".")[0].find(_JSON_IN_BASE64)
        if start >= 0:
            yield Secret("JSON web token", match.start() + start, match.end())
    for match in _CREDENTIALS.finditer(text):
        if match["scheme"].lower() == "bearer":
            if _is_opaque(match["credentials"]):
                yield Secret("bearer token", *match.span("credentials"))
        elif ":" in next(_from_base64(match["credentials"]), ""):
            yield Secret("Basic credentials", *match.span("credentials"))
    named = _NAMED.search(text)
    while named:
        group = "member" if named["member"] else "field"
        if is_secret_name(named["name"]) and not _STAND_IN.fullmatch(named[group]):
            yield Secret(f"value of {named['name']}", *named.span(group))
        named = _NAMED.search(text, named.end("name"))


def _is_opaque(text: str) -> bool:
    """Whether a text is no word of a language, such as follows ``bearer`` in a sentence."""
    return len(text) > _LONGEST_WORD or not _WORDS.fullmatch(text.rstrip(".,"))


def _layer(text: str) -> Iterator[tuple[str, tuple[int, int], str]]:
    """Each piece of a text that may be encoded, as its kind, where it is, and decoded."""
    for match in _BASE64.finditer(text):
        for inner in _from_base64(match[0]):
            yield "secret in base64", match.span(), inner
    for match in _CHUNK.finditer(text) if "%" in text else ():
        inner = unquote_plus(match[0])
        if "%" in match[0] and inner != match[0]:
            yield "percent-encoded secret", match.span(), inner


def _from_base64(text: str) -> Iterator[str]:
    """What a text says in base64, wherever in it the base64 begins."""
    letters = text.rstrip("=").replace("-", "+").replace("_", "/")
    for start in range(4):
        piece = letters[start:]
        try:
            yield base64.b64decode(piece[: len(piece) - (len(piece) % 4 == 1)] + "==").decode()
        except ValueError:
            continue
