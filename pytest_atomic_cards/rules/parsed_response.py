"""ParsedResponse: one exchange of the Cards API, parsed once for all rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from pytest_atomic_cards.model.exchange import Exchange
from pytest_atomic_cards.model.lifecycle import Action
from pytest_atomic_cards.model.network_faults import FAULT_HEADER
from pytest_atomic_cards.rules.parsed_query import ParsedQuery, asked_in, target_of
from pytest_atomic_cards.rules.redaction_markers import is_masked
from pytest_atomic_cards.rules.reference_shapes import (
    Body,
    Fixed,
    is_sampled_card,
    is_sampled_result,
)
from pytest_atomic_cards.support.json_values import whole_number

if TYPE_CHECKING:
    from pytest_atomic_cards.rules.card_history import Sighting

PLAIN: Final = (str, int)
"""The types of ids and attribute values."""
LISTING: Final = "listing"
FAILURE: Final = "failure"
OTHER: Final = "other"

UNREADABLE: Final[Any] = object()
"""Stands for a body that is not JSON."""
EMPTY: Final[Any] = object()
"""Stands for an empty body."""

_IDS: Final = ("cardInstanceId", "lifecycleId", "cardTemplateId", "userId")
_DONE: Final = {None: LISTING} | {action: action.value for action in Action}


class Fidelity(IntEnum):
    """How faithfully an exchange was recorded."""

    EDITED = 1
    """Fields may have been removed, as by the filters of vcrpy."""
    KEPT = 2
    """Values may have been replaced and bodies omitted, but no body lacks a field."""
    WIRE = 3
    """Exactly as sent and received, except for the values of secrets."""


@dataclass(slots=True, eq=False)
class ParsedResponse:
    """One request to the Cards API and its response, with what the rules need of them.

    Args:
        environment: URL of the environment, up to but not including ``/cards``.
        action: The action; ``None`` for a listing.
        query: The encoded query string.
        status: The HTTP status.
        body: The body of the response as a JSON value, :data:`EMPTY` or :data:`UNREADABLE`.
        content_type: The media type of the response; empty if it is not known.
        started: When the request was sent, in seconds since 1970; ``None`` if it is not known.
        ended: When the response had been read, likewise.
        fidelity: How faithfully the exchange was recorded.
        request_body: The request body, if it was recorded.
        authorized: Whether the request had an ``Authorization`` header.

    Attributes:
        kind: ``listing`` or the word of the action for a success, ``failure`` for a server error.
        data: The array ``data`` of the body; empty if there is none.
        cards: The bodies of the listed cards, or of the results of the action.
        keys: The identity of each card.
        total: ``summary.total``, if it is a whole number.
        updated: ``summary.updated``, if it is a whole number.
        asked: What the query asks for.
        known: The cards that were seen before, with what is known of them, once looked up.
        shown: Those with an id that was listed before, with what does not change, then and now.
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
    kind: str = field(init=False)
    data: Sequence[Any] = field(init=False)
    cards: Sequence[Body] = field(init=False)
    keys: Sequence[int | None] = field(init=False)
    total: int | None = field(init=False, default=None)
    updated: int | None = field(init=False, default=None)
    asked: ParsedQuery = field(init=False)
    known: Sequence[tuple[Sighting, Body]] | None = field(init=False, default=None)
    shown: Sequence[tuple[Body, Fixed, Fixed]] | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        body, environment = self.body, self.environment
        members = body if isinstance(body, dict) else {}
        data, summary = members.get("data"), members.get("summary")
        self.kind = _kind(self.action, self.status)
        self.data = data = data if isinstance(data, list) else ()
        self.cards = cards = [one for one in data if isinstance(one, dict)]
        self.keys = [_key(environment, one) for one in cards]
        if isinstance(summary, dict):
            self.total = whole_number(summary.get("total"))
            self.updated = whole_number(summary.get("updated"))
        self.asked = asked_in(self.query)

    @property
    def as_sampled(self) -> bool:
        """Whether all its cards or results are as sampled, and its summary adds up."""
        cards, total, updated = self.cards, self.total, self.updated
        if not 0 < len(cards) == len(self.data):
            return False
        if self.kind == LISTING:
            return all(map(is_sampled_card, cards))
        if total is None or updated is None or not updated <= len(cards) <= total:
            return False
        return all(map(is_sampled_result, cards))

    @property
    def counted(self) -> bool:
        """Whether the response to an action counts every result as updated."""
        return bool(self.cards) and self.updated == len(set(self.keys))


def _kind(action: Action | None, status: int) -> str:
    if 200 <= status < 300:  # noqa: PLR2004 - HTTP statuses
        return _DONE[action]
    return FAILURE if status >= HTTPStatus.INTERNAL_SERVER_ERROR else OTHER


def _key(environment: str, body: Body) -> int | None:
    """The identity of a card, in a listing as in a result; ``None`` if it has none.

    All its ids together, as a redacted recording may replace every id of a kind by one value.
    """
    get = body.get
    name = get("cardInstanceId")
    if not name or not isinstance(name, PLAIN):
        return None
    return hash((environment, *map(str, map(get, _IDS))))


def is_named(body: Body) -> bool:
    """Whether a card has its own id, and not a placeholder of a redacted recording."""
    return not is_masked(body.get("cardInstanceId"))


def name_of(body: Body) -> str:
    """A card or result, as a message names it."""
    what = "the result of card" if "action" in body and "status" not in body else "card"
    return f"{what} {body.get('cardInstanceId') or 'without an id'}"


def parsed(
    method: str,
    url: str,
    status: int | None,
    body: Any,  # noqa: ANN401 - a JSON value, EMPTY or UNREADABLE
    *,
    content_type: str = "",
    started: float | None = None,
    elapsed: float = 0.0,
    fidelity: Fidelity = Fidelity.KEPT,
    request_body: bytes = b"",
    authorized: bool = True,
    target: tuple[str, Action | None, str] | None = None,
) -> ParsedResponse | None:
    """Parse an exchange; ``None`` if it is not for the Cards API or has no response.

    ``target`` is what :func:`target_of` gives, if the caller knows it.
    """
    target = target or target_of(method, url)
    if target is None or status is None:
        return None
    environment, action, query = target
    return ParsedResponse(
        environment,
        action,
        query,
        status,
        body,
        content_type,
        started,
        None if started is None else started + elapsed,
        fidelity,
        request_body,
        authorized,
    )


def parse_response(exchange: Exchange, fidelity: Fidelity = Fidelity.WIRE) -> ParsedResponse | None:
    """Parse an exchange; ``None`` if it is not for the Cards API or has no response.

    A response that a ``NetworkFault`` made up does not count.
    """
    headers = exchange.response_headers
    if target_of(exchange.method, exchange.url) is None or FAULT_HEADER in headers:
        return None
    return parsed(
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
