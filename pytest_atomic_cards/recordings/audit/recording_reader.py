"""Reads recordings, one exchange at a time; the content decides the format."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any, Final, TextIO, TypeVar

from pytest_atomic_cards.recordings.audit import formats
from pytest_atomic_cards.recordings.audit.entry import Entry, damaged, seconds_of
from pytest_atomic_cards.recordings.audit.json_stream import JsonMember, JsonStream, streamed
from pytest_atomic_cards.recordings.malformed import MALFORMED, reason_of
from pytest_atomic_cards.support.errors import CassetteError

_HEAD: Final = 4_096
"""Characters read to recognize the format: the first member name always fits."""
_FIRST_MEMBER: Final = re.compile(r'\s*\{\s*"((?:[^"\\]|\\.)*)"')
_DOCUMENT_MEMBERS: Final = frozenset(
    {"log", "version", "recorded", "cases", "tables", "interactions"}
)
_ARRAYS: Final = {"entries": "log", "interactions": ""}
_SEQUENCES: Final = {
    "interactions": formats.from_vcr,
    "http_interactions": formats.from_schemathesis_vcr,
}
_ELEMENTS: Final = {"entries": formats.from_har, "interactions": formats.from_vcr}
_DECODER: Final = json.JSONDecoder()
_ENDS: Final = ("\n", "")
_EVENT: Final = re.compile(r"[A-Z][A-Za-z]+")

Item = TypeVar("Item")
ReadFunction = Callable[[Path, TextIO, str], Iterator[Entry]]
Parser = Callable[[int, int, Any], Entry]
"""Makes an entry of number, line and value of an exchange."""
LineParser = Callable[[int, int, dict[str, Any], str], list[Entry]]
"""Makes entries of number, line, object and text of a line."""


def read(path: Path, opened: Callable[[TextIO], object] = id) -> Iterator[Entry]:
    """The exchanges of a recording, in the order of the file.

    Args:
        path: A cassette of this package or of vcrpy, a HAR file, a report of Schemathesis, or JSON
            lines of exchanges.
        opened: Called with the open file, whose position shows the progress.

    Raises:
        CassetteError: The file cannot be read, is damaged, or is not a recording. The message names
            file, place and remedy. Earlier exchanges have been yielded.
    """
    try:
        with path.open(encoding="utf-8-sig") as file:
            opened(file)
            head = file.read(_HEAD)
            yield from _reader_for(path, head)(path, file, head)
    except UnicodeDecodeError as error:
        raise damaged(path, f"near byte {error.start + 1}", "this is not UTF-8 text") from None
    except OSError as error:
        raise CassetteError(
            f"{path} cannot be read: {error.strerror}; name a readable file"
        ) from None


def _reader_for(path: Path, head: str) -> ReadFunction:
    start = head.lstrip()
    if not start:
        raise damaged(path, "line 1", "the file is empty")
    if "\0" in head:
        raise damaged(path, "line 1", "this is not text")
    if start[0] != "{":
        if start[0] in '["':
            raise damaged(path, "line 1", "the document must be an object, or one on each line")
        return _yaml
    first = _FIRST_MEMBER.match(head)
    name = first[1] if first else ""
    if name in formats.LINE_MEMBERS:
        return partial(_lines, formats.from_line)
    if _EVENT.fullmatch(name):
        return partial(_lines, formats.from_schemathesis_event)
    if name in _DOCUMENT_MEMBERS:
        return _document
    raise damaged(path, "line 1", f"a recording does not begin with a member {name!r}")


def _each(path: Path, items: Iterator[Item], place: Callable[[], str]) -> Iterator[Item]:
    """Yield items; errors of reading them become errors of the file."""
    try:
        yield from items
    except UnicodeDecodeError:
        raise
    except MALFORMED as error:
        raise damaged(path, place(), reason_of(error)) from None


def _numbered(file: TextIO, head: str) -> Iterator[tuple[int, str]]:
    """The non-empty lines, with their numbers."""
    *whole, last = head.split("\n")
    lines = chain((f"{line}\n" for line in whole), [last + file.readline()], file)
    return (
        (number, line) for number, line in enumerate(lines, start=1) if line and not line.isspace()
    )


def _lines(parse: LineParser, path: Path, file: TextIO, head: str) -> Iterator[Entry]:
    line = 0

    def entries() -> Iterator[Entry]:
        nonlocal line
        number = 1
        for line, text in _numbered(file, head):
            parsed = parse(number, line, _object(path, line, text), text)
            number += len(parsed)
            yield from parsed

    return _each(path, entries(), lambda: f"line {line}")


def _object(path: Path, line: int, text: str) -> dict[str, Any]:
    value = _value(text)
    if not isinstance(value, dict):
        raise damaged(path, f"line {line}", "each line must be an object")
    return value


def _value(text: str) -> Any:  # noqa: ANN401 - a JSON value
    """As ``json.loads``, which takes a fifth longer because it looks for surrounding spaces."""
    if text.startswith("{"):
        value, end = _DECODER.raw_decode(text)
        if text[end:] in _ENDS:
            return value
    return json.loads(text)


def _document(path: Path, file: TextIO, head: str) -> Iterator[Entry]:
    stream = JsonStream(file, head)

    def place() -> str:
        return f"line {stream.line}"

    members = _each(path, streamed(stream, _ARRAYS), place)
    known: dict[str, Any] = {}
    for member in members:
        if not member.is_element:
            known[member.name] = member.value
            continue
        elements = chain([member], (one for one in members if one.is_element))
        if "recorded" in known:
            yield from _own(path, elements, known)
        else:
            parsed = ((_ELEMENTS[one.name], one.line, one.value) for one in elements)
            yield from _entries(path, parsed, place)


def _entries(
    path: Path, values: Iterable[tuple[Parser, int, Any]], lost: Callable[[], str]
) -> Iterator[Entry]:
    """The entries of values, each with its parser and line.

    Args:
        path: The file.
        values: The recorded exchanges.
        lost: Names the place of an error between two of them.
    """
    for number, (parse, line, value) in enumerate(_each(path, iter(values), lost), start=1):
        try:
            entry = parse(number, line, value)
        except MALFORMED as error:
            place = f"exchange {number}, line {line}"
            raise damaged(path, place, reason_of(error)) from None
        yield entry


def _own(path: Path, elements: Iterator[JsonMember], known: dict[str, Any]) -> Iterator[Entry]:
    from pytest_atomic_cards.recordings.cassettes.cassette_document import interactions_in  # noqa: PLC0415 - heavy

    number = line = 0

    def values() -> Iterator[Any]:
        nonlocal number, line
        for member in elements:
            number, line = number + 1, member.line
            yield member.value

    interactions = interactions_in({**known, "interactions": values()})
    recorded = known["recorded"]
    began = seconds_of(recorded.get("at")) if isinstance(recorded, dict) else None
    parse = partial(formats.from_own, began=began)
    parsed = ((parse, line, interaction) for interaction in interactions)
    yield from _entries(path, parsed, lambda: f"exchange {number}, line {line}")


def _yaml(path: Path, file: TextIO, head: str) -> Iterator[Entry]:
    from pytest_atomic_cards.recordings.audit.yaml_stream import YamlStream  # noqa: PLC0415 - heavy

    del head
    file.seek(0)
    elements = YamlStream(file).elements(frozenset(_SEQUENCES))
    parsed = ((_SEQUENCES[name], line, value) for name, line, value in elements)
    yield from _entries(path, parsed, lambda: "the rest cannot be read")
