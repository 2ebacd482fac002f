"""Typed views of Cards API bodies. They keep the raw body and tolerate unknown extra fields.

Source: Cards API page › Retrieving cards, Complete (sample bodies, not a schema).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Self

from pytest_atomic_cards.model.lifecycle import Status
from pytest_atomic_cards.model.query import ATTRIBUTE_FIELDS, Attribute
from pytest_atomic_cards.support.errors import ContractBrokenError
from pytest_atomic_cards.support.json_values import whole_number

Json = Any

STATUSES: Final = {status.value: status for status in Status}
"""The states by their words."""


@dataclass(frozen=True, slots=True)
class Card:
    """One card instance as a listing showed it.

    A field that is missing, or has an unusable type, is ``None``; ``raw`` is the unchanged body.
    ``status`` is a :class:`Status` if it is one of the seven words, else the word itself.
    """

    card_instance_id: str | None
    card_template_id: str | None
    card_template_name: str | None
    event_name: str | None
    event_source: str | None
    lifecycle_id: str | None
    flow_instance_id: str | None
    flow_invocation_id: str | None
    user_id: str | None
    status: Status | str | None
    created: datetime | None
    updated: datetime | None
    raw: Mapping[str, Json] = field(repr=False, compare=False)

    @classmethod
    def from_body(cls, body: Json) -> Self:
        """View one element of a listing's ``data``.

        Raises:
            ContractBrokenError: The element is not a JSON object.
        """
        raw = _object(body, "a card")
        return cls(
            card_instance_id=_text(raw.get("cardInstanceId")),
            card_template_id=_text(raw.get("cardTemplateId")),
            card_template_name=_text(raw.get("cardTemplateName")),
            event_name=_text(raw.get("eventName")),
            event_source=_text(raw.get("eventSource")),
            lifecycle_id=_text(raw.get("lifecycleId")),
            flow_instance_id=_text(raw.get("flowInstanceId")),
            flow_invocation_id=_text(raw.get("flowInvocationId")),
            user_id=_text(raw.get("userId")),
            status=_status(raw.get("status")),
            created=_timestamp(raw.get("created")),
            updated=_timestamp(raw.get("updated")),
            raw=raw,
        )

    @property
    def id(self) -> str:
        """The card instance id, for a card that must have one.

        Raises:
            ContractBrokenError: The body had none.
        """
        if self.card_instance_id is None:
            raise ContractBrokenError("the card has no 'cardInstanceId' of type string")
        return self.card_instance_id

    @property
    def attributes(self) -> dict[Attribute, str]:
        """The query attributes of this card that are present and not empty."""
        pairs = ((attribute, getattr(self, field)) for attribute, field in ATTRIBUTE_FIELDS)
        return {attribute: str(value) for attribute, value in pairs if value}

    @property
    def payload(self) -> Mapping[str, Json]:
        """The ``payload`` object of the body, or an empty one."""
        payload = self.raw.get("payload")
        return payload if isinstance(payload, dict) else {}

    @property
    def variables(self) -> Mapping[str, Json]:
        """What the objects ``detail`` and ``variables`` of the payload hold together."""
        parts = (self.payload.get(name) for name in ("detail", "variables"))
        return {key: one for part in parts if isinstance(part, dict) for key, one in part.items()}


@dataclass(frozen=True, slots=True)
class ActionResult:
    """What an action did to one card: one element of ``data`` in its response."""

    action: str | None
    card_instance_id: str | None
    card_template_id: str | None
    event_name: str | None
    event_source: str | None
    lifecycle_id: str | None
    user_id: str | None
    raw: Mapping[str, Json] = field(repr=False, compare=False)

    @classmethod
    def from_body(cls, body: Json) -> Self:
        """View one element of an action response's ``data``.

        Raises:
            ContractBrokenError: The element is not a JSON object.
        """
        raw = _object(body, "an action result")
        return cls(
            action=_text(raw.get("action")),
            card_instance_id=_text(raw.get("cardInstanceId")),
            card_template_id=_text(raw.get("cardTemplateId")),
            event_name=_text(raw.get("eventName")),
            event_source=_text(raw.get("eventSource")),
            lifecycle_id=_text(raw.get("lifecycleId")),
            user_id=_text(raw.get("userId")),
            raw=raw,
        )


@dataclass(frozen=True, slots=True)
class ActionSummary:
    """The counts of an action response. What exactly they count is not documented.

    Inferred: ``total`` is the number of cards matched, ``updated`` the number changed.
    """

    total: int | None
    updated: int | None


@dataclass(frozen=True, slots=True)
class ActionResponse:
    """The body of a dismiss, complete or cancel response."""

    results: tuple[ActionResult, ...]
    summary: ActionSummary
    raw: Mapping[str, Json] = field(repr=False, compare=False)

    @classmethod
    def from_body(cls, body: Json) -> Self:
        """View a whole action response.

        Raises:
            ContractBrokenError: The body is not an object with an array ``data``.
        """
        raw = _object(body, "an action response")
        summary = raw.get("summary")
        counts = summary if isinstance(summary, dict) else {}
        return cls(
            results=tuple(map(ActionResult.from_body, data_of(raw))),
            summary=ActionSummary(
                whole_number(counts.get("total")), whole_number(counts.get("updated"))
            ),
            raw=raw,
        )

    @classmethod
    def without_body(cls) -> Self:
        """The view of a success without a body: no results, and no counts."""
        return cls(results=(), summary=ActionSummary(None, None), raw={})


def cards_of(body: Json) -> list[Card]:
    """The cards in the body of a listing.

    Raises:
        ContractBrokenError: The body is not an object with an array ``data`` of objects.
    """
    return [Card.from_body(element) for element in data_of(_object(body, "a listing"))]


def data_of(body: Mapping[str, Json]) -> list[Json]:
    """The ``data`` array of a body; null counts as an empty one.

    A response without cards is not documented, and some encoders write an empty array as null.

    Raises:
        ContractBrokenError: There is no array ``data``.
    """
    if shows_no_cards(body):
        return []
    data = body.get("data")
    if not isinstance(data, list):
        raise ContractBrokenError(f"'data' must be an array, not {_kind(data)}")
    return data


def shows_no_cards(body: Json) -> bool:
    """Whether a body is an object whose ``data`` is empty or null."""
    return isinstance(body, dict) and "data" in body and body["data"] in (None, [])


def _object(body: Json, what: str) -> dict[str, Json]:
    if not isinstance(body, dict):
        kind = "null, missing or not JSON" if body is None else _kind(body)
        raise ContractBrokenError(f"{what} must be a JSON object, not {kind}")
    return body


def _kind(value: Json) -> str:
    names = {dict: "an object", list: "an array", str: "a string", bool: "a boolean"}
    return "null or missing" if value is None else names.get(type(value), "a number")


def _text(value: Json) -> str | None:
    if isinstance(value, str):
        return value
    number = whole_number(value)
    return None if number is None else str(number)


def _status(value: Json) -> Status | str | None:
    word = _text(value)
    return word if word is None else STATUSES.get(word, word)


def _timestamp(value: Json) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment if moment.tzinfo else None
