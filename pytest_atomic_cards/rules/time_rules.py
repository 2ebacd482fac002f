"""Rules over time: what must never be undone, and what must not fail repeatedly.

Whether reads may be stale after a write is an open question. Two closed states of one card
contradict each other however stale either read is. An open state after a closed one may be a stale
read, unless :data:`~pytest_atomic_cards.rules.card_history.SETTLING` lies between the two.

Source: Card lifecycle model › Closed states; Cards API page › Query attributes, Pagination, Card
actions; Authentication page.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import partial
from typing import Final
from urllib.parse import unquote_plus

from pytest_atomic_cards.model.documented import LARGEST_LIMIT
from pytest_atomic_cards.model.lifecycle import CLOSED, OPEN, Status
from pytest_atomic_cards.rules.agreement_rules import ACTIONS, LISTINGS
from pytest_atomic_cards.rules.card_history import CardHistory, Sighting, long_after
from pytest_atomic_cards.rules.parsed_query import ATTRIBUTES
from pytest_atomic_cards.rules.parsed_response import (
    FAILURE,
    OTHER,
    Fidelity,
    ParsedResponse,
    is_named,
    name_of,
)
from pytest_atomic_cards.rules.redaction_markers import is_masked
from pytest_atomic_cards.rules.reference_shapes import Body
from pytest_atomic_cards.rules.rule import Objection, Rule
from pytest_atomic_cards.rules.rule_dispatch import Traits

_ANSWERED: Final = frozenset({OTHER}) | LISTINGS | ACTIONS
_ANY: Final = _ANSWERED | {FAILURE}
_ERROR: Final = 500
_SEEN: Final[frozenset[str | None]] = CLOSED | {None}
"""Listed before, in any state."""


def closed_stays(
    first: Status | None, response: ParsedResponse, past: CardHistory | None
) -> Objection | bool:
    """A card that was listed closed is never listed in another state, except by a stale listing.

    Args:
        first: Only cards that were first listed in this closed state; ``None`` for any.
        response: The exchange.
        past: What earlier exchanges showed.
    """
    if past is None:
        return False
    exercised = False
    for seen, card in past.known(response):
        if first is not None and seen.closed != first:
            continue
        word = card.get("status")
        objection = _reopened(card, word, seen, response) if isinstance(word, str) else None
        if objection is not None:
            return objection
        exercised |= seen.closed is not None and seen.closed == word
    return exercised


def _reopened(card: Body, word: str, seen: Sighting, response: ParsedResponse) -> Objection | None:
    if word in OPEN:
        undone = seen.closed is not None and long_after(response.started, seen.closed_by)
        before, later = seen.closed, word
    elif word in CLOSED and seen.closed is None:
        undone = long_after(seen.open_at, response.ended)  # exchanges may come in any order
        before, later = word, "open"
    else:
        undone = seen.closed is not None and word in CLOSED and word != seen.closed
        before, later = seen.closed, word
    if not undone or not is_named(card):
        return None
    return Objection(
        f"{name_of(card)} to stay {before}", f"it is {later}{_at(response.started, seen.closed_by)}"
    )


def _at(now: float | None, before: float | None) -> str:
    if now is None or before is None:
        return ""
    moments = (
        datetime.fromtimestamp(each, UTC).isoformat(" ", "seconds") for each in (now, before)
    )
    return " at {}, but was closed at {}".format(*moments)


def created_stays(response: ParsedResponse, past: CardHistory | None) -> Objection | bool:
    """``created`` of a card stays as it was first listed."""
    if past is None:
        return False
    exercised = False
    for seen, card in past.known(response):
        created = card.get("created")
        if seen.created is None or created is None:
            continue
        if created != seen.created:
            if is_masked(created) or is_masked(seen.created) or not is_named(card):
                continue
            return Objection(
                f"created of {name_of(card)} to stay {seen.created}", f"it is {created}"
            )
        exercised = True
    return exercised


def closed_not_counted(response: ParsedResponse, past: CardHistory | None) -> Objection | bool:
    """No action counts a card as updated that has long been closed."""
    if past is None or not response.cards:
        return False
    exercised = False
    for seen, card in past.known(response):
        closed = long_after(response.started, seen.closed_by)
        if closed or long_after(response.started, seen.counted_by):
            if response.counted and is_named(card):
                return Objection(
                    f"{name_of(card)}, which was already closed, not to count as updated",
                    f"summary.updated is {response.updated}, for {len(response.data)} results",
                )
            exercised = True
    return exercised


def documented_served(response: ParsedResponse, past: CardHistory | None) -> Objection | bool:
    """No request that the documentation allows fails with a server error."""
    return is_documented(response) and _no_server_error(response, past)


def malformed_refused(response: ParsedResponse, past: CardHistory | None) -> Objection | bool:
    """No request that the documentation does not allow fails with a server error."""
    return not is_documented(response) and _no_server_error(response, past)


def _no_server_error(response: ParsedResponse, past: CardHistory | None) -> Objection | bool:
    """No request gets HTTP 500 twice in a row; a single one may be a passing failure."""
    if response.status != _ERROR:
        return response.status < _ERROR
    if past is None or not past.failed(response):
        return False
    return Objection("success, or a 4xx error", f"it is HTTP {response.status} each time")


def is_documented(response: ParsedResponse) -> bool:
    """Whether the documentation explicitly allows a request."""
    try:
        known = all(_is_documented(name, *values) for name, values in response.asked.given.items())
        if response.action is None or not response.request_body.strip():
            return known
        return known and isinstance(json.loads(response.request_body), dict)
    except (TypeError, ValueError, RecursionError):
        return False


def _is_documented(name: str, value: str) -> bool:
    text = unquote_plus(value, errors="strict")
    if name in {"limit", "offset"}:
        number = int(text) if text.isascii() and text.isdigit() else -1
        return 1 <= number <= LARGEST_LIMIT if name == "limit" else number >= 0
    return text == "1" if name == "multiple" else name in ATTRIBUTES and text != ""


def token_needed(response: ParsedResponse, _: CardHistory | None) -> Objection | bool:
    """A request without a token does not succeed."""
    if response.authorized or response.fidelity is not Fidelity.WIRE:
        return False
    if response.kind not in LISTINGS | ACTIONS:
        return True
    return Objection(
        "a request without a bearer token to be refused", f"the response is HTTP {response.status}"
    )


def _was_seen(states: frozenset[str | None], traits: Traits) -> bool:
    return not traits.seen.isdisjoint(states)


def _is_answered(traits: Traits) -> bool:
    return traits.kind in _ANSWERED


def _is_unauthorized(traits: Traits) -> bool:
    return not traits.is_authorized


_CLOSED_STAYS: Final = {
    Status.DISMISSED: "STATE-07",
    Status.COMPLETED: "STATE-08",
    Status.CANCELLED: "STATE-09",
    Status.EXPIRED: "STATE-10",
    None: "TIME-04",
}

HISTORY: Final[tuple[Rule, ...]] = (
    *(
        Rule(
            "cards_closed_stays",
            requirement,
            LISTINGS,
            partial(closed_stays, first),
            partial(_was_seen, _SEEN if first is None else frozenset({first})),
        )
        for first, requirement in _CLOSED_STAYS.items()
    ),
    Rule("cards_created_stays", "TIME-05", LISTINGS, created_stays, partial(_was_seen, _SEEN)),
    Rule(
        "cards_closed_not_counted",
        "STATE-14",
        ACTIONS,
        closed_not_counted,
        partial(_was_seen, _SEEN),
    ),
    Rule("cards_no_server_error", "SCHEMA-01", _ANY, documented_served, rests=_is_answered),
    Rule("cards_no_server_error", "SCHEMA-05", frozenset({FAILURE}), malformed_refused),
    Rule("cards_token_needed", "AUTH-01", _ANY, token_needed, _is_unauthorized),
)
"""Rules that need several exchanges."""
