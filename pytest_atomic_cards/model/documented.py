"""The numbers and names that the documentation gives, each defined once.

Source: Cards API page › Pagination, Request limits, and its two example responses. What the page
shows only in an example is a sample, not a schema: a body may hold more.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from pytest_atomic_cards.model.lifecycle import Status

Fields = Mapping[str, type]
"""Names of fields, each with the type that the example shows."""

DEFAULT_PAGE: Final = 100
"""Cards that a listing returns without ``limit``. Source: Cards API page › Pagination."""

DEFAULT_CANCEL: Final = 500
"""Cards that a cancel changes without ``limit``. Source: Cards API page › Request limits."""

LARGEST_LIMIT: Final = 1_000
"""Largest ``limit`` that the documentation shows.

It is the maximum of a cancel (Cards API page › Request limits). For a listing it is an example,
which the page does not call a maximum (Cards API page › Pagination).
"""

CARD_FIELDS: Final[Fields] = {
    "eventName": str,
    "eventSource": str,
    "cardTemplateId": str,
    "cardInstanceId": str,
    "cardTemplateName": str,
    "lifecycleId": str,
    "flowInstanceId": str,
    "flowInvocationId": str,
    "definition": dict,
    "payload": dict,
    "status": str,
    "userId": str,
    "created": str,
    "updated": str,
}
"""A card. Source: Cards API page › Retrieving cards, example response."""

ELIDED_CARD_FIELDS: Final[Fields] = {"definition": dict}
"""Fields of a card that the example only hints at: the page promises nothing of them.

``definition`` is the card's template, which another page calls private and liable to change.
"""

SHOWN_CARD_FIELDS: Final[Fields] = {
    name: kind for name, kind in CARD_FIELDS.items() if name not in ELIDED_CARD_FIELDS
}
"""Fields of a card that the example shows with a value."""

PAYLOAD_FIELDS: Final[Fields] = {
    "detail": dict,
    "target": dict,
    "cardOptions": dict,
    "metadata": dict,
}
"""The payload of a card. Source: Cards API page › Retrieving cards, example response."""

RESULT_FIELDS: Final[Fields] = {
    "eventName": str,
    "eventSource": str,
    "lifecycleId": str,
    "cardTemplateId": str,
    "cardInstanceId": str,
    "userId": str,
    "action": str,
}
"""A result of a complete. Source: Cards API page › Complete, example response."""

SUMMARY_FIELDS: Final[Fields] = {"total": int, "updated": int}
"""The summary of a complete. Source: Cards API page › Complete, example response."""

SAMPLED_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
"""The format of times in the examples."""

EVENT_TYPES: Final[Mapping[str, str]] = {
    Status.ACTIVE: "card-published",
    Status.EMBARGOED: "card-embargoed",
    Status.SNOOZED: "card-snoozed",
    Status.DISMISSED: "card-dismissed",
    Status.COMPLETED: "card-completed",
    Status.CANCELLED: "card-cancelled",
    Status.EXPIRED: "card-expired",
}
"""The analytics event of each new state. Source: Analytics reference › Events."""

UNSNOOZED: Final = "card-unsnoozed"
"""The analytics event of a snooze that ends. Source: Analytics reference › Events."""
