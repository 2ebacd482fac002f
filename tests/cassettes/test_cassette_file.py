"""A cassette: taking in exchanges, its file, and playing them back."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from vcr.request import Request

from pytest_atomic_cards.recordings.cassettes.cassette import Cassette
from pytest_atomic_cards.recordings.cassettes.cassette_redaction import Redaction
from pytest_atomic_cards.recordings.cassettes.metadata import Recorded, Source
from pytest_atomic_cards.recordings.cassettes.playback_errors import NotRecordedError


def _request(url: str = "/v1/env/cards", body: bytes | None = None, method: str = "GET") -> Request:
    return Request(method, f"https://cards.invalid{url}", body, {})


def _response(body: object, status: int = 200, **headers: str) -> dict[str, Any]:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return {
        "status": {"code": status, "message": "OK"},
        "headers": {name: [value] for name, value in headers.items()},
        "body": {"string": content},
    }


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a cassette is kept."""
    return tmp_path / "one.json"


@pytest.fixture
def cassette(path: Path) -> Cassette:
    """An empty cassette."""
    return Cassette(path, Recorded(source=Source.SANDBOX), Redaction())


def _reread(cassette: Cassette) -> Cassette:
    cassette.save()
    return Cassette.read(cassette.file, Redaction())


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b'{"data": []}',
        b'"text"',
        b"plain text",
        b"\xff\x00 not UTF-8",
        b'{"a": 1, "a": 2}',
        b'{"a": NaN}',
        b'{"number": 1e999}',
        b'"\\ud800"',
        b"[" * 500 + b"]" * 500,
        b"[" * 100_000,
        b'\xef\xbb\xbf{"a": 1}',
        '{"ß": "\U0001f600"}'.encode(),
    ],
)
def test_bodies_survive(cassette: Cassette, body: bytes) -> None:
    """A body comes out of the file as it went in; one of JSON says the same."""
    cassette.append(_request(), _response(body))
    played = _reread(cassette).replay(_request()).response["body"]["string"]
    try:
        assert json.loads(played) == json.loads(body)
    except (ValueError, RecursionError, AssertionError):
        assert played == body


def test_the_file_is_readable_json(cassette: Cassette, path: Path) -> None:
    """Bodies are structure, and each card of a listing takes one line."""
    cards = [{"cardInstanceId": f"card-{number}", "text": "x" * 200} for number in range(3)]
    cassette.append(_request(), _response({"data": cards}))
    cassette.save()
    lines = path.read_text("utf-8").splitlines()
    assert sum('"cardInstanceId"' in line for line in lines) == 3
    document = json.loads(path.read_text("utf-8"))
    assert document["interactions"][0]["response"]["body"]["json"]["data"] == cards


def test_long_listings_share_their_cards(cassette: Cassette, path: Path) -> None:
    """What many long listings repeat is in the file once, and comes back whole."""
    cards = [{"cardInstanceId": f"card-{number}", "userId": "u"} for number in range(100)]
    pages = [cards, cards[10:60], [*cards[:30], {"cardInstanceId": "new"}, *cards[50:]]]
    for page in pages:
        cassette.append(_request(), _response({"data": page}))
    again = _reread(cassette)
    assert path.read_text("utf-8").count('"card-20"') == 1
    for page in pages:
        assert json.loads(again.replay(_request()).response["body"]["string"])["data"] == page


def test_the_nth_request_of_a_kind_gets_its_nth_answer(cassette: Cassette) -> None:
    """Responses to one request are played in order, whatever is requested between them."""
    for number in range(3):
        cassette.append(_request("/v1/env/cards?userId=a"), _response({"data": [number]}))
        cassette.append(_request("/v1/env/cards?userId=b"), _response({"data": [-number]}))
    again = _reread(cassette)
    bodies = [
        again.replay(_request(f"/v1/env/cards?userId={user}")).response["body"]["string"]
        for user in "aababb"
    ]
    assert [json.loads(body)["data"][0] for body in bodies] == [0, 1, 0, 2, -1, -2]
    assert not again.unplayed


@pytest.mark.parametrize(
    ("recorded", "sent"),
    [
        (("/a?x=1&y=2", None), ("/a?y=2&x=1", None)),
        (("/a?x=a%20b", None), ("/a?x=a+b", None)),
        (("/a", b'{"x": 1, "y": 2}'), ("/a", b'{"y":2,"x":1}')),
    ],
)
def test_the_same_request_written_differently_is_found(
    cassette: Cassette, recorded: tuple[str, bytes], sent: tuple[str, bytes]
) -> None:
    """The order of parameters, and how they and JSON are written, do not count."""
    cassette.append(_request(*recorded), _response({}))
    assert cassette.replay(_request(*sent)).response["status"]["code"] == 200


@pytest.mark.parametrize(
    ("recorded", "sent"),
    [
        (("/a?x=1", None), ("/a?x=2", None)),
        (("/a?x=1&x=2", None), ("/a?x=2&x=1", None)),
        (("/a?x=", None), ("/a", None)),
        (("/a", None), ("/b", None)),
        (("/a", None, "GET"), ("/a", None, "PUT")),
        (("/a", b'{"x": 1}'), ("/a", b'{"x": 2}')),
        (("/a", b'{"x": 1}'), ("/a", None)),
    ],
)
def test_another_request_is_a_miss(
    cassette: Cassette, recorded: tuple[Any, ...], sent: tuple[Any, ...]
) -> None:
    """A different request is reported with the file, the closest recorded ones and the remedy."""
    cassette.append(_request(*recorded), _response({}))
    with pytest.raises(NotRecordedError) as caught:
        cassette.replay(_request(*sent))
    told = str(caught.value)
    assert str(cassette.file) in told
    assert f"{sent[2] if len(sent) > 2 else 'GET'} {sent[0]}" in told
    assert recorded[0] in told
    assert "--cards-cassettes record" in told


def test_a_request_too_many_is_reported_as_such(cassette: Cassette) -> None:
    """A request past the last recorded one of its kind says how many there are."""
    cassette.append(_request(), _response({}))
    cassette.replay(_request())
    with pytest.raises(NotRecordedError, match="more often than the 1 time"):
        cassette.replay(_request())


def test_a_miss_is_no_exception_that_code_under_test_would_catch() -> None:
    """Nothing that catches ``Exception`` hides a miss, and Hypothesis does not shrink it."""
    assert not issubclass(NotRecordedError, Exception)


def test_metadata_cases_and_times_survive(path: Path) -> None:
    """Who recorded it, when and from what, the cases and the times come back from the file."""
    at = datetime(2030, 1, 2, 3, 4, 5, 678_000, tzinfo=UTC)
    settings = {"environment_id": "env-1"}
    recorded = Recorded(source=Source.LIVE, at=at, seed="5eed", settings=settings)
    cassette = Cassette(path, recorded, Redaction())
    cassette.cases["a contract"] = [[1, "two", {"three": None}]]
    cassette.append(_request(), _response({}), started=1.5, elapsed=0.25)
    again = _reread(cassette)
    assert again.recorded == recorded
    assert again.cases == cassette.cases
    played = again.replay(_request())
    assert (played.started, played.elapsed) == (1.5, 0.25)


def test_stock_cassettes_are_distinguished_from_ours(path: Path) -> None:
    """A JSON cassette of vcrpy is read and played."""
    stock = {
        "version": 1,
        "interactions": [
            {
                "request": {
                    "method": "GET",
                    "uri": "https://api.example/v1/env/cards?limit=1",
                    "body": None,
                    "headers": {"Accept": ["*/*"]},
                },
                "response": {
                    "status": {"code": 200, "message": "OK"},
                    "headers": {"Content-Type": ["application/json"]},
                    "body": {"string": '{"data": []}'},
                },
            }
        ],
    }
    path.write_text(json.dumps(stock), "utf-8")
    cassette = Cassette.read(path, Redaction())
    played = cassette.replay(_request("/v1/env/cards?limit=1"))
    assert played.response["body"]["string"] == b'{"data": []}'
