"""ParsedQuery: what a request to the Cards API asks for, parsed from its method and URL.

Most requests of a recording go to a few URLs, and many are identical, so recent results are cached.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final, NamedTuple
from urllib.parse import unquote, unquote_plus

from pytest_atomic_cards.model.lifecycle import Action
from pytest_atomic_cards.model.query import CONTROLS, Attribute
from pytest_atomic_cards.rules.redaction_markers import is_masked

ATTRIBUTES: Final = frozenset(attribute.value for attribute in Attribute)
"""The names of the query attributes."""
_NAMES: Final = ATTRIBUTES.union(CONTROLS)
_ADDRESS: Final = re.compile(
    r"(?P<environment>https?://[^/?#]+(?:/[^?#]+?)??/v1/[^/?#]+)/cards(?:/(?P<word>[a-z]+))?"
)
_PLAIN: Final = re.compile(r"[A-Za-z0-9._~=&-]*")
_LONGEST_NUMBER: Final = 9
"""Digits: far beyond the largest documented limit, and any such number fits in 32 bits."""
_ACTIONS: Final[Mapping[str | None, Action]] = {action.value: action for action in Action}
_REMEMBERED: Final = 1_024
"""Cached addresses and queries: more than recur in a run; bounded, as recordings may be long."""


def target_of(method: str, url: str) -> tuple[str, Action | None, str] | None:
    """Environment, action and query of a request; ``None`` if it is not for the Cards API."""
    address, _, query = url.partition("#")[0].partition("?")
    place = _place_of(method, address)
    return place and (*place, query)


@lru_cache(_REMEMBERED)
def _place_of(method: str, address: str) -> tuple[str, Action | None] | None:
    return place_in(method, _ADDRESS.fullmatch(address))


def place_in(method: str, found: re.Match[str] | None) -> tuple[str, Action | None] | None:
    """Environment and action in an address that was found to have the form of one."""
    if found is None:
        return None
    environment, word = found.groups()
    if method == "GET":
        return None if word else (environment, None)
    return (environment, _ACTIONS[word]) if method == "PUT" and word in _ACTIONS else None


class ParsedQuery(NamedTuple):
    """What a query asks for.

    Args:
        given: The values of each parameter, still encoded.
        once: The encoded values of the parameters that are given once and not empty.
        names: The names of the documented parameters that are given in any form.
        readings: The values that each attribute may be understood to ask for; without attributes
            whose meaning is unknown.
        limit: The limit, if it is given once and is a whole number.
        is_plain: Whether no value needs encoding.
    """

    given: Mapping[str, Sequence[str]]
    once: Mapping[str, str]
    names: frozenset[str]
    readings: Mapping[str, frozenset[str]]
    limit: int | None
    is_plain: bool


@lru_cache(_REMEMBERED)
def asked_in(query: str) -> ParsedQuery:
    """Parse an encoded query string."""
    given: dict[str, list[str]] = {}
    for pair in query.split("&"):
        name, _, value = pair.partition("=")
        if "%" in name or "+" in name:
            name = unquote_plus(name)
        if pair:
            given.setdefault(name, []).append(value)
    once = {name: values[0] for name, values in given.items() if len(values) == 1 and values[0]}
    readings = {
        name: allowed
        for name, value in once.items()
        if name in ATTRIBUTES and (allowed := _readings(value))
    }
    is_plain = _PLAIN.fullmatch(query) is not None
    names = _NAMES.intersection(given)
    return ParsedQuery(given, once, names, readings, _number(once.get("limit")), is_plain)


def _readings(encoded: str) -> frozenset[str]:
    """Every value that a server may decode an encoded one to, case-folded.

    No page says whether spaces around a value count.
    """
    if "%" not in encoded and "+" not in encoded and "," not in encoded:
        return frozenset() if is_masked(encoded) else frozenset({encoded.casefold()})
    whole = {encoded}
    if "%" in encoded or "+" in encoded:
        try:
            whole = {unquote(encoded, errors="strict"), unquote_plus(encoded, errors="strict")}
        except UnicodeDecodeError:
            return frozenset()
    if any(map(is_masked, whole)):
        return frozenset()
    parts = {part.strip() for value in whole if "," in value for part in value.split(",")}
    trimmed = {value.strip() for value in whole}
    return frozenset(value.casefold() for value in whole | trimmed | parts)


def _number(text: str | None) -> int | None:
    """A short whole number from 0; ``None`` if the text is not one."""
    short = text and len(text) <= _LONGEST_NUMBER and text.isascii() and text.isdigit()
    return int(text) if text and short else None
