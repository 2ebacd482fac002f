"""Cassettes of stock vcrpy in a project that has nothing but the plugin."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import yaml

if TYPE_CHECKING:
    from pathlib import Path

_URL = "https://gateway.test/atomic/v1/env-1/cards"
_TESTS = """
import pytest
from pytest_atomic_cards import CardQuery

def test_cancel(cards_api):
    query = CardQuery(user_id="u1")
    (card,) = cards_api.list(query)
    assert card.card_instance_id == "c1"
    response = cards_api.cancel(query)
    assert response.summary.updated == 1

@pytest.mark.skip
def test_other():
    pass
"""


def _exchange(method: str, path: str, body: Any, date: str = "") -> dict[str, Any]:  # noqa: ANN401
    headers = {"Content-Type": ["application/json"]} | ({"Date": [date]} if date else {})
    return {
        "request": {"method": method, "uri": f"{_URL}{path}", "body": None, "headers": {}},
        "response": {
            "status": {"code": 200, "message": "OK"},
            "headers": headers,
            "body": {"string": json.dumps(body)},
        },
    }


def _write(path: Path, date: str = "") -> None:
    card = {"cardInstanceId": "c1", "userId": "u1", "status": "active"}
    result = {"action": "cancel", "cardInstanceId": "c1", "userId": "u1"}
    exchanges = [
        _exchange("GET", "?userId=u1", {"data": [card]}, date),
        _exchange(
            "PUT",
            "/cancel?userId=u1",
            {"data": [result], "summary": {"total": 1, "updated": 1}},
        ),
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump({"interactions": exchanges, "version": 1}), "utf-8")


@pytest.fixture
def directory(pytester: pytest.Pytester) -> Path:
    """The directory of the recordings of a project."""
    pytester.makepyfile(test_stock=_TESTS)
    return pytester.path / "cassettes" / "test_stock"


_REPLAY = ("--cards-cassettes", "replay", "--cards-monitor", "off", "-W", "error")


@pytest.mark.parametrize("date", ["", "Sat, 01 Jan 2022 10:00:00 GMT"])
def test_a_stock_cassette_replays_with_nothing_set(
    date: str, pytester: pytest.Pytester, directory: Path
) -> None:
    """No credential and no guard is in the way; an age is reported only if it is known."""
    _write(directory / "test_cancel.yaml", date)
    result = pytester.runpytest_inprocess(*_REPLAY, "--cards-cassettes-max-age", "3")
    result.assert_outcomes(passed=1, skipped=1)
    assert ("days ago" in result.stdout.str()) is bool(date)


@pytest.mark.parametrize("place", ["test_stock/test_gone", "test_removed/test_gone"])
def test_a_stock_cassette_that_no_test_plays_is_orphaned(
    place: str, pytester: pytest.Pytester, directory: Path
) -> None:
    """A recording named after a test or a module that is gone is reported, others are not."""
    _write(directory / "test_cancel.yaml")
    _write(directory / "test_other.yaml")
    _write(directory.parent / f"{place}.yaml")
    result = pytester.runpytest_inprocess(*_REPLAY)
    orphaned = [line for line in result.outlines if line.startswith("orphaned: ")]
    assert orphaned == [f"orphaned: cassettes/{place}.yaml: no test plays it; remove the file"]


_ENDINGS = """
import os, pytest

def test_one(cards):
    card = cards.seed()
    cards.get(card)
    eval(os.environ.get("ENDING", "None"))
    cards.cancel(card)

@pytest.fixture
def broken():
    yield
    eval(os.environ.get("TEARDOWN", "None"))

def test_two(broken, cards):
    cards.seed()
"""


@pytest.mark.parametrize(
    ("variable", "ending", "name"),
    [
        ("ENDING", "pytest.fail('x')", "test_one"),
        ("ENDING", "pytest.skip('x')", "test_one"),
        ("TEARDOWN", "1 / 0", "test_two"),
    ],
)
def test_a_test_that_does_not_pass_leaves_an_earlier_recording_alone(
    variable: str,
    ending: str,
    name: str,
    pytester: pytest.Pytester,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A failing or skipped test replaces its recording only if a setting demands it."""
    pytester.makepyfile(test_again=_ENDINGS)
    record = ("--cards-cassettes", "record")
    pytester.runpytest_inprocess(*record).assert_outcomes(passed=2)
    path = pytester.path / "cassettes" / "test_again" / f"{name}.json"
    first = path.read_bytes()
    monkeypatch.setenv(variable, ending)
    result = pytester.runpytest_inprocess(*record)
    assert path.read_bytes() == first
    assert ("stays as it was recorded before" in result.stdout.str()) is ("skip" not in ending)
    pytester.runpytest_inprocess(*record, "--cards-cassettes-replace", "always")
    assert path.read_bytes() != first


def test_the_first_recording_of_a_failing_test_is_kept(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without an earlier recording there is nothing to lose, and the failure can be replayed."""
    pytester.makepyfile(test_again=_ENDINGS)
    monkeypatch.setenv("ENDING", "pytest.fail('x')")
    pytester.runpytest_inprocess("--cards-cassettes", "record")
    assert (pytester.path / "cassettes" / "test_again" / "test_one.json").exists()
