"""The file format of a cassette: JSON that people can read and diff.

JSON bodies are stored as JSON, text as text, and anything else in base64. The cards of long
listings are stored once, in ``tables``; listings refer to them by row number.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from vcr.request import Request  # type: ignore[import-untyped]

from pytest_atomic_cards.recordings.cassettes.indexed_cassette import Response
from pytest_atomic_cards.recordings.cassettes.metadata import Recorded
from pytest_atomic_cards.recordings.cassettes.table_encoding import ROWS, CardTable, at, cards_in
from pytest_atomic_cards.recordings.malformed import text_in
from pytest_atomic_cards.support.json_values import refuse_constant

VERSION: Final = 1
"""The version of vcrpy's format, whose exchanges this format shares."""

_WIDTH: Final = 100
"""Characters of a line: that of this project's code."""
_SHORT_LISTING: Final = 20
"""Cards of a listing that is stored in place, so that small recordings stay readable."""
_TABLES: Final = "tables"
_CARDS: Final = "cards"
_LISTED: Final = "data"
_ROOT: Final = "root"
_LISTINGS: Final = {ROWS, _LISTED, _CARDS}
_SPREAD: Final = {_ROOT, "interactions", _TABLES} | _LISTINGS
_DEEPEST: Final = 12
"""Levels of indentation; deeper values take one line each, so that lines stay readable."""
_SPARE_DEPTH: Final = 200
"""Levels to spare below Python's recursion limit, as a reader may have a deeper stack."""
_json: Final = json.JSONEncoder(allow_nan=False).encode


@dataclass(frozen=True, slots=True)
class Interaction:
    """One recorded exchange.

    Args:
        request: The request, redacted.
        response: The response, redacted.
        started: When the request was sent, in seconds after the start of the recording.
        elapsed: Seconds until the response was read.
    """

    request: Request
    response: Response
    started: float = 0.0
    elapsed: float = 0.0


@dataclass(frozen=True, slots=True)
class Content:
    """The content of a cassette file.

    Args:
        recorded: The metadata.
        interactions: The exchanges, in the order in which they were recorded.
        cases: Generated cases by name, as JSON values.
        is_redacted: Whether values that look like secrets were removed.
    """

    recorded: Recorded
    interactions: list[Interaction]
    cases: Mapping[str, Any] = field(default_factory=dict)
    is_redacted: bool = True


def in_file(seconds: float) -> float:
    """Seconds, rounded to the precision of a file."""
    return round(seconds, 4)


def render(content: Content) -> str:
    """The text of a file."""
    table = CardTable()
    interactions = [_interaction(one, table) for one in content.interactions]
    parts: dict[str, Any] = {"version": VERSION, "recorded": content.recorded.as_json()}
    if content.cases:
        parts["cases"] = content.cases
    if tables := table.as_json():
        parts[_TABLES] = tables
    parts["interactions"] = interactions
    return "".join(_lines(parts, name=_ROOT)) + "\n"


def interactions_in(parts: Mapping[str, Any]) -> Iterator[Interaction]:
    """The exchanges of a file of this format.

    Raises:
        KeyError, TypeError, ValueError, IndexError: An exchange is malformed. Those before it
            have been yielded.
    """
    cards = listed_cards(parts)
    for one in parts["interactions"]:
        yield interaction_in(one, cards)


def listed_cards(parts: Mapping[str, Any]) -> list[str]:
    """The cards of long listings, each as JSON.

    Raises:
        KeyError, TypeError, ValueError: A table is malformed.
    """
    return list(map(_json, cards_in(parts.get(_TABLES, []))))


def interaction_in(one: Mapping[str, Any], cards: list[str]) -> Interaction:
    """An exchange of a file of this format.

    Args:
        one: Its JSON value.
        cards: The cards of long listings.

    Raises:
        KeyError, TypeError, ValueError, IndexError: It is malformed.
    """
    request, response = one["request"], one["response"]
    headers = {name: text_in(value) for name, value in request["headers"].items()}
    return Interaction(
        Request(
            text_in(request["method"]),
            text_in(request["uri"]),
            _read(request["body"], cards),
            headers,
        ),
        {
            "status": {
                "code": int(response["status"]["code"]),
                "message": text_in(response["status"]["message"]),
            },
            "headers": {name: _texts(values) for name, values in response["headers"].items()},
            "body": {"string": _read(response["body"], cards) or b""},
        },
        float(one["started"]),
        float(one["elapsed"]),
    )


def _interaction(one: Interaction, table: CardTable) -> dict[str, Any]:
    request, response = one.request, one.response
    return {
        "request": {
            "method": request.method,
            "uri": request.uri,
            "headers": dict(request.headers),
            "body": _body(request.body or b"", table),
        },
        "response": {
            "status": response["status"],
            "headers": response["headers"],
            "body": _body(response["body"]["string"], table),
        },
        "started": one.started,
        "elapsed": one.elapsed,
    }


def _body(content: bytes, table: CardTable) -> dict[str, Any] | None:
    if not content:
        return None
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(content).decode()}
    try:
        value = json.loads(text, object_pairs_hook=_unique, parse_constant=refuse_constant)
        if _is_too_deep(value):
            return {"text": text}
        value = json.loads(json.dumps(value, allow_nan=False, sort_keys=True))
    except (ValueError, RecursionError):
        return {"text": text}
    if _is_long_listing(value):
        return {"json": {**value, _LISTED: []}, _CARDS: table.places(value[_LISTED])}
    return {"json": value}


def _is_long_listing(value: Any) -> bool:  # noqa: ANN401 - a JSON value
    cards = value.get(_LISTED) if isinstance(value, dict) else None
    return (
        isinstance(cards, list)
        and len(cards) > _SHORT_LISTING
        and all(isinstance(card, dict) for card in cards)
    )


def _read(body: Any, cards: list[str]) -> bytes | None:  # noqa: ANN401 - a JSON value
    if body is None:
        return None
    if "text" in body:
        return text_in(body["text"]).encode()
    if "base64" in body:
        return base64.b64decode(text_in(body["base64"]), validate=True)
    value = body["json"]
    if _CARDS not in body:
        return _json(value).encode()
    listed = f"[{', '.join(at(text_in(body[_CARDS]), cards))}]"
    members = {name: _json(member) for name, member in value.items()} | {_LISTED: listed}
    return f"{{{', '.join(f'{_json(name)}: {text}' for name, text in members.items())}}}".encode()


def _is_too_deep(value: Any) -> bool:  # noqa: ANN401 - a JSON value
    """Whether a value is nested too deep to be read by code with a deeper stack."""
    for _ in range(_SPARE_DEPTH):
        value = [value]
    try:
        json.dumps(value)
    except RecursionError:
        return True
    return False


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("a member twice")
    return members


def _texts(values: object) -> list[str]:
    if not isinstance(values, list):
        raise TypeError(f"expected an array, not a {type(values).__name__}")
    return list(map(text_in, values))


def _compact(value: Any) -> str:  # noqa: ANN401 - a JSON value
    return json.dumps(value, ensure_ascii=False)


def _lines(value: Any, indent: int = 0, name: str = "") -> Iterator[str]:  # noqa: ANN401
    """A value on as few lines as fit the width; each card of a listing takes one line.

    Args:
        value: Any JSON value.
        indent: Its indentation.
        name: The name of the member.
    """
    spread = isinstance(value, dict | list) and value and indent < _DEEPEST
    if not spread or (
        name not in _SPREAD and len(flat := _compact(value)) + indent + len(name) < _WIDTH
    ):
        yield flat if spread else _compact(value)
        return
    margin = "\n" + " " * (indent + 1)
    members = value.items() if isinstance(value, dict) else (("", element) for element in value)
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    for number, (key, member) in enumerate(members):
        label = f"{_compact(key)}: " if isinstance(value, dict) else ""
        yield f"{',' if number else opening}{margin}{label}"
        if name in _LISTINGS:
            yield _compact(member)
        else:
            yield from _lines(member, indent + 1, key)
    yield margin[:-1] + closing
