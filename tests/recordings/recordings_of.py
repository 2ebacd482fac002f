"""The same exchanges, written down as each tool does it."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from manners_reports import schemathesis_ndjson, schemathesis_vcr
from vcr.request import Request
from vcr.serialize import serialize
from vcr.serializers import jsonserializer, yamlserializer

from pytest_atomic_cards.model.exchange import Exchange
from pytest_atomic_cards.recordings.audit.containers import recordings_in
from pytest_atomic_cards.recordings.audit.entry import Item
from pytest_atomic_cards.recordings.audit.recording_reader import read
from pytest_atomic_cards.recordings.cassettes.cassette import Cassette
from pytest_atomic_cards.recordings.cassettes.cassette_redaction import Redaction
from pytest_atomic_cards.recordings.cassettes.metadata import Recorded, Source


def items_in(path: Path) -> Iterator[Item]:
    """The exchanges of a recording, and what cannot be read of it."""
    with recordings_in(path) as recordings:
        for recording in recordings:
            yield from read(recording)


Write = Callable[[Path, Sequence[Exchange]], None]


def lines(path: Path, exchanges: Sequence[Exchange]) -> None:
    """JSON lines, one exchange each."""
    path.write_text("".join(f"{json.dumps(one.as_dict())}\n" for one in exchanges), "utf-8")


def har_entry(one: Exchange, *, in_base64: bool = False) -> dict[str, Any]:
    """An exchange as an entry of a HAR file."""
    text = one.response_body.decode()
    content = {"size": len(text), "mimeType": "application/json", "text": text}
    if in_base64:
        content |= {"text": base64.b64encode(one.response_body).decode(), "encoding": "base64"}
    return {
        "startedDateTime": one.started.isoformat().replace("+00:00", "Z"),
        "time": one.elapsed * 1000,
        "request": {
            "method": one.method,
            "url": one.url,
            "headers": [{"name": "User-Agent", "value": "a-browser"}],
            "postData": {"mimeType": "application/json", "text": one.request_body.decode()},
        },
        "response": {
            "status": one.status or 0,
            "headers": [{"name": k, "value": v} for k, v in one.response_headers.items()],
            "content": content,
        },
        "cache": {},
    }


def har(path: Path, exchanges: Sequence[Exchange]) -> None:
    """A HAR file as a browser saves it, every other body in base64."""
    entries = [har_entry(one, in_base64=n % 2 == 0) for n, one in enumerate(exchanges)]
    document = {"log": {"version": "1.2", "creator": {"name": "a browser"}, "entries": entries}}
    path.write_text(json.dumps(document, indent=2), "utf-8")


def _vcr(one: Exchange) -> tuple[Request, dict[str, Any]]:
    request = Request(one.method, one.url, one.request_body or None, {})
    response = {
        "status": {"code": one.status, "message": ""},
        "headers": {name: [value] for name, value in one.response_headers.items()},
        "body": {"string": one.response_body},
    }
    return request, response


def _vcrpy(path: Path, exchanges: Sequence[Exchange], serializer: Any) -> None:  # noqa: ANN401
    pairs = [_vcr(one) for one in exchanges]
    requests, responses = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    cassette = {"requests": requests, "responses": responses}
    path.write_text(serialize(cassette, serializer), "utf-8")


def vcrpy_yaml(path: Path, exchanges: Sequence[Exchange]) -> None:
    """A cassette of vcrpy in YAML, by vcrpy itself."""
    _vcrpy(path, exchanges, yamlserializer)


def vcrpy_json(path: Path, exchanges: Sequence[Exchange]) -> None:
    """A cassette of vcrpy in JSON, by vcrpy itself."""
    _vcrpy(path, exchanges, jsonserializer)


def own(path: Path, exchanges: Sequence[Exchange]) -> None:
    """A cassette of this package."""
    began = exchanges[0].started
    cassette = Cassette(path, Recorded(source=Source.SANDBOX, at=began), Redaction())
    for one in exchanges:
        cassette.append(*_vcr(one), (one.started - began).total_seconds(), one.elapsed)
    cassette.save()


def _by(manner: Callable[[Sequence[Exchange]], bytes]) -> Write:
    """Writes the content that a manner gives to a file."""

    def write(path: Path, exchanges: Sequence[Exchange]) -> None:
        path.write_bytes(manner(exchanges))

    return write


FORMATS: dict[str, Write] = {
    "lines": lines,
    "har": har,
    "vcrpy-yaml": vcrpy_yaml,
    "vcrpy-json": vcrpy_json,
    "own": own,
    "schemathesis-vcr": _by(schemathesis_vcr),
    "schemathesis-ndjson": _by(schemathesis_ndjson),
}
