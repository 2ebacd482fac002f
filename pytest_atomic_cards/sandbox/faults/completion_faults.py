"""Faults of the payload that a card is completed with."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from pytest_atomic_cards.model.lifecycle import Action
from pytest_atomic_cards.sandbox.card_record import encode_json
from pytest_atomic_cards.sandbox.faults.fault import Fault, Original, Wrapper, constant
from pytest_atomic_cards.sandbox.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_atomic_cards.sandbox.card_record import Json, Row

_AREA: Final = "completion"
_SHORT: Final = 20
"""Characters: longer than the plain texts that any suite would send, shorter than a sentence."""
_FEW: Final = 10
"""Fields: more than the documentation's example has, fewer than a large form."""


def _altered(change: Callable[[dict[str, Any]], Json]) -> Wrapper:
    """Stores a changed payload instead of the one that was sent."""

    def completion(original: Original, action: Action, body: bytes) -> str | None:
        text: str | None = original(action, body)
        payload = None if text is None else json.loads(text)
        return encode_json(change(payload)) if isinstance(payload, dict) else text

    return completion


def _refused(original: Original, action: Action, body: bytes) -> str | None:
    if action is Action.COMPLETE and body:
        raise Refusal(400, "complete takes no body")
    text: str | None = original(action, body)
    return text


def _dismissed(
    original: Original, rows: list[Row], action: Action, now: int, completion: str | None
) -> None:
    original(rows, action if completion is None else Action.DISMISS, now, completion)


def _fields_limited(original: Original, action: Action, body: bytes) -> str | None:
    text: str | None = original(action, body)
    if text is not None and len(json.loads(text)) > _FEW:
        raise Refusal(400, f"a payload has at most {_FEW} fields")
    return text


def _required(original: Original, action: Action, body: bytes) -> str | None:
    if action is Action.COMPLETE and not body:
        raise Refusal(400, "complete needs a body")
    text: str | None = original(action, body)
    return text


def _of_request_before(
    original: Original, completion: str | None, rows: Sequence[Row]
) -> list[str | None]:
    before: str | None = getattr(original.owner, "completion_before", completion)
    original.owner.completion_before = completion
    return [before] * len(rows)


def _first_card_only(
    original: Original, completion: str | None, rows: Sequence[Row]
) -> list[str | None]:
    stored: list[str | None] = original(completion, rows)
    return [*stored[:1], *[None] * (len(rows) - 1)]


def _texts(change: Callable[[str], str]) -> Callable[[Json], Json]:
    """Applies a change to every string of a JSON value, but not to keys."""

    def walk(value: Json) -> Json:
        if isinstance(value, str):
            return change(value)
        if isinstance(value, list):
            return [walk(item) for item in value]
        if isinstance(value, dict):
            return {key: walk(item) for key, item in value.items()}
        return value

    return walk


def _is_number(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_CHANGES: Final[tuple[tuple[str, str, Callable[[dict[str, Any]], Json]], ...]] = (
    (
        "completion-lacks-last-key",
        "The last key of a completion payload is lost.",
        lambda payload: dict(list(payload.items())[:-1]),
    ),
    (
        "completion-numbers-as-text",
        "Numbers in a completion payload become strings.",
        lambda payload: {
            key: str(value) if _is_number(value) else value for key, value in payload.items()
        },
    ),
    (
        "completion-nested-lost",
        "Objects and arrays in a completion payload are lost.",
        lambda payload: {
            key: value for key, value in payload.items() if not isinstance(value, dict | list)
        },
    ),
    (
        "completion-null-lost",
        "Keys with null in a completion payload are lost.",
        lambda payload: {key: value for key, value in payload.items() if value is not None},
    ),
    (
        "completion-texts-cut",
        f"Strings in a completion payload are cut after {_SHORT} characters.",
        _texts(lambda text: text[:_SHORT]),
    ),
    (
        "completion-ascii-only",
        "Characters beyond ASCII in a completion payload become question marks.",
        _texts(lambda text: text.encode("ascii", "replace").decode()),
    ),
)
_BODIES: Final[tuple[tuple[str, str, Wrapper], ...]] = (
    ("completion-lost", "A completion payload is accepted and lost.", constant(None)),
    ("completion-refused", "complete with a payload is refused.", _refused),
    (
        "completion-of-many-fields-refused",
        f"A completion payload of more than {_FEW} fields is refused.",
        _fields_limited,
    ),
    ("completion-required", "complete without a payload is refused.", _required),
)

FAULTS: Final = (
    *(Fault(name, _AREA, text, {"completion": wrapper}) for name, text, wrapper in _BODIES),
    *(
        Fault(name, _AREA, text, {"completion": _altered(change)})
        for name, text, change in _CHANGES
    ),
    Fault(
        "completion-dismisses",
        _AREA,
        "Completing a card with a payload dismisses it.",
        {"cards.change": _dismissed},
    ),
    Fault(
        "completion-of-request-before",
        _AREA,
        "A card is completed with the payload of the previous action.",
        {"completions": _of_request_before},
    ),
    Fault(
        "completion-exported-against-settings",
        _AREA,
        "Analytics show completion payloads even if the export settings leave them out.",
        {"exports_payloads": constant(value=True)},
    ),
    Fault(
        "completion-for-first-card-only",
        _AREA,
        "If several cards are completed, only the first gets the payload.",
        {"completions": _first_card_only},
    ),
)
