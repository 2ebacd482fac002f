"""Malformed files: each gives one clear error, and nothing in them is executed."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import requests
import vcr
import yaml

from pytest_atomic_cards.model.settings import Mode
from pytest_atomic_cards.recordings.cassettes.cassette import Cassette
from pytest_atomic_cards.recordings.cassettes.cassette_adapter import CassetteAdapter
from pytest_atomic_cards.recordings.cassettes.cassette_document import Content, Interaction, render
from pytest_atomic_cards.recordings.cassettes.cassette_reader import read_content
from pytest_atomic_cards.recordings.cassettes.cassette_redaction import Redaction
from pytest_atomic_cards.recordings.cassettes.manager import CassetteManager
from pytest_atomic_cards.recordings.cassettes.metadata import Recorded, Source
from pytest_atomic_cards.support.errors import CassetteError


def _good() -> dict[str, Any]:
    request = vcr.request.Request("GET", "https://cards.invalid/v1/env/cards", None, {})
    response = {
        "status": {"code": 200, "message": "OK"},
        "headers": {"content-type": ["application/json"]},
        "body": {"string": b'{"data": []}'},
    }
    content = Content(Recorded(source=Source.SANDBOX), [Interaction(request, response)] * 3)
    return json.loads(render(content))  # type: ignore[no-any-return]


def _with(value: object, *path: str | int) -> str:
    """A good file in which one value is another, or is missing."""
    document: Any = _good()
    holder = document
    for step in path[:-1]:
        holder = holder[step]
    if value is _MISSING:
        del holder[path[-1]]
    else:
        holder[path[-1]] = value
    return json.dumps(document)


_MISSING = object()
_THIRD = ("interactions", 2)
_STOCK = {
    "version": 1,
    "interactions": [
        {
            "request": {"method": "GET", "uri": "https://a/b", "body": None, "headers": {}},
            "response": {
                "status": {"code": 200, "message": "OK"},
                "headers": {},
                "body": {"string": "{}"},
            },
        }
    ],
}


def _stock(change: Callable[[Any], object]) -> str:
    document = json.loads(json.dumps(_STOCK))
    change(document)
    return json.dumps(document)


_DAMAGED: dict[str, tuple[str, str | bytes, str]] = {
    "empty": ("a.json", "", "line 1, column 1"),
    "cut off": ("a.json", json.dumps(_good())[:300], "line 1, column"),
    "cut off in the middle of the file": ("a.json", json.dumps(_good(), indent=1)[:700], "line"),
    "not UTF-8": ("a.json", b'{"a": "\xff"}', "byte 8"),
    "binary": ("a.json", bytes(range(256)), "byte 129"),
    "a git conflict": ("a.json", "<<<<<<< HEAD\n{}\n", "line 1, column 1"),
    "a git-lfs pointer": ("a.json", "version https://git-lfs.github.com/spec/v1\n", "line 1"),
    "no object": ("a.json", "[1, 2]", "not a recording"),
    "a number": ("a.json", "42", "not a recording"),
    "another document": ("a.json", '{"name": "package"}', "'interactions' is missing"),
    "nested too deep": ("a.json", "[" * 100_000, "nested too deep"),
    "a body nested too deep": (
        "a.json",
        _with({"json": "@"}, *_THIRD, "response", "body").replace('"@"', "[" * 990 + "]" * 990),
        "nested too deep",
    ),
    "an older format": ("a.json", _with(0, "recorded", "format"), "format 0"),
    "a newer format": ("a.json", _with(2, "recorded", "format"), "format 2"),
    "no format": ("a.json", _with(_MISSING, "recorded", "format"), "format None"),
    "another version": ("a.json", _with(7, "version"), "version 7"),
    "no version": ("a.json", _with(_MISSING, "version"), "version None"),
    "metadata of another type": ("a.json", _with([], "recorded"), "format None"),
    "an unknown source": ("a.json", _with("dream", "recorded", "source"), "recorded: 'dream'"),
    "no date": ("a.json", _with("yesterday", "recorded", "at"), "recorded: Invalid isoformat"),
    "a date without zone": ("a.json", _with("2030-01-01", "recorded", "at"), "no time zone"),
    "no seed": ("a.json", _with(_MISSING, "recorded", "seed"), "recorded: 'seed' is missing"),
    "settings of another type": ("a.json", _with(1, "recorded", "settings"), "settings must be"),
    "cases of another type": ("a.json", _with([], "cases"), "cases: "),
    "exchanges of another type": ("a.json", _with(1, "interactions"), "exchange 1"),
    "no exchanges": ("a.json", _with(_MISSING, "interactions"), "'interactions' is missing"),
    "an exchange of another type": ("a.json", _with("x", *_THIRD), "exchange 3"),
    "no request": ("a.json", _with(_MISSING, *_THIRD, "request"), "exchange 3: 'request' is"),
    "no response": ("a.json", _with(_MISSING, *_THIRD, "response"), "exchange 3: 'response'"),
    "no method": ("a.json", _with(_MISSING, *_THIRD, "request", "method"), "'method' is missing"),
    "a method of another type": ("a.json", _with(1, *_THIRD, "request", "method"), "exchange 3"),
    "a URI of another type": ("a.json", _with([], *_THIRD, "request", "uri"), "exchange 3"),
    "a URI that is none": ("a.json", _with("http://[", *_THIRD, "request", "uri"), "exchange 3"),
    "headers of another type": ("a.json", _with([], *_THIRD, "request", "headers"), "exchange 3"),
    "a header of another type": (
        "a.json",
        _with({"a": 1}, *_THIRD, "request", "headers"),
        "exchange 3",
    ),
    "a response header of another type": (
        "a.json",
        _with({"a": "b"}, *_THIRD, "response", "headers"),
        "exchange 3",
    ),
    "no status": ("a.json", _with(_MISSING, *_THIRD, "response", "status"), "'status' is missing"),
    "a status of another type": (
        "a.json",
        _with("fine", *_THIRD, "response", "status", "code"),
        "exchange 3",
    ),
    "no body": ("a.json", _with(_MISSING, *_THIRD, "response", "body"), "'body' is missing"),
    "a body of another type": ("a.json", _with(1, *_THIRD, "response", "body"), "exchange 3"),
    "a body of an unknown kind": (
        "a.json",
        _with({"pickle": "x"}, *_THIRD, "response", "body"),
        "exchange 3",
    ),
    "a body of bad base64": (
        "a.json",
        _with({"base64": "%%"}, *_THIRD, "response", "body"),
        "exchange 3",
    ),
    "a time of another type": ("a.json", _with("soon", *_THIRD, "started"), "exchange 3"),
    "no time": ("a.json", _with(_MISSING, *_THIRD, "elapsed"), "'elapsed' is missing"),
    "stock, no exchanges": ("a.json", '{"version": 1}', "'interactions' is missing"),
    "stock, an old list": ("a.json", '[{"request": {}, "response": {}}]', "older version"),
    "stock, an unknown member of a request": (
        "a.json",
        _stock(lambda one: one["interactions"][0]["request"].update({"x": 1})),
        "unexpected keyword argument",
    ),
    "stock, no URI": (
        "a.json",
        _stock(lambda one: one["interactions"][0]["request"].pop("uri")),
        "'uri'",
    ),
    "stock, no body": (
        "a.json",
        _stock(lambda one: one["interactions"][0]["response"].pop("body")),
        "exchange 1: 'body' is missing",
    ),
    "stock, headers of another type": (
        "a.json",
        _stock(lambda one: one["interactions"][0]["response"].update({"headers": 1})),
        "exchange 1",
    ),
    "YAML that is empty": ("a.yaml", "", "not a recording"),
    "YAML that is cut off": ("a.yaml", 'interactions:\n- request: {method: "GET', "line"),
    "YAML that is a text": ("a.yaml", "just words", "not a recording"),
    "YAML of another document": ("a.yaml", "name: x\n", "'interactions' is missing"),
    "YAML that runs a command": (
        "a.yaml",
        "interactions:\n- !!python/object/apply:os.system ['touch executed']\n",
        "tag:yaml.org,2002:python/object/apply:os.system",
    ),
    "YAML that makes an object": (
        "a.yaml",
        "interactions: !!python/object:pathlib.Path {}\n",
        "python/object:pathlib.Path",
    ),
    "YAML that imports a module": (
        "a.yaml",
        "interactions: !!python/module:antigravity ''\n",
        "python/module:antigravity",
    ),
    "YAML that names a function": (
        "a.yaml",
        "interactions: !!python/name:os.system ''\n",
        "python/name:os.system",
    ),
    "YAML nested too deep": ("a.yaml", "[" * 5_000, "cut off or damaged: line"),
    "YAML that multiplies itself": (
        "a.yaml",
        "a: &a [x,x,x,x,x,x,x,x,x]\n"
        + "".join(f"{b}: &{b} [{','.join([f'*{a}'] * 9)}]\n" for a, b in pairwise("abcdefghi"))
        + "interactions: *i\n",
        "not a recording",
    ),
}


@pytest.mark.parametrize(("name", "content", "told"), _DAMAGED.values(), ids=_DAMAGED)
def test_a_file_that_is_no_good_gives_one_clear_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, content: str | bytes, told: str
) -> None:
    """The error is one line that names the file, the place, and how to mend it."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(CassetteError) as caught:
        read_content(path)
    message = str(caught.value)
    assert str(path) in message
    assert told in message
    assert "record it again with --cards-cassettes record" in message
    assert "\n" not in message
    assert len(message) < 600
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("make", [Path.mkdir, lambda path: path.symlink_to(path)])
def test_what_is_not_a_file_is_reported(tmp_path: Path, make: Callable[[Path], object]) -> None:
    """A directory, or a link that leads nowhere, is reported with its name."""
    path = tmp_path / "a.json"
    make(path)
    with pytest.raises(CassetteError, match=r"a\.json cannot be read"):
        read_content(path)


@pytest.mark.parametrize("serializer", ["json", "yaml"])
def test_what_vcrpy_recorded_can_be_read(tmp_path: Path, serializer: str) -> None:
    """Cassettes that vcrpy itself wrote are read, whatever their bodies are."""
    bodies = ["", "text", '{"data": []}'] + ([b"\xff\x00"] if serializer == "yaml" else [])
    path = tmp_path / f"a.{serializer}"
    recorder = vcr.VCR(serializer=serializer)
    with recorder.use_cassette(str(path)) as cassette:
        for number, body in enumerate(bodies):
            content = body if isinstance(body, bytes) else body.encode()
            response = {
                "status": {"code": 200, "message": "OK"},
                "headers": {"X-Number": [str(number)]},
                "body": {"string": content},
            }
            url = f"https://api.example/v1/env-1/cards?limit={number}"
            cassette.append(vcr.request.Request("PUT", url, content or None, {"A": "b"}), response)
    read = Cassette.read(path, Redaction())
    assert len(read) == len(bodies)
    for number, body in enumerate(bodies):
        content = body if isinstance(body, bytes) else body.encode()
        url = f"https://cards.invalid/v1/env-1/cards?limit={number}"
        played = read.replay(vcr.request.Request("PUT", url, content or None, {}))
        assert played.response["body"]["string"] == content
        assert played.response["headers"] == {"x-number": [str(number)]}
    assert read.recorded.settings["environment_id"] == "env-1"


def test_a_body_of_an_iterator_or_a_file_can_be_read(tmp_path: Path) -> None:
    """Bodies that older versions of vcrpy kept as objects are read as bytes."""
    path = tmp_path / "a.yaml"
    path.write_text(
        """
interactions:
- request:
    method: POST
    uri: https://a/b
    headers: {}
    body: !!python/object/new:_io.BytesIO
      state: !!python/tuple ["file", 0, null]
  response: {status: {code: 200, message: null}, headers: {}, body: {string: ""}}
- request:
    method: POST
    uri: https://a/c
    headers: {}
    body: !!python/object/apply:builtins.iter
      args: [["one", "two"]]
  response: {status: {code: 204, message: ""}, headers: {A: b}, body: {string: !!binary "/w=="}}
version: 1
""",
        "utf-8",
    )
    content = read_content(path)
    assert [one.request.body for one in content.interactions] == [b"file", b"onetwo"]
    assert content.interactions[1].response["body"]["string"] == b"\xff"


def test_a_compressed_body_is_replayed(tmp_path: Path) -> None:
    """Bodies that vcrpy kept as they travelled are read decompressed by who replays them."""
    path = tmp_path / "a.yaml"
    document = json.loads(json.dumps(_STOCK))
    response = document["interactions"][0]["response"]
    response["headers"] = {"Content-Encoding": ["gzip"], "Transfer-Encoding": ["chunked"]}
    response["body"]["string"] = gzip.compress(b'{"data": [1]}')
    path.write_text(yaml.safe_dump(document), "utf-8")
    manager = CassetteManager(Mode.REPLAY, tmp_path)
    http = requests.Session()
    http.mount("https://", CassetteAdapter(manager, None))
    with manager.use_cassette("a"):
        assert http.get("https://a/b", timeout=1).json() == {"data": [1]}
