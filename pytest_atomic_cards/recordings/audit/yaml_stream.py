"""Reads a YAML document with a long sequence, one element at a time.

Only plain data is built; no tag can create anything else.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final, TextIO

import yaml
from yaml.constructor import SafeConstructor
from yaml.events import (
    AliasEvent,
    CollectionStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from yaml.resolver import Resolver

_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DEEPEST: Final = 100
"""Levels of nesting: far more than a recording has, far below Python's recursion limit."""
_CORE: Final = "tag:yaml.org,2002:"
_BINARY: Final = f"{_CORE}binary"
_KNOWN: Final = frozenset(f"{_CORE}{kind}" for kind in ("str", "int", "float", "bool", "null"))
_COLLECTIONS: Final = frozenset(f"{_CORE}{kind}" for kind in ("map", "seq"))


class YamlStream:
    """Reads a document whose root is a mapping.

    Args:
        file: The document.

    Raises:
        ValueError: From every method, if the document is malformed or has a tag beyond plain data.
            The message names the line.
    """

    def __init__(self, file: TextIO) -> None:
        self._events = yaml.parse(file, Loader=_LOADER)
        self._anchors: dict[str, Any] = {}

    def elements(self, names: frozenset[str]) -> Iterator[tuple[str, int, Any]]:
        """The elements of sequences in the root, with name and line of each.

        Args:
            names: Names of the sequences; other members of the root are skipped.
        """
        while not isinstance(event := self._next(), MappingStartEvent):
            if isinstance(event, ScalarEvent | SequenceStartEvent):
                raise _wrong(event, "the document must be a mapping")
        found = False
        while not isinstance(event := self._next(), MappingEndEvent):
            name = self._build(event)
            event = self._next()
            if name in names and isinstance(event, SequenceStartEvent):
                found = True
                while not isinstance(event := self._next(), SequenceEndEvent):
                    yield str(name), _line(event), self._build(event)
            else:
                self._build(event)
        if not found:
            raise _wrong(event, f"there is no member {' or '.join(sorted(names))}")

    def _next(self) -> Event:
        try:
            return next(self._events)
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            place = f"line {mark.line + 1}: " if mark else ""
            raise ValueError(f"{place}{getattr(error, 'problem', None) or 'not YAML'}") from None
        except StopIteration:
            raise ValueError("the document is empty") from None

    def _build(self, event: Event, depth: int = 0) -> Any:  # noqa: ANN401 - plain data
        if depth > _DEEPEST:
            raise _wrong(event, "it is nested too deep")
        if isinstance(event, AliasEvent):
            if event.anchor not in self._anchors:
                raise _wrong(event, f"the anchor {event.anchor} is not defined")
            return self._anchors[event.anchor]
        if isinstance(event, ScalarEvent):
            value = self._scalar(event)
        elif isinstance(event, CollectionStartEvent):
            value = self._of(event, depth)
        else:
            raise _wrong(event, "a value is missing here")
        if event.anchor is not None:
            self._anchors[event.anchor] = value
        return value

    def _of(self, event: CollectionStartEvent, depth: int) -> Any:  # noqa: ANN401 - plain data
        if event.tag is not None and event.tag not in _COLLECTIONS:
            raise _wrong(event, f"the tag {event.tag} is not supported")
        if isinstance(event, SequenceStartEvent):
            elements = []
            while not isinstance(inner := self._next(), SequenceEndEvent):
                elements.append(self._build(inner, depth + 1))
            return elements
        members = {}
        while not isinstance(inner := self._next(), MappingEndEvent):
            name = self._build(inner, depth + 1)
            if not isinstance(name, str | int | float | bool | bytes | None):
                raise _wrong(inner, "a key must be a scalar")
            members[name] = self._build(self._next(), depth + 1)
        return members

    @staticmethod
    def _scalar(event: ScalarEvent) -> Any:  # noqa: ANN401 - plain data
        if event.tag == _BINARY:
            try:
                return base64.b64decode(event.value)
            except binascii.Error:
                raise _wrong(event, "this is not base64") from None
        if event.tag is not None and event.tag not in _KNOWN:
            raise _wrong(event, f"the tag {event.tag} is not supported")
        return _plain(event.value) if event.implicit[0] else event.value


@lru_cache(maxsize=4_096)
def _plain(text: str) -> Any:  # noqa: ANN401 - a scalar
    """An unquoted scalar as a number, a boolean, null or text."""
    tag = Resolver().resolve(yaml.ScalarNode, text, (True, False))  # type: ignore[no-untyped-call]
    if tag not in _KNOWN:
        return text
    try:
        return SafeConstructor().construct_object(yaml.ScalarNode(tag, text))
    except (ValueError, yaml.YAMLError):
        return text


def _wrong(event: Event, problem: str) -> ValueError:
    return ValueError(f"line {_line(event)}: {problem}")


def _line(event: Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 0
