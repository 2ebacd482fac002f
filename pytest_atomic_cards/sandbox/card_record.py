"""CardRecord: everything about one card of the sandbox; Row: the same in the store's form."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple, Self

from pytest_atomic_cards.model.lifecycle import Status
from pytest_atomic_cards.sandbox.timestamps import LATEST, from_milliseconds, to_milliseconds
from pytest_atomic_cards.support.errors import MisuseError
from pytest_atomic_cards.support.suggestions import nearby

Json = Any

DEFAULT_TEMPLATE: Final = "sandbox-template"

encode_json: Final = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode
"""Compact ASCII JSON. Raises ValueError for a number that JSON cannot represent."""


class Row(NamedTuple):
    """One row of the store. Times are milliseconds since 1970; payloads are JSON text."""

    seq: int
    environment: int
    card_instance_id: str
    card_template_id: str
    card_template_name: str
    event_name: str
    event_source: str
    lifecycle_id: str
    flow_instance_id: str
    flow_invocation_id: str
    user_id: str
    status: str
    payload: str
    created: int
    updated: int
    embargo_until: int | None
    expires_at: int | None
    snooze_until: int | None
    completion: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CardRecord:
    """One card of the sandbox in its true state.

    Args:
        card_instance_id: Unique in the sandbox.
        environment_id: The environment of the card.
        event_source: ``live`` or ``test``.
        status: The current state.
        variables: Shown by the API as ``payload.detail``.
        metadata: Passed through.
        card_options: Passed through.
        created: UTC, to the millisecond, like all times.
        updated: When the state last changed.
        embargo_until: When an embargoed card is published; ``None`` for never.
        expires_at: When the card expires; ``None`` for never.
        snooze_until: When a snoozed card wakes up; ``None`` for never.
        completion: The JSON that the card was completed with, or ``None``.
    """

    card_instance_id: str
    environment_id: str
    card_template_id: str
    card_template_name: str
    event_name: str
    event_source: str
    lifecycle_id: str
    flow_instance_id: str
    flow_invocation_id: str
    user_id: str
    status: Status
    variables: Mapping[str, Json] = field(default_factory=dict)
    metadata: Mapping[str, Json] = field(default_factory=dict)
    card_options: Mapping[str, Json] = field(default_factory=dict)
    created: datetime
    updated: datetime
    embargo_until: datetime | None = None
    expires_at: datetime | None = None
    snooze_until: datetime | None = None
    completion: Json = None

    @classmethod
    def from_row(cls, row: Row, environment_id: str) -> Self:
        """The record for a row."""
        payload, values = json.loads(row.payload), row._asdict()
        fields: dict[str, Any] = {name: values[name] for name in TEXTS}
        fields |= {name: _moment(values[name]) for name in TIMES}
        fields |= {
            "status": Status(row.status),
            "variables": payload["detail"],
            "metadata": payload["metadata"],
            "card_options": payload["cardOptions"],
            "completion": None if row.completion is None else json.loads(row.completion),
        }
        return cls(environment_id=environment_id, **fields)


TEXTS: Final = Row._fields[Row._fields.index("card_instance_id") : Row._fields.index("payload")]
"""The fields of a card that are text in a row as well."""
TIMES: Final = ("created", "updated", "embargo_until", "expires_at", "snooze_until")
OBJECTS: Final = ("variables", "metadata", "card_options")
_SETTABLE: Final = frozenset(item.name for item in dataclasses.fields(CardRecord)) - {
    "environment_id"
}


def row_of(spec: Mapping[str, Any], *, seq: int, environment: int, token: str, now: int) -> Row:
    """A row for a card, given some of the fields of CardRecord.

    Missing fields are generated; a time may be a timedelta from now. Unless ``status`` is given, a
    card with ``embargo_until`` is embargoed, and one with ``snooze_until`` snoozed.

    Args:
        spec: The given fields.
        seq: Number of the row.
        environment: Number of the environment.
        token: Part of generated ids.
        now: Milliseconds.

    Raises:
        MisuseError: A field is unknown, or its value is impossible.
    """
    unknown = spec.keys() - _SETTABLE
    if unknown:
        raise MisuseError(_unknown_field(unknown.pop()))
    given = {name: value for name, value in spec.items() if value is not None}
    template = _text(given, "card_template_id", DEFAULT_TEMPLATE)
    user = _text(given, "user_id", f"user-{token}")
    created = _milliseconds(given.get("created"), now)
    completion = given.get("completion")
    return Row(
        seq,
        environment,
        _text(given, "card_instance_id", f"card-{token}"),
        template,
        _text(given, "card_template_name", template),
        _text(given, "event_name", ""),
        _text(given, "event_source", "live"),
        _text(given, "lifecycle_id", f"lifecycle-{token}"),
        _text(given, "flow_instance_id", f"instance-{token}"),
        _text(given, "flow_invocation_id", f"invocation-{token}"),
        user,
        _status(given),
        _payload(user, given),
        now if created is None else created,
        _milliseconds(given.get("updated"), now) or created or now,
        _milliseconds(given.get("embargo_until"), now),
        _milliseconds(given.get("expires_at"), now),
        _milliseconds(given.get("snooze_until"), now),
        None if completion is None else _json(completion, "completion"),
    )


def payload_text(
    user: str,
    variables: Mapping[str, Json],
    metadata: Mapping[str, Json],
    card_options: Mapping[str, Json],
) -> str:
    """The ``payload`` of a card as JSON text. Source: Cards API page › Retrieving cards."""
    return encode_json(
        {
            "detail": variables,
            "target": {"usersById": [user]},
            "cardOptions": card_options,
            "metadata": metadata,
        }
    )


def _payload(user: str, given: Mapping[str, Any]) -> str:
    for name in OBJECTS:
        if not isinstance(given.get(name, {}), Mapping):
            raise MisuseError(f"{name} must be a mapping, not {given[name]!r}")
    try:
        return payload_text(user, *(given.get(name, {}) for name in OBJECTS))
    except (TypeError, ValueError) as error:
        raise MisuseError(f"variables, metadata and card_options must be JSON: {error}") from None


def _json(value: Json, what: str) -> str:
    try:
        return encode_json(value)
    except (TypeError, ValueError) as error:
        raise MisuseError(f"{what} must be JSON: {error}") from None


def _status(given: Mapping[str, Any]) -> str:
    if "status" in given:
        try:
            return Status(given["status"]).value
        except ValueError:
            raise MisuseError(
                f"status {given['status']!r} is not one of {', '.join(Status)}"
            ) from None
    if "embargo_until" in given:
        return Status.EMBARGOED.value
    return (Status.SNOOZED if "snooze_until" in given else Status.ACTIVE).value


def _text(given: Mapping[str, Any], name: str, default: str) -> str:
    value = given.get(name, default)
    if not isinstance(value, str):
        raise MisuseError(f"{name} must be a string, not {value!r}")
    return value


def _milliseconds(value: object, now: int) -> int | None:
    if value is None:
        return None
    if isinstance(value, datetime):
        return to_milliseconds(value)
    if not isinstance(value, timedelta):
        raise MisuseError(f"a time must be a datetime, or a timedelta from now, not {value!r}")
    moment = now + value // timedelta(milliseconds=1)
    if moment > LATEST:
        raise MisuseError(f"{value} from now lies beyond the year 9999")
    return moment


def _moment(milliseconds: int | None) -> datetime | None:
    return None if milliseconds is None else from_milliseconds(milliseconds)


def _unknown_field(name: str) -> str:
    return f"a card has no settable field {name!r}{nearby(name, _SETTABLE)}"
