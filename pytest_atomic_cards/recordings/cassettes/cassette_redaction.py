"""Replaces secrets and personal data before they are recorded.

The running test sees the real values. A request is redacted the same way before it is looked up, so
that it is found whatever the secret is.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any, Final
from urllib.parse import quote, unquote, unquote_plus, urlsplit, urlunsplit

from pytest_atomic_cards.support.errors import SettingsError
from pytest_atomic_cards.support.secrets.finder import redacted
from pytest_atomic_cards.support.secrets.hidden import REDACTED, Hidden
from pytest_atomic_cards.support.secrets.names import is_secret_field, is_secret_name
from pytest_atomic_cards.support.secrets.redactor import SHORTEST, Redactor
from pytest_atomic_cards.support.secrets.unpacking import unpacked

_SCHEME: Final = re.compile(r"(bearer|basic)\s", re.IGNORECASE)
_CACHED: Final = 100_000
"""Texts whose redaction is remembered, as recordings repeat most of them; bounds the memory."""


class Redaction:
    """Replaces secrets, and the fields that a project declares personal.

    A value is a secret by its form, by its name, or because it is known: each credential in a
    request is known from then on.

    Args:
        personal: Dotted paths of member names, such as ``payload.detail.email``. Each matches every
            value at the end of such a path, at any depth and through arrays; a path of one name
            also matches parameters of that name.
        known: Secrets that are known from the start, such as a client secret.

    Raises:
        SettingsError: A path is malformed.
    """

    def __init__(self, personal: Iterable[str] = (), known: Iterable[str] = ()) -> None:
        self._personal = [_path(text) for text in personal]
        self._longest = max(map(len, self._personal), default=1)
        self._known: frozenset[str] = frozenset()
        self._cleaned = lru_cache(_CACHED)(self._clean)
        self._redactor = Redactor(())
        self.learn(known)

    def learn(self, secrets: Iterable[str]) -> None:
        """Add values that are secrets wherever they occur."""
        new = {Hidden(secret) for secret in secrets if len(secret) >= SHORTEST} - {REDACTED}
        if not new <= self._known:
            self._known |= new
            self._redactor = Redactor(self._known)
            self._cleaned.cache_clear()

    @property
    def has_personal_fields(self) -> bool:
        """Whether the project declares personal fields."""
        return bool(self._personal)

    @property
    def knowledge(self) -> int:
        """How many secrets are known; it only grows."""
        return len(self._known)

    def text(self, text: str) -> str:
        """A text without its secrets."""
        return self._cleaned(text)

    def headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        """Headers without their secrets; the scheme of credentials remains.

        Their secrets are known from now on.
        """
        return {name: self._header(name, value) for name, value in headers.items()}

    def url(self, url: str) -> str:
        """A URL without secrets in its path and query, and without user name and password."""
        parts = urlsplit(url)
        path = "/".join(map(self._percent_encoded, parts.path.split("/")))
        host = parts.netloc.rpartition("@")[2]
        return urlunsplit((parts.scheme, host, path, self.fields(parts.query), ""))

    def fields(self, text: str) -> str:
        """Fields of a query or a form, ``name=value&…``, without their secrets."""
        return "&".join(map(self._field, text.split("&")))

    def body(self, content: bytes, content_type: str = "") -> bytes:
        """A body without its secrets: of JSON, of a form, or of anything else."""
        if not content:
            return content
        plain = unpacked(content)
        if plain != content:
            cleaned = self.body(plain, content_type)
            return content if cleaned == plain else cleaned
        try:
            text = content.decode()
        except UnicodeDecodeError:
            content = self._redactor.content(content)
            return self.text(content.decode("latin-1")).encode("latin-1")
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            clean = self.fields if "form-urlencoded" in content_type else self.text
            return clean(text).encode()
        cleaned = self.value(value)
        return content if cleaned == value else json.dumps(cleaned).encode()

    def value(self, value: Any) -> Any:  # noqa: ANN401 - a JSON value
        """A JSON value without its secrets, including those in member names, at any depth."""
        whole: list[Any] = [value]
        pending: list[tuple[Any, Any, tuple[str, ...]]] = [(whole, 0, ())]
        while pending:
            holder, place, path = pending.pop()
            inner = holder[place]
            if isinstance(inner, list):
                elements = holder[place] = list(inner)
                pending += [(elements, number, path) for number in range(len(elements))]
            elif isinstance(inner, dict):
                members: dict[str, Any] = {}
                holder[place] = members
                for name, member in inner.items():
                    key, way = self.text(name), (*path, name)[-self._longest :]
                    members[key] = REDACTED if self._is_hidden(member, way) else member
                    pending.append((members, key, way))
            elif isinstance(inner, str):
                holder[place] = self.text(inner)
            elif str(inner) in self._known:
                holder[place] = REDACTED
        return whole[0]

    def _is_hidden(self, value: Any, path: tuple[str, ...]) -> bool:  # noqa: ANN401
        """Whether a member is hidden because of its name."""
        if value in (None, "", REDACTED) or isinstance(value, bool):
            return False
        if is_secret_name(path[-1]):
            if isinstance(value, str):
                self.learn([value])
            return True
        return self._is_personal(path)

    def _is_personal(self, path: tuple[str, ...]) -> bool:
        return any(
            len(wanted) <= len(path)
            and all(
                name in {"*", part} for name, part in zip(wanted, path[-len(wanted) :], strict=True)
            )
            for wanted in self._personal
        )

    def _header(self, name: str, value: str) -> str:
        if not is_secret_name(name):
            return self.text(value)
        scheme = _SCHEME.match(value)
        if scheme is None:
            return REDACTED
        credentials = value[scheme.end() :].strip()
        self.learn([credentials, *_client_secret(credentials)])
        return f"{scheme[1]} {REDACTED}"

    def _field(self, text: str) -> str:
        name, sign, value = text.partition("=")
        plain = unquote_plus(name)
        hidden = value and (is_secret_field(plain) or self._is_personal((plain,)))
        clean = quote(REDACTED) if hidden else self._percent_encoded(value, unquote_plus)
        return f"{self._percent_encoded(name, unquote_plus)}{sign}{clean}"

    def _percent_encoded(self, text: str, decode: Callable[[str], str] = unquote) -> str:
        plain = decode(text)
        cleaned = self.text(plain)
        return text if cleaned == plain else quote(cleaned, safe="")

    def _clean(self, text: str) -> str:
        if len(text) < SHORTEST:
            return text
        return redacted(
            self._redactor.text(text), lambda inner: self._redactor.text(inner) != inner
        )


def _client_secret(credentials: str) -> list[str]:
    """The secret in Basic credentials, without the id before it."""
    try:
        user, colon, secret = base64.b64decode(credentials, validate=True).decode().partition(":")
    except ValueError:
        return []
    return [secret] if user and colon else []


def _path(text: str) -> tuple[str, ...]:
    names = tuple(text.strip().split("."))
    if not all(names):
        raise SettingsError(
            f"a field to redact is a name, or names joined by dots, such as payload.detail.email; "
            f"not {text!r}"
        )
    return names
