"""Which id of this run corresponds to which recorded one, and where JSON values differ."""

from __future__ import annotations

import json
import re
from collections import ChainMap
from collections.abc import Iterator, MutableMapping
from typing import Any, Final

from pytest_atomic_cards.support.printable import cut

_ID_NAME: Final = re.compile(r"(?:^id|Id|_id|users|Location)$")
_OF_THE_PROJECT: Final = frozenset({"cardTemplateId", "environmentId", "flowConfigId"})
"""Ids that a person chose, and that stay the same."""

_TIME: Final = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?")
_UNORDERED: Final = "data"
SHOWN: Final = 120
"""Characters of a value in a difference: one line of a terminal, more or less."""


class Pairs:
    """Which current id corresponds to which recorded id."""

    def __init__(self) -> None:
        self._recorded: MutableMapping[str, str] = {}
        self._now: MutableMapping[str, str] = {}

    def agree(self, recorded: Any, now: Any) -> bool:  # noqa: ANN401 - JSON values
        """Whether two JSON values may correspond; no ids are learned from them."""
        known = self._now, self._recorded
        self._now, self._recorded = ChainMap({}, self._now), ChainMap({}, self._recorded)
        try:
            return next(self.differences("", recorded, now), None) is None
        finally:
            self._now, self._recorded = known

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


def _identity(element: Any) -> str:  # noqa: ANN401 - a JSON value
    identity = element.get("cardInstanceId") if isinstance(element, dict) else None
    return identity if isinstance(identity, str) else ""


def _form(text: str) -> str:
    """A text in which the digits of each time are zeros."""
    return _TIME.sub(lambda match: re.sub(r"\d", "0", match[0]), text)


def _shown(value: Any) -> str:  # noqa: ANN401 - a JSON value
    return cut(json.dumps(value, ensure_ascii=False), SHOWN)
