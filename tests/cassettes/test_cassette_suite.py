"""The contract suite on cassettes: the shipped recordings, and recordings of other targets."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import no_sockets
import pytest

from pytest_atomic_cards.plugin.cli import main
from pytest_atomic_cards.recordings.cassettes.cassette_reader import read_content
from pytest_atomic_cards.recordings.cassettes.metadata import Source
from pytest_atomic_cards.rules.requirements import catalogue

if TYPE_CHECKING:
    from live_sandbox import Serve

pytestmark = pytest.mark.slow

COMMAND = Path(sys.executable).with_name("atomic-cards")
RECORDINGS = Path(__file__).parents[2] / "cassettes"
RECORD = ("--cards-cassettes", "record", "--cards-effort", "quick")
REPLAY = ("--cards-cassettes", "replay")
RACES = {"CONC-01", "CONC-02", "CONC-03", "CONC-04"}
NO_EXPERIMENTS = "not experiments and not transitions"
"""Leaves out most requests; one case records them too."""


class Suite:
    """Runs the installed suite in a directory.

    Args:
        directory: Where to run it.
        monkeypatch: Refuses sockets to runs in this process.
    """

    def __init__(self, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._directory = directory
        self._monkeypatch = monkeypatch

    def check(self, *arguments: str | Path) -> tuple[int, dict[str, Any]]:
        """The exit code, and the verdict of each requirement."""
        own = ("check", "-p", "no:cacheprovider", "--cards-report", self._directory)
        with self._monkeypatch.context() as here:
            here.chdir(self._directory)
            code = main([str(argument) for argument in (*own, *arguments)])
        return code, self._verdicts()

    def check_apart(
        self, *arguments: str | Path, environ: dict[str, str] | None = None
    ) -> tuple[int, dict[str, Any]]:
        """The same of a process of its own, as users start it."""
        result = subprocess.run(  # noqa: S603 - our own command
            [COMMAND, "check", "--cards-report", self._directory, *arguments],
            cwd=self._directory,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parent), **(environ or {})},
            capture_output=True,
            check=False,
        )
        return result.returncode, self._verdicts()

    def _verdicts(self) -> dict[str, Any]:
        report = self._directory / "report.json"
        rules = json.loads(report.read_text("utf-8"))["rules"]
        report.unlink()
        return {rule["id"]: rule["verdict"] for rule in rules}

    def record(self, *arguments: str) -> tuple[int, dict[str, Any]]:
        """Record into the directory."""
        return self.check(*RECORD, *arguments)

    def replay(self, *arguments: str | Path) -> tuple[int, dict[str, Any]]:
        """Replay with every socket refused."""
        with self._monkeypatch.context() as here:
            no_sockets.refuse_sockets(here.setattr)
            return self.check(*REPLAY, *arguments)

    def replay_apart(self, *arguments: str | Path) -> tuple[int, dict[str, Any]]:
        """The same in a process of its own."""
        return self.check_apart("-p", "no_sockets", *REPLAY, *arguments)


@pytest.fixture
def suite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Suite:
    """The suite, in an empty directory."""
    return Suite(tmp_path, monkeypatch)


def test_the_shipped_recordings_replay_without_a_network(suite: Suite) -> None:
    """Every requirement but those of races holds as recorded, with no socket and no setting."""
    code, verdicts = suite.replay_apart("--cards-cassettes-dir", RECORDINGS)
    assert code == 0
    assert {name for name, verdict in verdicts.items() if verdict == "not exercised"} == RACES
    assert {verdict for name, verdict in verdicts.items() if name not in RACES} == {"held"}
    assert list(verdicts) == list(catalogue().requirements)


@pytest.mark.parametrize(
    "arguments",
    [
        ("--cards-only", "PAGE-01"),
        ("--cards-only", "SCHEMA-05,TIME-04,STATE-15,QUERY-16,AUTH-05"),
        ("-k", "test_any_object or test_raised_limit"),
        ("-n", "2", "--cards-only", "COMPLETE-04,LIMIT-03,MULTI-08,QUERY-08"),
    ],
    ids=" ".join,
)
def test_a_part_of_the_shipped_recordings_replays(arguments: tuple[str, ...], suite: Suite) -> None:
    """Whatever part of the suite is run, in however many processes, it needs no other part."""
    replay = suite.replay_apart if "-n" in arguments else suite.replay
    code, verdicts = replay("--cards-cassettes-dir", RECORDINGS, *arguments)
    assert code == 0
    assert set(verdicts.values()) == {"held", "not exercised"}


def test_shipped_recordings_are_labelled() -> None:
    """Each says that it is of the sandbox or of the page, and none that it is live traffic."""
    sources = {
        path.relative_to(RECORDINGS): read_content(path).recorded.source
        for path in RECORDINGS.rglob("*.json")
    }
    pages = {path for path, source in sources.items() if source is Source.PAGE}
    assert pages
    assert {path.parts[0] for path in pages} == {"page"}
    assert {source for path, source in sources.items() if path not in pages} == {Source.SANDBOX}


@pytest.mark.parametrize(
    ("fault", "only", "violated"),
    [
        (
            "multiple-not-needed",
            ("MULTI-01,MULTI-05,MULTI-07,PAGE-01", "-k", NO_EXPERIMENTS),
            {"MULTI-01", "MULTI-05"},
        ),
        (
            "completion-refused",
            ("COMPLETE-01,COMPLETE-02,COMPLETE-03", "-k", NO_EXPERIMENTS),
            {"COMPLETE-02", "COMPLETE-03"},
        ),
        ("cancel-without-effect", ("STATE-15,MULTI-04",), {"STATE-15"}),
    ],
)
def test_what_was_violated_is_violated_in_a_replay(
    fault: str, only: tuple[str, ...], violated: set[str], suite: Suite
) -> None:
    """A recording of a faulty target replays with the same verdicts, and fails as well."""
    recorded = suite.record("--cards-fault", fault, "--cards-only", *only)
    replayed = suite.replay("--cards-only", *only)
    assert replayed == recorded
    assert {name for name, verdict in replayed[1].items() if verdict == "violated"} == violated


def test_a_live_target_is_replayed_without_its_settings(suite: Suite, serve: Serve) -> None:
    """What was recorded of a target on the network needs neither it nor its credentials."""
    only = ("--cards-only", "QUERY-06,MULTI-01,AUTH-01,PAGE-08,TIME-02,TIME-03")
    live = serve(creation_delay=timedelta(seconds=0.1))
    environ = {**live.environ, "ATOMIC_CARDS_SEED_TIMEOUT": "10"}
    recorded = suite.check_apart(*RECORD, *only, "--cards-target", "live", environ=environ)
    assert recorded[0] == 0
    assert recorded[1]["QUERY-06"] == "held"
    assert recorded[1]["TIME-03"] == "not exercised"
    assert suite.replay_apart(*only) == recorded


@pytest.mark.parametrize(
    ("fault", "code"), [((), 0), (("--cards-fault", "card-payload-text", "-k", NO_EXPERIMENTS), 1)]
)
def test_a_target_is_verified_by_the_shipped_recordings(
    fault: tuple[str, ...], code: int, suite: Suite
) -> None:
    """A target that answers as recorded, under other ids, agrees; one that does not fails."""
    arguments = ("--cards-cassettes", "verify", "--cards-cassettes-dir", RECORDINGS, *fault)
    result = suite.check(*arguments, "--cards-only", "QUERY-06,STATE-15")
    assert result[0] == code
    assert result[1]["QUERY-06"] == "held"


def test_a_requirement_that_was_not_recorded_is_not_decided(suite: Suite) -> None:
    """A contract without a recording is inconclusive, which fails; the others are replayed."""
    suite.record("--cards-only", "PAGE-06")
    code, verdicts = suite.replay("--cards-only", "PAGE-06,PAGE-08")
    assert code == 1
    assert (verdicts["PAGE-06"], verdicts["PAGE-08"]) == ("held", "inconclusive")


def test_a_shared_fixture_that_was_not_recorded_so_is_reported_each_time(
    suite: Suite, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every contract that needs it is inconclusive, for the reason that it names."""
    only = ("--cards-only", "PAGE-01,PAGE-06", "-k", NO_EXPERIMENTS)
    suite.record(*only)
    recording = tmp_path / "cassettes" / "fixture-probe.json"
    document = json.loads(recording.read_text("utf-8"))
    del document["interactions"][1:]
    recording.write_text(json.dumps(document), "utf-8")
    capsys.readouterr()
    code, _ = suite.replay(*only)
    shown = capsys.readouterr().out
    assert code == 1
    assert "verdict: inconclusive (PAGE-01)" in shown
    assert "is not in" in shown
    assert "fixture-probe.json" in shown
    assert "AssertionError" not in shown
