"""Asked: what a request to the Cards API asks for, read from its method and URL."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final
from urllib.parse import unquote, unquote_plus

from pytest_atomic_cards.lifecycle import Action
from pytest_atomic_cards.verification.rules.masks import is_masked

_URL: Final = re.compile(
    r"(?P<environment>https?://[^/?#]+(?:/[^?#]+?)??/v1/[^/?#]+)/cards(?:/(?P<word>[a-z]+))?"
    r"(?:\?(?P<query>[^#]*))?(?:#.*)?"
)
_ENCODED: Final = re.compile(r"[%+]")
_MANIFOLD: Final = re.compile(r"[%+,]")
_LONGEST_NUMBER: Final = 9
_ACTIONS: Final[Mapping[str | None, Action]] = {action.value: action for action in Action}


def target_of(method: str, url: str) -> tuple[str, Action | None, str] | None:
    """Environment, action and query of a request; ``None`` where it is none of the Cards API."""
    if method not in {"GET", "PUT"}:
        return None
    found = _URL.fullmatch(url)
    if found is None:
        return None
    environment, word, query = found.groups()
    if method == "GET":
        return None if word else (environment, None, query or "")
    return (environment, _ACTIONS[word], query or "") if word in _ACTIONS else None


def parameters(query: str) -> dict[str, list[str]]:
    """The values of each parameter of a query, still encoded."""
    found: dict[str, list[str]] = {}
    for pair in query.split("&"):
        name, _, value = pair.partition("=")
        if "%" in name or "+" in name:
            name = unquote_plus(name)
        if pair:
            found.setdefault(name, []).append(value)
    return found


@lru_cache(maxsize=4_096)
def readings(encoded: str | None) -> frozenset[str]:
    """Every value that a server may take an encoded one for, without regard to case."""
    if encoded is None:
        return frozenset()
    if not _MANIFOLD.search(encoded):
        return frozenset() if is_masked(encoded) else frozenset({encoded.casefold()})
    whole = {encoded}
    if _ENCODED.search(encoded):
        try:
            whole = {unquote(encoded, errors="strict"), unquote_plus(encoded, errors="strict")}
        except UnicodeDecodeError:
            return frozenset()
    if any(map(is_masked, whole)):
        return frozenset()
    parts = {part.strip() for value in whole if "," in value for part in value.split(",")}
    return frozenset(value.casefold() for value in whole | parts)


def number_in(text: str | None) -> int | None:
    """A short whole number from 0; ``None`` where a text is none."""
    short = text and len(text) <= _LONGEST_NUMBER and text.isascii() and text.isdigit()
    return int(text) if text and short else None
