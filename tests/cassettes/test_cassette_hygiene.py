"""Hygiene: orphaned, unplayed and expired recordings, and what is not said of them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from contract_runs import OWN

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("own_plugins")]

_TESTS = """
import pytest
from pytest_atomic_cards import Status, world_on

@pytest.fixture(scope="module")
def shared(cards_target):
    with world_on(cards_target) as world:
        yield world.seed()

def test_one(cards):
    card = cards.seed()
    assert cards.get(card).status is Status.ACTIVE

def test_two(cards, shared):
    cards.seed()
"""
_TWO_MODES = [(), ("-n", "1")]


@pytest.fixture
def recorded(pytester: pytest.Pytester) -> Path:
    """A project of two tests and their recordings; gives the directory of these."""
    pytester.makepyfile(test_claims=_TESTS)
    pytester.runpytest(*OWN, "--cards-cassettes", "record").assert_outcomes(passed=2)
    return pytester.path / "cassettes" / "test_claims"


def _replay(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    return pytester.runpytest_inprocess(*OWN, "--cards-cassettes", "replay", *arguments)


def _change(pytester: pytest.Pytester, old: str, new: str) -> None:
    path = pytester.path / "test_claims.py"
    path.write_text(path.read_text("utf-8").replace(old, new), "utf-8")


def _told(result: pytest.RunResult) -> list[str]:
    kinds = ("orphaned: ", "unplayed: ", "expired: ", "unknown: ")
    return [line for line in result.outlines if line.startswith(kinds)]


@pytest.mark.parametrize("workers", _TWO_MODES)
def test_a_tidy_directory_is_not_worth_a_word(
    pytester: pytest.Pytester, recorded: Path, workers: tuple[str, ...]
) -> None:
    """Where every recording is played to its end, nothing is said and nothing fails."""
    assert recorded.exists()
    fail = ("--cards-cassettes-fail-on", "orphaned,unplayed,expired")
    result = _replay(pytester, *fail, "--cards-cassettes-max-age", "1", *workers)
    result.assert_outcomes(passed=2)
    assert result.ret == pytest.ExitCode.OK
    assert not _told(result)


@pytest.mark.parametrize("workers", _TWO_MODES)
def test_a_recording_whose_test_is_gone_is_orphaned(
    pytester: pytest.Pytester, recorded: Path, workers: tuple[str, ...]
) -> None:
    """The recording of a renamed test is reported, and so is that of a removed module."""
    (recorded / "test_one.json").rename(recorded / "kept.json")
    text = (recorded / "kept.json").read_text("utf-8")
    (recorded / "kept.json").unlink()
    gone = text.replace("test_claims.py::test_one", "test_claims.py::test_gone")
    (recorded / "test_gone.json").write_text(gone, "utf-8")
    elsewhere = text.replace("test_claims.py::test_one", "test_elsewhere.py::test_one")
    (recorded / "test_elsewhere.json").write_text(elsewhere, "utf-8")
    _change(
        pytester, "def test_one(cards):", "def test_one(cards_settings):\n    return\n    cards = 0"
    )
    result = _replay(pytester, "--cards-cassettes-fail-on", "orphaned", *workers)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    told = _told(result)
    assert [line.partition(": test_")[0] for line in told] == [
        "orphaned: cassettes/test_claims/test_elsewhere.json",
        "orphaned: cassettes/test_claims/test_gone.json",
    ]
    assert all("remove the file" in line for line in told)


@pytest.mark.parametrize(
    "arguments",
    [
        ("-k", "two"),
        ("test_claims.py::test_two",),
        ("--deselect", "test_claims.py::test_one"),
        ("--lf",),
        ("-x",),
        ("-n", "1", "-k", "two"),
    ],
)
def test_a_partial_run_says_nothing_of_what_it_left_out(
    pytester: pytest.Pytester, recorded: Path, arguments: tuple[str, ...]
) -> None:
    """What was not run or not collected is neither orphaned nor unplayed."""
    assert recorded.exists()
    result = _replay(pytester, *arguments)
    assert not _told(result)


def test_a_partial_run_still_reports_a_test_that_is_gone(
    pytester: pytest.Pytester, recorded: Path
) -> None:
    """Tests that are only set aside are known, so that one that is gone is still reported."""
    text = (recorded / "test_one.json").read_text("utf-8")
    gone = text.replace("test_claims.py::test_one", "test_claims.py::test_gone")
    (recorded / "test_gone.json").write_text(gone, "utf-8")
    assert len(_told(_replay(pytester, "-k", "two"))) == 1
    assert not _told(_replay(pytester, "test_claims.py::test_two"))


@pytest.mark.parametrize("workers", _TWO_MODES)
def test_exchanges_that_are_not_played_are_reported(
    pytester: pytest.Pytester, recorded: Path, workers: tuple[str, ...]
) -> None:
    """A test that asks for less than was recorded passes, and is reported with what it left."""
    assert recorded.exists()
    _change(pytester, "assert cards.get(card).status is Status.ACTIVE", "pass")
    result = _replay(pytester, "--cards-cassettes-fail-on", "unplayed", *workers)
    result.assert_outcomes(passed=2)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    (line,) = _told(result)
    assert line.startswith("unplayed: cassettes/test_claims/test_one.json: 1 of ")
    assert "GET /v1/sandbox/cards" in line


def test_a_test_that_sends_nothing_any_more_is_reported(
    pytester: pytest.Pytester, recorded: Path
) -> None:
    """A recording that its test does not even open is unplayed as a whole."""
    assert recorded.exists()
    _change(pytester, "def test_one(cards):", "def test_one():\n    return\n    cards = 0")
    (line,) = _told(_replay(pytester))
    assert line.startswith("unplayed: cassettes/test_claims/test_one.json")


@pytest.mark.parametrize("fate", ["assert False", "pytest.skip()", "pytest.xfail()"])
def test_nothing_is_said_of_a_test_that_did_not_pass(
    pytester: pytest.Pytester, recorded: Path, fate: str
) -> None:
    """A test that ended early leaves exchanges unplayed for a reason of its own."""
    assert recorded.exists()
    _change(pytester, "    card = cards.seed()\n", f"    {fate}\n    card = cards.seed()\n")
    assert not _told(_replay(pytester))


@pytest.mark.parametrize("workers", _TWO_MODES)
def test_old_recordings_are_expired(
    pytester: pytest.Pytester, recorded: Path, workers: tuple[str, ...]
) -> None:
    """A recording is as old as its metadata says, whenever the file was written."""
    path = recorded / "test_one.json"
    document = json.loads(path.read_text("utf-8"))
    document["recorded"]["at"] = (datetime.now(UTC) - timedelta(days=91)).isoformat()
    path.write_text(json.dumps(document), "utf-8")
    old = ("--cards-cassettes-max-age", "90", "--cards-cassettes-fail-on", "expired")
    result = _replay(pytester, *old, *workers)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    (line,) = _told(result)
    assert line.startswith("expired: cassettes/test_claims/test_one.json: recorded 91 days ago")


def test_after_a_crash_it_says_that_it_does_not_know(
    pytester: pytest.Pytester, recorded: Path
) -> None:
    """What a crashed worker played is unknown; nothing is guessed, and nothing is an orphan."""
    assert recorded.exists()
    _change(
        pytester,
        "    card = cards.seed()\n",
        "    import os; os._exit(1)\n    card = cards.seed()\n",
    )
    result = _replay(pytester, "-n", "2")
    (line,) = _told(result)
    assert line.startswith("unknown: a worker crashed")
    assert "test_claims.py::test_one" in line


@pytest.mark.parametrize("option", ["", "unplayed,orphaned,expired"])
def test_shortcomings_fail_a_run_on_request_only(
    pytester: pytest.Pytester, recorded: Path, option: str
) -> None:
    """By default they are only reported."""
    assert recorded.exists()
    _change(pytester, "assert cards.get(card).status is Status.ACTIVE", "pass")
    result = _replay(pytester, *(("--cards-cassettes-fail-on", option) if option else ()))
    assert len(_told(result)) == 1
    assert result.ret == (pytest.ExitCode.TESTS_FAILED if option else pytest.ExitCode.OK)


def test_what_is_no_recording_of_a_test_is_left_alone(
    pytester: pytest.Pytester, recorded: Path
) -> None:
    """A recording that belongs to no test, such as one written by hand, is not an orphan."""
    text = (recorded / "test_one.json").read_text("utf-8")
    of_nobody = text.replace('"test_claims.py::test_one"', '""')
    (recorded.parent / "page.json").write_text(of_nobody, "utf-8")
    assert not _told(_replay(pytester))
