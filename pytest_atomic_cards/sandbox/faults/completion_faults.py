"""Faults of the payload that a card is completed with."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from pytest_atomic_cards.model.lifecycle import Action
from pytest_atomic_cards.sandbox.card_record import encode_json
from pytest_atomic_cards.sandbox.faults.fault import Faults, Original, Wrapper, constant
from pytest_atomic_cards.sandbox.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_atomic_cards.sandbox.card_record import Json, Row

    Payload = dict[str, Json]

FAULTS: Final = Faults("completion")
_SHORT: Final = 20
"""Characters: longer than the plain texts that any suite would send, shorter than a sentence."""
_FEW: Final = 10
"""Fields: more than the documentation's example has, fewer than a large form."""

FAULTS.add(
    "completion-lost",
    "A completion payload is accepted and lost.",
    {"completion": constant(None)},
)


@FAULTS.replacing("completion")
def completion_refused(original: Original[str | None], action: Action, body: bytes) -> str | None:
    """complete with a payload is refused."""
    if action is Action.COMPLETE and body:
        raise Refusal(400, "complete takes no body")
    return original(action, body)


def _fields_limited(original: Original[str | None], action: Action, body: bytes) -> str | None:
    text = original(action, body)
    if text is not None and len(json.loads(text)) > _FEW:
        raise Refusal(400, f"a payload has at most {_FEW} fields")
    return text


FAULTS.add(
    "completion-of-many-fields-refused",
    f"A completion payload of more than {_FEW} fields is refused.",
    {"completion": _fields_limited},
)


@FAULTS.replacing("completion")
def completion_required(original: Original[str | None], action: Action, body: bytes) -> str | None:
    """complete without a payload is refused."""
    if action is Action.COMPLETE and not body:
        raise Refusal(400, "complete needs a body")
    return original(action, body)


def _altered(change: Callable[[Payload], Json]) -> Wrapper:
    """Stores a changed payload instead of the one that was sent."""

    def completion(original: Original[str | None], action: Action, body: bytes) -> str | None:
        text = original(action, body)
        payload = None if text is None else json.loads(text)
        return encode_json(change(payload)) if isinstance(payload, dict) else text

    return completion


_alteration = FAULTS.replacing("completion", by=_altered)


@_alteration
def completion_lacks_last_key(payload: Payload) -> Payload:
    """The last key of a completion payload is lost."""
    return dict(list(payload.items())[:-1])


@_alteration
def completion_numbers_as_text(payload: Payload) -> Payload:
    """Numbers in a completion payload become strings."""
    return {
        key: str(value) if type(value) in (int, float) else value for key, value in payload.items()
    }


@_alteration
def completion_nested_lost(payload: Payload) -> Payload:
    """Objects and arrays in a completion payload are lost."""
    return {key: value for key, value in payload.items() if not isinstance(value, dict | list)}


@_alteration
def completion_null_lost(payload: Payload) -> Payload:
    """Keys with null in a completion payload are lost."""
    return {key: value for key, value in payload.items() if value is not None}


def _texts(value: Json, change: Callable[[str], str]) -> Json:
    """Applies a change to every string of a JSON value, but not to keys."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [_texts(item, change) for item in value]
    if isinstance(value, dict):
        return {key: _texts(item, change) for key, item in value.items()}
    return value


FAULTS.add(
    "completion-texts-cut",
    f"Strings in a completion payload are cut after {_SHORT} characters.",
    {"completion": _altered(lambda payload: _texts(payload, lambda text: text[:_SHORT]))},
)


@_alteration
def completion_ascii_only(payload: Payload) -> Json:
    """Characters beyond ASCII in a completion payload become question marks."""
    return _texts(payload, lambda text: text.encode("ascii", "replace").decode())


@FAULTS.replacing("cards.change")
def completion_dismisses(
    original: Original[None], rows: list[Row], action: Action, now: int, completion: str | None
) -> None:
    """Completing a card with a payload dismisses it."""
    original(rows, action if completion is None else Action.DISMISS, now, completion)


@FAULTS.replacing("completions")
def completion_of_request_before(
    original: Original[list[str | None]], completion: str | None, rows: Sequence[Row]
) -> list[str | None]:
    """A card is completed with the payload of the previous action."""
    before: str | None = getattr(original.owner, "completion_before", completion)
    original.owner.completion_before = completion
    return [before] * len(rows)


FAULTS.add(
    "completion-exported-against-settings",
    "Analytics show completion payloads even if the export settings leave them out.",
    {"exports_payloads": constant(value=True)},
)


@FAULTS.replacing("completions")
def completion_for_first_card_only(original: Original[list[str | None]], *args: Any) -> list[Any]:  # noqa: ANN401
    """If several cards are completed, only the first gets the payload."""
    stored = original(*args)
    return [*stored[:1], *[None] * (len(stored) - 1)]
