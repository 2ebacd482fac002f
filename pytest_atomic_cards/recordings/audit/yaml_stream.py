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

from pytest_atomic_cards.recordings.audit.bodies import LARGEST, OVERSIZED, TOO_LARGE

_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DEEPEST: Final = 100
"""Levels of nesting: far more than a recording has, far below Python's recursion limit."""
_CORE: Final = "tag:yaml.org,2002:"
_BINARY: Final = f"{_CORE}binary"
_OF_RUBY: Final = "!binary"
_TEXTS: Final = frozenset({f"{_CORE}python/unicode", f"{_CORE}python/str", f"{_CORE}timestamp"})
"""Tags of texts that tools of old write."""
_KNOWN: Final = frozenset(f"{_CORE}{kind}" for kind in ("str", "int", "float", "bool", "null"))
_COLLECTIONS: Final = frozenset(f"{_CORE}{kind}" for kind in ("map", "seq"))


class YamlStream:
    """Reads a document whose root is a mapping.

    Args:
        file: The document; its beginning may have been read already.
        read: The text already read.

    Raises:
        ValueError: From every method, if the document is malformed or has a tag beyond plain data.
            The message names the line.
    """

    def __init__(self, file: TextIO, read: str = "") -> None:
        self._file = _Measured(file, read)
        self._events = yaml.parse(self._file, Loader=_LOADER)
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._size = 0

    def elements(self, names: frozenset[str]) -> Iterator[tuple[str, int, Any]]:
        """The elements of sequences in the root, with name and line of each.

        One that its aliases multiply to more than ``LARGEST`` characters is ``OVERSIZED``.

        Args:
            names: Names of the sequences; other members of the root are skipped. A root that is a
                sequence itself has the name ``""``.
        """
        while not isinstance(event := self._next(), MappingStartEvent):
            if isinstance(event, ScalarEvent):
                raise _wrong(event, "the document must be a mapping")
            if isinstance(event, SequenceStartEvent):
                yield from self._sequence("")
                return
        found = False
        while not isinstance(event := self._next(), MappingEndEvent):
            name = self._build(event)
            event = self._next()
            if name in names and isinstance(event, SequenceStartEvent):
                found = True
                yield from self._sequence(str(name))
            else:
                self._build(event)
        if not found:
            raise _wrong(event, f"there is no member {' or '.join(sorted(names))}")

    def document(self, largest: int) -> Any:  # noqa: ANN401 - plain data
        """The whole document, if its aliases multiply it to no more than so many characters."""
        self._file.largest = largest
        while not isinstance(event := self._next(), CollectionStartEvent | ScalarEvent):
            pass
        value = self._build(event)
        if self._size > largest:
            raise _wrong(event, "its aliases multiply it beyond measure")
        return value

    def _sequence(self, name: str) -> Iterator[tuple[str, int, Any]]:
        while not isinstance(event := self._next(), SequenceEndEvent):
            self._file.read_since = self._size = 0
            value = self._build(event)
            yield name, _line(event), OVERSIZED if self._size > LARGEST else value

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
            value, size = self._anchors[event.anchor]
            self._size += size
            return value
        before = self._size
        if isinstance(event, ScalarEvent):
            self._size += len(event.value) + 1
            value = self._scalar(event)
        elif isinstance(event, CollectionStartEvent):
            value = self._of(event, depth)
        else:
            raise _wrong(event, "a value is missing here")
        if event.anchor is not None:
            self._anchors[event.anchor] = value, self._size - before
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
        if event.tag in {_BINARY, _OF_RUBY}:
            try:
                return base64.b64decode(event.value)
            except binascii.Error:
                raise _wrong(event, "this is not base64") from None
        if event.tag in _TEXTS:
            return event.value
        if event.tag is not None and event.tag not in _KNOWN:
            raise _wrong(event, f"the tag {event.tag} is not supported")
        return _plain(event.value) if event.implicit[0] else event.value


class _Measured:
    """A file that measures how much was read, so that no value fills the memory.

    Args:
        file: The file.
        read: The text that was read already.

    Attributes:
        read_since: Characters read since it was last set to 0.
        largest: How many that may be.
    """

    def __init__(self, file: TextIO, read: str) -> None:
        self._file = file
        self._kept = read
        self.read_since = 0
        self.largest = LARGEST

    def read(self, size: int = -1) -> str:
        """Read from the file.

        Raises:
            ValueError: More was read than an element may have.
        """
        text, self._kept = self._kept or self._file.read(size), ""
        self.read_since += len(text)
        if self.read_since > self.largest:
            raise ValueError(f"one value is {TOO_LARGE}")
        return text


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
