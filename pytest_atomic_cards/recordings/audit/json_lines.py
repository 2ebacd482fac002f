"""Reads JSON lines: each is an exchange, or an event with some, and depends on no other."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, TextIO

from pytest_atomic_cards.recordings.audit import formats
from pytest_atomic_cards.recordings.audit.bodies import LARGEST, TOO_LARGE
from pytest_atomic_cards.recordings.audit.containers import Recording
from pytest_atomic_cards.recordings.audit.entry import DAMAGED, Entry, Flaw, Item
from pytest_atomic_cards.recordings.malformed import MALFORMED, reason_of

CUT_OFF: Final = "cut off"
_SHOWN: Final = 4_096
"""Characters of a line that are kept if it is too large: its first members fit."""
_DECODER: Final = json.JSONDecoder()
_ENDS: Final = ("\n", "")


def _numbered(file: TextIO, head: str) -> Iterator[tuple[int, str]]:
    """The non-empty lines, with their numbers; only the beginning of a line that is too large."""
    *whole, last = head.split("\n")
    for number, line in enumerate(whole, start=1):
        if line and not line.isspace():
            yield number, f"{line}\n"
    number = len(whole) + 1
    line = last + file.readline(LARGEST)
    while line:
        if not line.isspace():
            yield number, line
        while len(line) > LARGEST - _SHOWN and not line.endswith("\n"):
            line = file.readline(LARGEST)
        line = file.readline(LARGEST)
        number += 1


def begins_with_line(start: str) -> bool:
    """Whether a text begins with an exchange on one line, of a tool that is not known."""
    line, end, rest = start.partition("\n")
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return False
    return bool(end and rest.lstrip()[:1] == "{") and isinstance(value, dict)


def read_lines(recording: Recording, file: TextIO, head: str) -> Iterator[Item]:
    """The exchanges of a file with one on each line.

    Args:
        recording: The recording.
        file: Its text; the beginning has been read.
        head: That beginning.
    """

    def of_line(number: int, line: int, value: dict[str, Any], text: str) -> list[Entry]:
        if "request" in value and "method" not in value:
            return [formats.from_any(number, line, value, recording.attached)]
        return [formats.from_line(number, line, value, text)]

    return _entries(file, head, of_line)


def read_events(_: Recording, file: TextIO, head: str) -> Iterator[Item]:
    """The exchanges of Schemathesis' NDJSON report; see :func:`read_lines`."""
    return _entries(file, head, formats.from_schemathesis_event)


def _entries(
    file: TextIO, head: str, of_line: Callable[[int, int, dict[str, Any], str], list[Entry]]
) -> Iterator[Item]:
    """What a function makes of the number and value of each line, and what cannot be read."""
    number = 1
    for line, text in _numbered(file, head):
        try:
            value = _value(text)
            if value.__class__ is not dict:
                raise TypeError("each line must be an object")
            items: Sequence[Item] = of_line(number, line, value, text)
        except MALFORMED as error:
            items = [_flaw_of_line(number, line, text, reason_of(error))]
        yield from items
        number += len(items)


def _flaw_of_line(number: int, line: int, text: str, detail: str) -> Flaw:
    if len(text) > LARGEST - _SHOWN:
        return Flaw(number=number, line=line, reason=TOO_LARGE, text=text[:_SHOWN])
    is_cut = not text.endswith("\n")
    reason = CUT_OFF if is_cut else DAMAGED
    return Flaw(number=number, line=line, reason=reason, text=text, detail=detail)


def _value(text: str) -> Any:  # noqa: ANN401 - a JSON value
    """As ``json.loads``, which takes a fifth longer because it looks for surrounding spaces."""
    if text.startswith("{"):
        value, end = _DECODER.raw_decode(text)
        if text[end:] in _ENDS:
            return value
    return json.loads(text)
