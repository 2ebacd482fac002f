"""Finds secrets in a text, by their form or by the name before them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from pytest_atomic_cards.support.secrets import forms
from pytest_atomic_cards.support.secrets.hidden import REDACTED
from pytest_atomic_cards.support.secrets.names import is_secret_field, is_secret_name
from pytest_atomic_cards.support.secrets.placeholders import is_placeholder, is_placeholder_cookie
from pytest_atomic_cards.support.secrets.signs import has_sign
from pytest_atomic_cards.support.secrets.unpacking import from_base64, layers, unescaped

_DEEPEST: Final = 3
"""Layers of encoding that are decoded: a body in base64 in JSON in a query has three."""
_SHORTEST_CODE: Final = 8
"""Characters of the code of an OAuth callback; shorter ones are codes of countries and errors."""

_SHORTEST_PIECE: Final = 4
"""Characters of a later part of a JSON web token; if all are shorter, it was cut on purpose."""


@dataclass(frozen=True, slots=True)
class Secret:
    """The place of a secret in a text.

    Args:
        kind: What it is, such as ``bearer token``.
        start: Its first character.
        end: The character after it.
    """

    kind: str
    start: int
    end: int


def secrets_in(
    text: str, holds_known: Callable[[str], bool] = lambda _: False, depth: int = _DEEPEST
) -> list[Secret]:
    """Find what looks like a secret, in the order of the text.

    A secret is a token, key or credentials of a well-known form, or a value after the name of a
    secret; each may be percent-encoded, escaped or in base64. Placeholders do not count.

    Args:
        text: Any text, such as that of a recording.
        holds_known: Whether a decoded text contains a known secret.
        depth: How many layers of encoding are decoded.
    """

    def is_secret(inner: str) -> bool:
        return holds_known(inner) or bool(secrets_in(inner, holds_known, depth - 1))

    found = list(_plain(text))
    if depth:
        found += [Secret(kind, *span) for kind, span, inner in layers(text) if is_secret(inner)]
        # Only a name or only its value may be escaped, so their places are unknown.
        if any(map(is_secret, unescaped(_without(text, found)))):
            found.append(Secret("escaped secret", 0, len(text)))
    return _in_order(found)


def redacted(text: str, holds_known: Callable[[str], bool] = lambda _: False) -> str:
    """A text with everything redacted that looks like a secret."""
    return _without(text, secrets_in(text, holds_known))


def _in_order(found: list[Secret]) -> list[Secret]:
    return sorted(found, key=lambda secret: (secret.start, -secret.end))


def _without(text: str, found: list[Secret]) -> str:
    pieces, place = [], 0
    for secret in _in_order(found):
        if secret.start >= place:
            pieces += [text[place : secret.start], REDACTED]
        place = max(place, secret.end)
    return "".join([*pieces, text[place:]])


def _plain(text: str) -> Iterator[Secret]:
    if not has_sign(text):
        return
    yield from _web_tokens(text)
    yield from _credentials(text)
    yield from _userinfo(text)
    for match in forms.VENDOR.finditer(text):
        yield Secret(forms.KINDS[(match.lastindex or 1) - 1], *match.span())
    for match in forms.PRIVATE_KEY.finditer(text):
        if not is_placeholder(match["key"]):
            yield Secret("private key", *match.span("key"))
    for form, pattern in forms.NAMED.items():
        yield from _named(form, pattern, text)


def _web_tokens(text: str) -> Iterator[Secret]:
    for match in forms.DOTTED.finditer(text):
        start = match[0].partition(".")[0].find(forms.JSON_IN_BASE64)
        is_whole = any(len(piece) >= _SHORTEST_PIECE for piece in match[0].split(".")[1:])
        if start >= 0 and is_whole:
            yield Secret("JSON web token", match.start() + start, match.end())


def _credentials(text: str) -> Iterator[Secret]:
    for match in forms.CREDENTIALS.finditer(text):
        if is_placeholder(match["credentials"]):
            continue
        if match["scheme"].lower() == "bearer":
            if forms.is_opaque(match["credentials"]):
                yield Secret("bearer token", *match.span("credentials"))
            continue
        _, colon, secret = next(from_base64(match["credentials"]), "").partition(":")
        if colon and not is_placeholder(secret):
            yield Secret("Basic credentials", *match.span("credentials"))


def _userinfo(text: str) -> Iterator[Secret]:
    for match in forms.USERINFO.finditer(text):
        secret = "password" if match["colon"] else "user"
        value = match[secret]
        if value and not is_placeholder(value) and (match["colon"] or forms.is_opaque(value)):
            yield Secret("credentials in a URL", *match.span(secret))


def _named(form: str, pattern: re.Pattern[str], text: str) -> Iterator[Secret]:
    match = pattern.search(text)
    while match:
        group = "value" if match["value"] is not None else "number"
        if _is_secret_value(form, match["name"], match[group]):
            yield Secret(f"value of {match['name']}", *match.span(group))
        match = pattern.search(text, max(match.end("name"), match.start() + 1))


def _is_secret_value(form: str, name: str, value: str) -> bool:
    """Whether a value is a secret because of its name."""
    if form == "field" and not is_secret_name(name):
        return is_secret_field(name) and len(value) >= _SHORTEST_CODE and forms.is_opaque(value)
    if not is_secret_name(name):
        return False
    if form in forms.OPAQUE_ONLY and (is_secret_name(value) or not forms.is_opaque(value)):
        return False
    stands_in = is_placeholder_cookie if name.lower().endswith("cookie") else is_placeholder
    return not stands_in(value)
