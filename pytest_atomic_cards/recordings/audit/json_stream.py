"""Reads a large JSON document, one element at a time."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TextIO

from pytest_atomic_cards.recordings.audit.bodies import LARGEST, OVERSIZED

_CHUNK: Final = 64 * 1024
"""Characters read at once: room for most exchanges, and little memory."""
_NO_SPACE: Final = re.compile(r"[^ \t\r\n]")
_MARK: Final = re.compile(r'["\[\]{}]')
_REST_OF_STRING: Final = re.compile(r'(?:[^"\\]|\\.)*+"', re.DOTALL)
_BACKSLASHES: Final = re.compile(r"\\+\Z")
"""What decides where a value ends that is not kept."""
_TAIL: Final = 16
"""Characters before the end of the text read so far in which an error may only mean that more is
needed: longer than any token that can be cut off, such as ``-Infinity``."""


class JsonStream:
    """Reads a document from left to right.

    Args:
        file: The document; its beginning may have been read already.
        read: The text already read.

    Attributes:
        line: The current line, from 1.

    Raises:
        ValueError: From every method, if the document is malformed or ends too early.
    """

    def __init__(self, file: TextIO, read: str = "") -> None:
        self._file = file
        self._text = read.removeprefix("\ufeff")
        self._at = 0
        self._decoder = json.JSONDecoder()
        self._over = False
        self.line = 1

    @property
    def is_object(self) -> bool:
        """Whether the next value is an object."""
        return self._peek() == "{"

    def members(self) -> Iterator[str]:
        """The names of an object; the value of each must be read before the next name."""
        self._expect("{")
        if self._skip("}"):
            return
        while True:
            name = self.value()
            if not isinstance(name, str):
                raise ValueError("a name of a member must be a string")  # noqa: TRY004
            self._expect(":")
            yield name
            if self._skip("}"):
                return
            self._expect(",")

    def elements(self) -> Iterator[tuple[int, Any]]:
        """The elements of an array, each with its line."""
        self._expect("[")
        if self._skip("]"):
            return
        while True:
            self._peek()
            line = self.line
            yield line, self.value()
            if self._skip("]"):
                return
            self._expect(",")

    def value(self) -> Any:  # noqa: ANN401 - a JSON value
        """The next value; ``OVERSIZED`` if it has more than ``LARGEST`` characters."""
        self._peek()
        size = _CHUNK
        while True:
            try:
                value, end = self._decoder.raw_decode(self._text, self._at)
            except json.JSONDecodeError as error:
                if self._over or not self._may_go_on(error):
                    raise ValueError(error.msg) from None
            except RecursionError:
                raise ValueError("it is nested too deep") from None
            else:
                if end < len(self._text) or self._over:
                    self._go_to(end)
                    return value
            if len(self._text) - self._at > LARGEST:
                self._pass_over()
                return OVERSIZED
            self._more(size)
            size *= 2

    def _pass_over(self) -> None:
        """Go to the end of a value without keeping it."""
        depth, quoted = 0, False
        while True:
            at, text = self._at, self._text
            while found := _REST_OF_STRING.match(text, at) if quoted else _MARK.search(text, at):
                at = found.end()
                if quoted or found[0] == '"':
                    quoted = not quoted
                else:
                    depth += 1 if found[0] in "[{" else -1
                if not depth and not quoted:
                    self._go_to(at)
                    return
            # A backslash at the end belongs to a character that was not read yet.
            tail = _BACKSLASHES.search(text, at) if quoted else None
            self._go_to(len(text) - (len(tail[0]) % 2 if tail else 0))
            if self._over:
                raise ValueError("the file ends too early")
            self._more(_CHUNK)

    def _go_to(self, place: int) -> None:
        self.line += self._text.count("\n", self._at, place)
        self._at = place

    def finish(self) -> None:
        """Check that nothing follows."""
        if self._next():
            raise ValueError("something follows after the end")

    def _may_go_on(self, error: json.JSONDecodeError) -> bool:
        unterminated = error.msg.startswith("Unterminated")
        return unterminated or error.pos >= len(self._text) - _TAIL

    def _expect(self, character: str) -> None:
        if not self._skip(character):
            raise ValueError(f"expected {character!r}, not {self._peek()!r}")

    def _skip(self, character: str) -> bool:
        if self._peek() != character:
            return False
        self._at += 1
        return True

    def _peek(self) -> str:
        following = self._next()
        if not following:
            raise ValueError("the file ends too early")
        return following

    def _next(self) -> str:
        """The next character that is not a space; empty at the end."""
        while True:
            found = _NO_SPACE.search(self._text, self._at)
            at = found.start() if found else len(self._text)
            if at > self._at:
                self._go_to(at)
            if found:
                return found[0]
            if self._over:
                return ""
            self._more(_CHUNK)

    def _more(self, size: int) -> None:
        read = self._file.read(size)
        self._over = not read
        self._text = self._text[self._at :] + read
        self._at = 0


@dataclass(frozen=True, slots=True)
class JsonMember:
    """A member of a document, or one element of an array that is a member.

    Args:
        name: Name of the member.
        line: Its first line.
        value: The value, or the element.
        is_element: Whether it is an element.
    """

    name: str
    line: int
    value: Any
    is_element: bool


def streamed(stream: JsonStream, arrays: Mapping[str, str]) -> Iterator[JsonMember]:
    """The members of a document; named arrays as an empty one, and then element by element.

    Args:
        stream: The document.
        arrays: Names of arrays, each with the member of the root that contains it; empty for the
            root itself.

    Raises:
        ValueError: The document is malformed.
    """
    for name in stream.members():
        if name in arrays.values() and stream.is_object:
            for inner in stream.members():
                yield from _member(stream, inner, is_array=arrays.get(inner) == name)
        else:
            yield from _member(stream, name, is_array=arrays.get(name) == "")
    stream.finish()


def _member(stream: JsonStream, name: str, *, is_array: bool) -> Iterator[JsonMember]:
    if is_array:
        yield JsonMember(name, stream.line, [], is_element=False)
        for line, element in stream.elements():
            yield JsonMember(name, line, element, is_element=True)
    else:
        yield JsonMember(name, stream.line, stream.value(), is_element=False)
