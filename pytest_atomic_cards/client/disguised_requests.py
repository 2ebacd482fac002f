"""Disguises: requests that a server, or a proxy in front of it, may take for other requests.

How a target reads an unusual request is not documented, so nothing unusual counts as harmless.
"""

from __future__ import annotations

import json
import re
import unicodedata
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit

from pytest_atomic_cards.client.request import SAFE_METHODS
from pytest_atomic_cards.model.query import Attribute

if TYPE_CHECKING:
    from collections.abc import Iterable

PINS: Final = (
    Attribute.FLOW_INVOCATION_ID,
    Attribute.FLOW_INSTANCE_ID,
    Attribute.USER_ID,
)
"""The attributes that can limit a request to cards of one run.

``lifecycleId`` is not one of them: a flow may give one lifecycle id to cards of many customers.
"""

_URL: Final = re.compile(r"[a-zA-Z]+://[^\x00-\x20\x7f-\U0010ffff\\#]*")
_METHOD: Final = re.compile(r"[A-Za-z]+")
_HEADER: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""A token. Some servers cut or trim any other name. Source: RFC 9110 › 5.6.2."""
_METHOD_PARAMETER: Final = re.compile(r"(?:^|[&;?])[^&;?=]*method[^&;?=]*=", re.IGNORECASE)
"""Such as ``_method=PUT``, which Rails, Laravel and others take for the method."""
_METHOD_FIELD: Final = "_method"

_OVERRIDES: Final[dict[str, str]] = {
    # Google and Microsoft APIs, Rails, Express and Symfony on request
    "x-http-method": "replace its method",
    "x-http-method-override": "replace its method",
    "x-method-override": "replace its method",
    # nginx-ingress and Traefik, for a service that decides on the original request
    "x-original-method": "replace its method",
    "x-forwarded-method": "replace its method",
    # IIS, Symfony and Zend behind IIS, nginx-ingress, Traefik
    "x-original-url": "replace its path",
    "x-rewrite-url": "replace its path",
    "x-original-uri": "replace its path",
    "x-forwarded-uri": "replace its path",
    "x-forwarded-path": "replace its path",
    # Spring, Traefik, WSGI applications below a prefix
    "x-forwarded-prefix": "change its path",
    "x-script-name": "change its path",
    "script-name": "change its path",
    # Servers of many hosts, which may be many environments
    "host": "send it to another host",
    "forwarded": "send it to another host",
    "x-forwarded-host": "send it to another host",
    "x-forwarded-server": "send it to another host",
    "x-original-host": "send it to another host",
    "x-host": "send it to another host",
    # Request smuggling (RFC 9112 › 11.2): the client itself sends the length that is right
    "content-length": "make two requests of it",
    "transfer-encoding": "make two requests of it",
    "upgrade": "make two requests of it",
    "http2-settings": "make two requests of it",
    # The guard reads the body without decoding it
    "content-encoding": "hide its body",
}
"""Headers that may turn a request into another one, in lower case with hyphens, and how."""


def disguise(method: str, url: str, headers: Iterable[str], body: bytes) -> str | None:
    """Why servers may read a request differently from what it looks like; ``None`` if they cannot.

    Args:
        method: HTTP method.
        url: The final URL, as it will be sent.
        headers: Names of the headers that the caller asked for.
        body: The body, as it will be sent.
    """
    if not _METHOD.fullmatch(method):
        return "its method is not a word"
    if not _URL.fullmatch(url):
        return "its URL holds a fragment, or a character that must be encoded"
    if method.upper() in SAFE_METHODS and _METHOD_PARAMETER.search(decoded(urlsplit(url).query)):
        return "its query has a parameter that may replace its method"
    return _of_headers(headers) or _of_body(method, body)


def _of_headers(headers: Iterable[str]) -> str | None:
    for name in headers:
        if not _HEADER.fullmatch(name):
            return f"the name of its header {name!r} holds a character that servers may cut off"
        if effect := _OVERRIDES.get(_as_servers_see(name)):
            return f"its header {name!r} may {effect}"
    return None


def _as_servers_see(header: str) -> str:
    """A header's name as CGI, WSGI and the like pass it on: many characters look the same."""
    return re.sub(r"[^a-z0-9]", "-", header.lower())


def _of_body(method: str, body: bytes) -> str | None:
    if not body:
        return None
    if method.upper() in SAFE_METHODS:
        return f"a {method.upper()} with a body may be taken for another request"
    named = _named_in(body)
    return f"its body names {named!r}, which may replace a parameter" if named else None


def _named_in(body: bytes) -> str | None:
    """A parameter that a server may find in the body, if it looks for parameters there too.

    The documented bodies are JSON objects; the state of a completed card may have any field, and
    only one that names a method is suspicious.
    """
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        document = None
    if isinstance(document, dict):
        return next((name for name in document if _plain(name).startswith(_METHOD_FIELD)), None)
    text = _plain(body.decode("utf-8", "replace"))
    return next((name for name in (*map(str, PINS), _METHOD_FIELD) if name.lower() in text), None)


def plain_text(value: str) -> str | None:
    """A percent-encoded value as text, or ``None`` if servers may read different texts.

    Some replace bytes that are not UTF-8, some cut at a control character, and some decode before
    they split parameters.
    """
    try:
        text = unquote(value, errors="strict")
    except UnicodeDecodeError:
        return None
    if any(unicodedata.category(character) == "Cc" for character in decoded(text)):
        return None
    plain = _plain(text)
    return None if any(f"{pin}{end}".lower() in plain for pin in PINS for end in "=[") else text


def decoded(text: str) -> str:
    """A text as the most eager server reads it: decoded until nothing changes any more."""
    while (plain := unicodedata.normalize("NFKC", unquote(text))) != text:
        text = plain
    return text


def _plain(text: str) -> str:
    return "".join(decoded(text).split()).lower()
