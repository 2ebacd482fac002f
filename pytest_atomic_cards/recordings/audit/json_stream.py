"""Reads a large JSON document, one element at a time."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TextIO

_CHUNK: Final = 64 * 1024
"""Characters read at once: room for most exchanges, and little memory."""
_LARGEST_ELEMENT: Final = 512 * 1024 * 1024
"""Characters of one value, so that a file without an end cannot fill the memory."""
_SPACE: Final = " \t\r\n"
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
        """The next value."""
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
                    self.line += self._text.count("\n", self._at, end)
                    self._at = end
                    return value
            self._more(size)
            size *= 2

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
            while self._at < len(self._text):
                character = self._text[self._at]
                if character not in _SPACE:
                    return character
                self.line += character == "\n"
                self._at += 1
            if self._over:
                return ""
            self._more(_CHUNK)

    def _more(self, size: int) -> None:
        read = self._file.read(size)
        self._over = not read
        self._text = self._text[self._at :] + read
        self._at = 0
        if len(self._text) > _LARGEST_ELEMENT:
            raise ValueError("one value has more than 512 MB")


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
    """The members of a document; named arrays element by element.

    Args:
        stream: The document.
        arrays: Names of arrays, each with the member of the root that contains it; empty for the
            root itself.

    Raises:
        ValueError: The document is malformed, or has none of these arrays.
    """
    found = False
    for name in stream.members():
        if name in arrays.values():
            for inner in stream.members():
                found |= arrays.get(inner) == name
                yield from _member(stream, inner, is_array=arrays.get(inner) == name)
        else:
            found |= arrays.get(name) == ""
            yield from _member(stream, name, is_array=arrays.get(name) == "")
    stream.finish()
    if not found:
        raise ValueError(f"there is no member {' or '.join(arrays)}")


def _member(stream: JsonStream, name: str, *, is_array: bool) -> Iterator[JsonMember]:
    if is_array:
        for line, element in stream.elements():
            yield JsonMember(name, line, element, is_element=True)
    else:
        yield JsonMember(name, stream.line, stream.value(), is_element=False)
