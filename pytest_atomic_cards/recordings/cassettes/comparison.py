"""Compares the current responses of a target with a recording, field by field.

Ids may differ from the recording if each maps to the same recorded one throughout; times need only
have the same format. If a listing is requested several times between two changes, as polling does,
its last response counts. Transient errors do not count at all.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl

from pytest_atomic_cards.client.retry import TRANSIENT

if TYPE_CHECKING:
    from vcr.request import Request  # type: ignore[import-untyped]

    from pytest_atomic_cards.recordings.cassettes.cassette import Cassette
    from pytest_atomic_cards.recordings.cassettes.cassette_document import Interaction
    from pytest_atomic_cards.recordings.cassettes.indexed_cassette import Response

_ID_NAME: Final = re.compile(r"(?:^id|Id|_id|users|Location)$")
_OF_THE_PROJECT: Final = frozenset({"cardTemplateId", "environmentId", "flowConfigId"})
"""Ids that a person chose, and that stay the same."""

_TIME: Final = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?")
_UNORDERED: Final = "data"
_SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_HEADERS: Final = ("content-type",)
_SHOWN: Final = 120
"""Characters of a value in a difference: one line of a terminal, more or less."""


@dataclass(slots=True)
class _Stretch:
    """The reads between two changes, and the change that ended them.

    Args:
        asked: The last exchange of each read, in the order of the first ones.
        change: The exchange that may have changed something.
    """

    asked: dict[str, Interaction] = field(default_factory=dict)
    change: Interaction | None = None


class Comparison:
    """The differences between a recording and the current exchanges.

    Args:
        cassette: The recording.
        pairs: The ids known from other recordings of the run.
    """

    def __init__(self, cassette: Cassette, pairs: Pairs | None = None) -> None:
        self._cassette = cassette
        self._recorded = _stretches(cassette.interactions)
        self._place = 0
        self._asked: dict[str, int] = {}
        self._pending: dict[str, Interaction] = {}
        self._pairs = pairs or Pairs()
        self._differences: list[str] = []
        self._is_lost = False

    def add(self, interaction: Interaction) -> None:
        """Add a finished exchange of this run."""
        if interaction.response["status"]["code"] in TRANSIENT or self._is_lost:
            return
        now = self._cassette.redacted(interaction)
        if now.request.method in _SAFE_METHODS:
            self._pending[_question(now.request)] = now
            return
        self.look()
        self._finish_stretch()
        recorded = self._stretch.change
        if recorded is None:
            self._lose(f"{_line(now.request)}: sent now, not recorded")
            return
        self._compare(recorded, now)
        self._place += 1
        self._asked.clear()

    def take_differences(self, *, finished: bool = False) -> list[str]:
        """The differences since the last call, one line each.

        Args:
            finished: Whether nothing more will be sent, so that missing requests are differences.
        """
        self.look()
        if finished and not self._is_lost:
            self._finish_stretch()
            if self._stretch.change is not None:
                self._lose(f"{_line(self._stretch.change.request)}: recorded, not sent now")
        taken, self._differences = self._differences, []
        return taken

    @property
    def _stretch(self) -> _Stretch:
        return self._recorded[self._place]

    def look(self) -> None:
        """Compare the responses to the latest reads."""
        recorded = list(self._stretch.asked.values())
        for question, now in self._pending.items():
            place = self._asked.setdefault(question, len(self._asked))
            if place < len(recorded):
                self._compare(recorded[place], now)
            else:
                self._differences.append(f"{_line(now.request)}: sent now, not recorded")
        self._pending.clear()

    def _finish_stretch(self) -> None:
        for recorded in list(self._stretch.asked.values())[len(self._asked) :]:
            self._differences.append(f"{_line(recorded.request)}: recorded, not sent now")

    def _lose(self, difference: str) -> None:
        """End the comparison, as later exchanges would be compared with the wrong ones."""
        self._differences.append(f"{difference}; nothing after it is compared")
        self._is_lost = True

    def _compare(self, recorded: Interaction, now: Interaction) -> None:
        line = _line(now.request)
        found = [
            *self._pairs.differences(
                "request", _request_values(recorded.request), _request_values(now.request)
            ),
            *self._pairs.differences(
                "response", _response_values(recorded.response), _response_values(now.response)
            ),
        ]
        self._differences += [f"{line}: {difference}" for difference in found]


class Pairs:
    """Which current id corresponds to which recorded id."""

    def __init__(self) -> None:
        self._recorded: dict[str, str] = {}
        self._now: dict[str, str] = {}

    def differences(self, path: str, recorded: Any, now: Any, name: str = "") -> Iterator[str]:  # noqa: ANN401
        """Where two JSON values differ, and how."""
        if isinstance(recorded, dict) and isinstance(now, dict):
            for key in dict.fromkeys([*recorded, *now]):
                place = f"{path}.{key}"
                if key not in now:
                    yield f"{place}: {_shown(recorded[key])} recorded, missing now"
                elif key not in recorded:
                    yield f"{place}: not recorded, {_shown(now[key])} now"
                else:
                    yield from self.differences(place, recorded[key], now[key], key)
        elif isinstance(recorded, list) and isinstance(now, list):
            if len(recorded) != len(now):
                yield f"{path}: {len(recorded)} element(s) recorded, {len(now)} now"
                return
            if name == _UNORDERED:
                now = self._in_order(recorded, now)
            for number, (one, other) in enumerate(zip(recorded, now, strict=True)):
                yield from self.differences(f"{path}[{number}]", one, other, name)
        elif not self._agree(recorded, now, name):
            yield f"{path}: {_shown(recorded)} recorded, {_shown(now)} now"

    def _agree(self, recorded: Any, now: Any, name: str) -> bool:  # noqa: ANN401 - JSON values
        if not isinstance(recorded, str) or not isinstance(now, str):
            return type(recorded) is type(now) and bool(recorded == now)
        if _ID_NAME.search(name) and name not in _OF_THE_PROJECT:
            known = self._now.setdefault(now, recorded), self._recorded.setdefault(recorded, now)
            return known == (recorded, now)
        if recorded == now or _form(recorded) == _form(now):
            return True
        return _form(recorded) == _form(self._translated(now))

    def of_now(self, value: Any) -> Any:  # noqa: ANN401 - a JSON value
        """A recorded value with the current ids."""
        if isinstance(value, str):
            return self._recorded.get(value, value)
        if isinstance(value, list):
            return [self.of_now(element) for element in value]
        if isinstance(value, dict):
            return {name: self.of_now(member) for name, member in value.items()}
        return value

    def _translated(self, text: str) -> str:
        """A text with the recorded ids."""
        for now in sorted(self._now, key=len, reverse=True):
            if now and now in text:
                text = text.replace(now, self._now[now])
        return text

    def _in_order(self, recorded: list[Any], now: list[Any]) -> list[Any]:
        """The current elements in the order of the recording, if their ids are known.

        The order of a listing is not documented.
        """
        places = {_identity(element): place for place, element in enumerate(recorded)}
        known = {places.get(self._now.get(_identity(element), "")): element for element in now}
        if len(known) < len(now) or None in known:
            return now
        return [known[place] for place in range(len(now))]


def _stretches(interactions: list[Interaction]) -> list[_Stretch]:
    stretches = [_Stretch()]
    for one in interactions:
        if one.response["status"]["code"] in TRANSIENT:
            continue
        if one.request.method in _SAFE_METHODS:
            stretches[-1].asked[_question(one.request)] = one
        else:
            stretches[-1].change = one
            stretches.append(_Stretch())
    return stretches


def _question(request: Request) -> str:
    return f"{request.method} {request.uri}"


def _line(request: Request) -> str:
    query = request.parsed_uri.query
    return _cut(f"{request.method} {request.path}{'?' if query else ''}{query}")


def _request_values(request: Request) -> dict[str, Any]:
    """The compared parts of a request."""
    pairs = parse_qsl(request.parsed_uri.query, keep_blank_values=True)
    query: dict[str, Any] = {}
    for name, value in pairs:
        query.setdefault(name, []).append(value)
    return {
        "method": request.method,
        "path": request.path,
        "query": query,
        "body": _read(request.body or b""),
    }


def _response_values(response: Response) -> dict[str, Any]:
    """The compared parts of a response."""
    headers = {name.lower(): values for name, values in response["headers"].items()}
    return {
        "status": response["status"]["code"],
        "headers": {name: headers.get(name, []) for name in _HEADERS},
        "body": _read(response["body"]["string"]),
    }


def _read(content: bytes) -> Any:  # noqa: ANN401 - a JSON value
    try:
        return json.loads(content) if content else None
    except (ValueError, RecursionError):
        return content.decode("utf-8", "backslashreplace")


def _identity(element: Any) -> str:  # noqa: ANN401 - a JSON value
    identity = element.get("cardInstanceId") if isinstance(element, dict) else None
    return identity if isinstance(identity, str) else ""


def _form(text: str) -> str:
    """A text in which the digits of each time are zeros."""
    return _TIME.sub(lambda match: re.sub(r"\d", "0", match[0]), text)


def _shown(value: Any) -> str:  # noqa: ANN401 - a JSON value
    return _cut(json.dumps(value, ensure_ascii=False))


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
