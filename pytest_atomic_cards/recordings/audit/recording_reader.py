"""Reads recordings, one exchange at a time; the content decides the format."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from itertools import chain
from typing import Any, Final, NamedTuple, TextIO, TypeVar

from pytest_atomic_cards.recordings.audit import formats
from pytest_atomic_cards.recordings.audit.bodies import LARGEST, OVERSIZED, TOO_LARGE, Body
from pytest_atomic_cards.recordings.audit.containers import Recording
from pytest_atomic_cards.recordings.audit.entry import DAMAGED, Attached, Entry, Flaw, Item, Parser
from pytest_atomic_cards.recordings.audit.fields import moment_of
from pytest_atomic_cards.recordings.audit.foreign_formats import (
    described_content,
    described_document,
    described_json,
    described_text,
)
from pytest_atomic_cards.recordings.audit.har_format import from_har
from pytest_atomic_cards.recordings.audit.json_lines import (
    begins_with_line,
    read_events,
    read_lines,
)
from pytest_atomic_cards.recordings.audit.json_stream import JsonMember, JsonStream, streamed
from pytest_atomic_cards.recordings.malformed import MALFORMED, reason_of
from pytest_atomic_cards.rules.parsed_response import UNREADABLE
from pytest_atomic_cards.support.errors import CassetteError

OF_PAGE: Final = "from a page, whose examples are no exchange"
_PAGE: Final = "page"
"""The source of a transcribed cassette: request and response may be of two examples."""
UNREAD: Final = "not read, as the rest of the file is damaged"

_HEAD: Final = 4_096
"""Characters read to recognize the format: the first member name always fits."""
_MOST_FLAWS: Final = 1_000
"""Unreadable parts before the first exchange that are counted; more could fill the memory."""
_FIRST_MEMBER: Final = re.compile(r'\s*\{\s*"((?:[^"\\]|\\.)*)"')
_ARRAYS: Final = {
    "entries": "log",
    "interactions": "",
    "http_interactions": "",
    "executions": "run",
}
"""Arrays of exchanges in JSON documents, each with the member of the root that contains it."""
_PARSERS: Final[Mapping[str, Parser]] = {
    "entries": from_har,
    "interactions": formats.from_vcr,
    "http_interactions": formats.from_vcr,
    "executions": formats.from_newman,
    "": formats.from_any,
}
_SEQUENCES: Final = frozenset({"interactions", "http_interactions"})
_PLACE: Final = re.compile(r"line (\d+): ")
_EVENT: Final = re.compile(r"[A-Z][A-Za-z]+")
_TOML: Final = re.compile(r"^\[\[interactions\]\]\s*$", re.MULTILINE)
_REMEDY: Final = (
    "give a HAR file, a cassette, a report of Schemathesis or newman, or JSON lines of exchanges"
)

T = TypeVar("T")
ReadFunction = Callable[[Recording, TextIO, str], Iterator[Item]]


class _Element(NamedTuple):
    """A recorded exchange as a value, with its parser and line."""

    parse: Parser
    line: int
    value: Any


def read(recording: Recording, opened: Callable[[TextIO], object] = id) -> Iterator[Item]:
    """The exchanges of a recording, in the order of the file.

    What cannot be read of it is a :class:`Flaw`.

    Args:
        recording: A recording of any format that ``formats`` lists.
        opened: Called with the open file, whose position shows the progress.

    Raises:
        CassetteError: The file cannot be read, or nothing in it is a recorded exchange.
    """
    items = _items(recording, opened)
    flaws: list[Flaw] = []
    for item in items:
        if isinstance(item, Entry):
            yield from flaws
            yield item
            yield from items
            return
        flaws.append(item)
        del flaws[_MOST_FLAWS:]
    if flaws:
        if what := described_json(_head_of(recording)):
            raise CassetteError(f"{recording.path} is {what}")
        raise damaged(recording, f"{flaws[0].place}: {flaws[0].detail or flaws[0].reason}")


def _items(recording: Recording, opened: Callable[[TextIO], object]) -> Iterator[Item]:
    last: Item | None = None
    try:
        with closing(recording.open()) as raw:
            _refuse_binary(recording, raw.read(_HEAD))
        with io.TextIOWrapper(recording.open(), "utf-8-sig") as file:
            opened(file)
            head = file.read(_HEAD)
            for item in _reader_for(recording, head)(recording, file, head):
                last = item
                yield item
    except UnicodeDecodeError as error:
        detail = f"near byte {error.start + 1}: this is not UTF-8 text"
    except OSError as error:
        raise CassetteError(
            f"{recording.path} cannot be read: {error.strerror}; name a readable file"
        ) from None
    except MALFORMED as error:
        detail = reason_of(error)
    else:
        return
    number, line = (last.number + 1, last.line) if last else (1, 1)
    if found := _PLACE.match(detail):
        line, detail = int(found[1]), detail[found.end() :]
    yield Flaw(number=number, line=line, reason=UNREAD, detail=detail, ends=True)


def _head_of(recording: Recording) -> str:
    try:
        with closing(recording.open()) as raw:
            return raw.read(_HEAD).decode("utf-8", "replace")
    except (OSError, *MALFORMED):
        return ""


def damaged(recording: Recording, reason: str) -> CassetteError:
    """An error that names the problem of a recording and the remedy."""
    return CassetteError(f"{recording.path} is damaged or not a recording: {reason}; {_REMEDY}")


def _refuse_binary(recording: Recording, head: bytes) -> None:
    if what := described_content(head):
        raise CassetteError(f"{recording.path} is {what}")
    if b"\0" in head and not head.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise damaged(recording, "line 1: this is not text")


def _reader_for(recording: Recording, head: str) -> ReadFunction:
    start = head.lstrip()
    if not start:
        raise damaged(recording, "line 1: the file is empty")
    line, _, rest = start.partition("\n")
    if start[0] != "{" and begins_with_line(rest.lstrip()):  # a log whose beginning is cut off
        return read_lines
    if start[0] == '"':
        raise damaged(recording, "line 1: the document must be an object, or one on each line")
    if start[0] == "[" and not _TOML.match(start):
        return _array
    if start[0] != "{":
        if what := described_text(head):
            raise CassetteError(f"{recording.path} is {what}")
        return _toml if _TOML.search(head) else _yaml
    first = _FIRST_MEMBER.match(head)
    name = first[1] if first else ""
    if _EVENT.fullmatch(name):
        return read_events
    is_known = name in formats.LINE_MEMBERS and line.strip() != "{"
    return read_lines if is_known or begins_with_line(start) else _document


# Documents


def _document(recording: Recording, file: TextIO, head: str) -> Iterator[Item]:
    stream = JsonStream(file, head)
    members = _each(streamed(stream, _ARRAYS), stream)
    known: dict[str, Any] = {}
    found = False
    for member in members:
        if not member.is_element:
            known[member.name] = member.value
            found |= member.name in _ARRAYS and member.value == []
            continue
        found = True
        if what := described_document(known):
            raise CassetteError(f"{recording.path} is {what}")
        elements = chain([member], (one for one in members if one.is_element))
        if "recorded" in known:
            yield from _own(recording, elements, known)
        else:
            parsed = (_Element(_PARSERS[one.name], one.line, one.value) for one in elements)
            yield from _entries(recording, parsed)
    if found:
        return
    if what := described_document(known) or described_json(head):
        raise CassetteError(f"{recording.path} is {what}")
    if "method" not in known and not {"request", "response"} <= known.keys():
        raise damaged(recording, f"there is no member {' or '.join(_ARRAYS)}")
    yield from _entries(recording, [_Element(formats.from_any, 1, known)])


def _array(recording: Recording, file: TextIO, head: str) -> Iterator[Item]:
    """A document that is an array of exchanges, such as a cassette of PHP-VCR."""
    stream = JsonStream(file, head)
    elements = _each(stream.elements(), stream)
    yield from _entries(
        recording, (_Element(formats.from_any, line, value) for line, value in elements)
    )


def _each(items: Iterable[T], stream: JsonStream) -> Iterator[T]:
    """Yield items; an error of the document names its line."""
    try:
        yield from items
    except UnicodeDecodeError:
        raise
    except MALFORMED as error:
        raise ValueError(f"line {stream.line}: {reason_of(error)}") from None


def _entries(recording: Recording, elements: Iterable[_Element]) -> Iterator[Item]:
    """The entries of elements, and what cannot be read of them."""
    for number, (parse, line, value) in enumerate(elements, start=1):
        if value is OVERSIZED:
            yield Flaw(number=number, line=line, reason=TOO_LARGE)
            continue
        try:
            if not isinstance(value, dict):
                raise TypeError("an exchange must be in braces")
            yield parse(number, line, value, recording.attached)
        except MALFORMED as error:
            yield Flaw(
                number=number,
                line=line,
                reason=DAMAGED,
                text=_text_of(value),
                detail=reason_of(error),
            )


def _text_of(value: Any) -> str:  # noqa: ANN401 - as recorded
    try:
        return json.dumps(value, default=str)
    except MALFORMED:
        return ""


def _own(
    recording: Recording, elements: Iterator[JsonMember], known: dict[str, Any]
) -> Iterator[Item]:
    from pytest_atomic_cards.recordings.cassettes.cassette_document import (  # noqa: PLC0415 - heavy
        interaction_in,
        listed_cards,
    )

    recorded = known["recorded"]
    began = moment_of(recorded.get("at")) if isinstance(recorded, dict) else None
    try:
        cards = listed_cards(known)
    except MALFORMED as error:
        raise ValueError(f"tables: {reason_of(error)}") from None

    is_page = isinstance(recorded, dict) and recorded.get("source") == _PAGE

    def parse(number: int, line: int, value: Any, _: Attached) -> Entry:  # noqa: ANN401
        entry = formats.from_own(number, line, interaction_in(value, cards), began)
        return (
            replace(entry, body=Body(entry.body.content, UNREADABLE, OF_PAGE)) if is_page else entry
        )

    parsed = (_Element(parse, one.line, one.value) for one in elements)
    yield from _entries(recording, parsed)


def _yaml(recording: Recording, file: TextIO, head: str) -> Iterator[Item]:
    from pytest_atomic_cards.recordings.audit.yaml_stream import YamlStream  # noqa: PLC0415 - heavy

    elements = YamlStream(file, head).elements(_SEQUENCES)
    yield from _entries(
        recording, (_Element(_PARSERS[name], line, value) for name, line, value in elements)
    )


def _toml(recording: Recording, file: TextIO, head: str) -> Iterator[Item]:
    import tomllib  # noqa: PLC0415 - few recordings are in TOML

    text = head + file.read(LARGEST)
    if len(text) > LARGEST:
        raise damaged(recording, f"it is {TOO_LARGE}; convert it to YAML")
    interactions = tomllib.loads(text)["interactions"]
    yield from _entries(recording, (_Element(formats.from_vcr, 1, one) for one in interactions))
