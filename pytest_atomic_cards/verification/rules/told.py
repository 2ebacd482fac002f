"""Told: what one exchange of the Cards API says, read once for all rules."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import unquote, unquote_plus

from pytest_atomic_cards.exchange import Exchange
from pytest_atomic_cards.lifecycle import Action
from pytest_atomic_cards.query import Attribute

Body = Mapping[str, Any]
LISTING: Final = "listing"
FAILURE: Final = "failure"
OTHER: Final = "other"

UNREADABLE: Final[Any] = object()
"""Stands for a body that is there and is not JSON."""
EMPTY: Final[Any] = object()
"""Stands for a body that is not there."""

_URL: Final = re.compile(
    r"(?P<environment>https?://[^/?#]+(?:/[^?#]+?)?/v1/[^/?#]+)/cards(?:/(?P<word>[a-z]+))?"
    r"(?:\?(?P<query>[^#]*))?(?:#.*)?"
)
_MASKED: Final = re.compile(
    r"redact|filter|mask|scrub|anonym|hidden|removed|omitted|sanitiz|placeholder|\*\*"
    r"|^(x{3,}|<.*>|\[.*\]|\{.*\}|\$.*|\.{3}|…)$",
    re.IGNORECASE,
)
_ATTRIBUTES: Final = frozenset(attribute.value for attribute in Attribute)
_STATUS: Final = Attribute.STATUS.value


class Fidelity(IntEnum):
    """How far an exchange can be trusted to be as it was on the wire."""

    EDITED = 1
    """Fields may have been taken out, as the filters of vcrpy can."""
    KEPT = 2
    """Values may have been replaced, and bodies left out, but nothing was taken out of a body."""
    WIRE = 3
    """It is just as it was sent and received, but for the values of secrets."""


def is_masked(value: object) -> bool:
    """Whether a value looks like what stands in for another one in a redacted recording."""
    return isinstance(value, str) and (not value or _MASKED.search(value) is not None)


@dataclass(kw_only=True, eq=False)
class Told:
    """One request to the Cards API and its answer.

    Args:
        environment: URL of the environment that was asked, up to but without ``/cards``.
        action: What was to be done; ``None`` for a listing.
        query: The encoded query string.
        status: The HTTP status.
        body: The body of the answer as a JSON value, :data:`EMPTY` or :data:`UNREADABLE`.
        content_type: The media type of the answer, or empty where it is not known.
        started: When the request was sent, in seconds since 1970; ``None`` where it is not known.
        ended: When the answer was read, in the same way.
        fidelity: How far the exchange is as it was on the wire.
        request_body: What was sent, where it was kept.
        authorized: Whether the request had an ``Authorization`` header.
    """

    environment: str
    action: Action | None
    query: str
    status: int
    body: Any
    content_type: str
    started: float | None
    ended: float | None
    fidelity: Fidelity
    request_body: bytes
    authorized: bool

    @cached_property
    def kind(self) -> str:
        """``listing`` or the word of the action for a success, ``failure`` for a server error."""
        if 200 <= self.status < 300:  # noqa: PLR2004 - HTTP statuses
            return self.action.value if self.action else LISTING
        return FAILURE if self.status >= HTTPStatus.INTERNAL_SERVER_ERROR else OTHER

    @cached_property
    def data(self) -> Sequence[Any]:
        """The array ``data`` of the body; empty where there is none."""
        data = self.body.get("data") if isinstance(self.body, dict) else None
        return data if isinstance(data, list) else ()

    @cached_property
    def cards(self) -> Sequence[Body]:
        """The cards that are listed, or the results of the action, as their bodies."""
        return [element for element in self.data if isinstance(element, dict)]

    @cached_property
    def updated(self) -> int | None:
        """``summary.updated``, where it is a whole number."""
        return self.count("updated")

    def count(self, name: str) -> int | None:
        """A count of the summary, where it is a whole number."""
        summary = self.body.get("summary") if isinstance(self.body, dict) else None
        count = summary.get(name) if isinstance(summary, dict) else None
        return count if isinstance(count, int) and not isinstance(count, bool) else None

    @cached_property
    def given(self) -> Mapping[str, Sequence[str]]:
        """The values of each query parameter, still encoded."""
        given: dict[str, list[str]] = {}
        for pair in filter(None, self.query.split("&")):
            name, _, value = pair.partition("=")
            given.setdefault(unquote_plus(name), []).append(value)
        return given

    def once(self, name: str) -> str | None:
        """The encoded value of a parameter; ``None`` unless it is given once and not empty."""
        values = self.given.get(name, ())
        return values[0] if len(values) == 1 and values[0] else None

    @cached_property
    def attributes(self) -> frozenset[str]:
        """The names of the attributes that are given in any form."""
        return _ATTRIBUTES & self.given.keys()

    @cached_property
    def asked(self) -> Mapping[str, frozenset[str]]:
        """What each attribute may be taken to ask for; none whose meaning cannot be known."""
        readings = {name: _readings(self.once(name)) for name in self.attributes}
        return {name: allowed for name, allowed in readings.items() if allowed}

    @cached_property
    def limit(self) -> int | None:
        """The limit, where it is given once and a whole number."""
        text = self.once("limit") or ""
        return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None  # noqa: PLR2004

    @cached_property
    def counted(self) -> bool:
        """Whether the answer of an action counts every result as updated."""
        return bool(self.cards) and self.updated == len({identity(self, one) for one in self.cards})


def _readings(encoded: str | None) -> frozenset[str]:
    """Every value that a server may take an encoded one for, without regard to case."""
    if encoded is None:
        return frozenset()
    try:
        whole = {unquote(encoded, errors="strict"), unquote_plus(encoded, errors="strict")}
    except UnicodeDecodeError:
        return frozenset()
    if any(map(is_masked, whole)):
        return frozenset()
    parts = {part.strip() for value in whole if "," in value for part in value.split(",")}
    return frozenset(value.casefold() for value in whole | parts)


_IDS: Final = ("cardInstanceId", "lifecycleId", "cardTemplateId", "userId")


def identity(told: Told, body: Body) -> int | None:
    """What tells a card from all others, in a listing as in a result; ``None`` if nothing does.

    All ids together, as a redacted recording may have one value in place of each id of a kind.
    """
    ids = tuple(map(body.get, _IDS))
    if not isinstance(ids[0], str | int) or is_masked(ids[0]):
        return None
    return hash((told.environment, *map(str, ids)))


def name_of(body: Body) -> str:
    """A card or result, for a sentence about it."""
    what = "the result of card" if "action" in body and "status" not in body else "card"
    return f"{what} {body.get('cardInstanceId') or 'without an id'}"


def tell(
    method: str,
    url: str,
    status: int | None,
    body: Any,  # noqa: ANN401 - a JSON value, or what stands for none
    *,
    content_type: str = "",
    started: float | None = None,
    elapsed: float = 0.0,
    fidelity: Fidelity = Fidelity.KEPT,
    request_body: bytes = b"",
    authorized: bool = True,
) -> Told | None:
    """What an exchange says; ``None`` where it is none of the Cards API, or has no answer."""
    target = target_of(method, url)
    if target is None or status is None:
        return None
    environment, action, query = target
    return Told(
        environment=environment,
        action=action,
        query=query,
        status=status,
        body=body,
        content_type=content_type,
        started=started,
        ended=None if started is None else started + elapsed,
        fidelity=fidelity,
        request_body=request_body,
        authorized=authorized,
    )


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


_ACTIONS: Final[Mapping[str | None, Action]] = {action.value: action for action in Action}


def told_by(exchange: Exchange, fidelity: Fidelity = Fidelity.WIRE) -> Told | None:
    """What an exchange says; ``None`` where it is none of the Cards API, or has no answer."""
    if target_of(exchange.method, exchange.url) is None:
        return None
    headers = exchange.response_headers
    return tell(
        exchange.method,
        exchange.url,
        exchange.status,
        _json(exchange),
        content_type=next(_values(headers, "content-type"), ""),
        started=exchange.started.timestamp(),
        elapsed=exchange.elapsed,
        fidelity=fidelity,
        request_body=exchange.request_body,
        authorized=any(True for _ in _values(exchange.request_headers, "authorization")),
    )


def _json(exchange: Exchange) -> Any:  # noqa: ANN401 - a JSON value
    if not exchange.response_body.strip():
        return EMPTY
    value = exchange.json()
    return UNREADABLE if value is None and exchange.response_body.strip() != b"null" else value


def _values(headers: Mapping[str, str], wanted: str) -> Iterator[str]:
    return (value for name, value in headers.items() if name.lower() == wanted)
