"""Sampled: cards and results that match the documentation's samples exactly.

Most do, and one fast comparison shows it, so the shape rules need not look any further.

Source: Cards API page › Retrieving cards, Complete (the example responses).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import itemgetter
from typing import Any, Final

from pytest_atomic_cards.model.documented import (
    CARD_FIELDS,
    PAYLOAD_FIELDS,
    RESULT_FIELDS,
    SAMPLED_TIME,
    SUMMARY_FIELDS,
    Fields,
)

Body = Mapping[str, Any]


def _has_all(fields: Fields) -> Callable[[Body], bool]:
    """A predicate: whether a body has all the fields, none null, each of its type."""
    values, kinds = itemgetter(*fields), list(fields.values())

    def has_all(body: Body) -> bool:
        try:
            return [*map(type, values(body))] == kinds
        except KeyError:
            return False

    return has_all


LASTING_PAYLOAD_FIELDS: Final[Fields] = {
    name: kind for name, kind in PAYLOAD_FIELDS.items() if name != "detail"
}
"""The fields of every payload; ``detail`` is the legacy name of the variables."""

_has_card_fields: Final = _has_all(CARD_FIELDS)
_has_payload_fields: Final = _has_all(LASTING_PAYLOAD_FIELDS)
is_sampled_result: Final = _has_all(RESULT_FIELDS)
"""Whether a result of an action is as sampled."""
is_sampled_summary: Final = _has_all(SUMMARY_FIELDS)
"""Whether the summary of an action is as sampled."""

_FIXED_IN_CARD: Final = (
    "userId",
    "lifecycleId",
    "cardTemplateId",
    "flowInstanceId",
    "flowInvocationId",
)
_FIXED_IN_PAYLOAD: Final = ("target", "detail", "variables")
FIXED_FIELDS: Final = (*_FIXED_IN_CARD, *_FIXED_IN_PAYLOAD)
"""What no action and no timer changes, besides ``created``: of a card, and of its payload."""


Fixed = tuple[object, ...]


def fixed_values(card: Body) -> Fixed:
    """The values of :data:`FIXED_FIELDS`; ``None`` for what is missing."""
    payload = card.get("payload")
    parts = payload if isinstance(payload, dict) else {}
    return (*map(card.get, _FIXED_IN_CARD), *map(parts.get, _FIXED_IN_PAYLOAD))


def is_sampled_card(card: Body) -> bool:
    """Whether the fields, types, times and payload of a card are as sampled."""
    return (
        _has_card_fields(card)
        and _has_sampled_times(card["created"], card["updated"])
        and _is_sampled_payload(card["payload"], card["userId"])
    )


def _has_sampled_times(created: str, updated: str) -> bool:
    is_sampled = SAMPLED_TIME.fullmatch
    return created <= updated and bool(is_sampled(created) and is_sampled(updated))


def _is_sampled_payload(payload: Body, user: str) -> bool:
    if not _has_payload_fields(payload) or "variables" in payload:
        return False
    users = payload["target"].get("usersById")
    return isinstance(payload.get("detail"), dict) and isinstance(users, list) and user in users
