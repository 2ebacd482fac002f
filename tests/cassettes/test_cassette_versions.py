"""Recordings survive another version of Hypothesis. Builds environments: run with -m versions."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import hypothesis
import pytest

from pytest_atomic_cards.recordings.cassettes.cassette_reader import read_content

ROOT = Path(__file__).parents[2]
RECORDINGS = ROOT / "cassettes"
OTHER_VERSIONS = ("6.130.12", "6.150.3")
"""The oldest that this package takes, and one in between."""
RACES = {"CONC-01", "CONC-02", "CONC-03", "CONC-04"}
GENERATED = "QUERY-08,COMPLETE-03,COMPLETE-04,STATE-15,SCHEMA-01,SCHEMA-05"

pytestmark = pytest.mark.versions


def run(*command: str | Path, directory: Path) -> str:
    """The output of a command that must succeed."""
    result = subprocess.run(  # noqa: S603 - our own commands
        [str(part) for part in command],
        cwd=directory,
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def verdicts_in(directory: Path) -> dict[str, str]:
    """The verdict of each requirement in a report."""
    rules = json.loads((directory / "report.json").read_text("utf-8"))["rules"]
    return {rule["id"]: rule["verdict"] for rule in rules}


@pytest.fixture(scope="module", params=OTHER_VERSIONS)
def other(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The commands of an environment with another version of Hypothesis."""
    directory = tmp_path_factory.mktemp("environment")
    run(sys.executable, "-m", "venv", directory, directory=directory)
    scripts = directory / ("Scripts" if sys.platform == "win32" else "bin")
    wanted = (f"{ROOT}[contracts]", f"hypothesis=={request.param}")
    run(scripts / "python", "-m", "pip", "install", "-q", *wanted, directory=directory)
    return scripts


def check(scripts: Path, mode: str, recordings: Path, directory: Path, *more: str) -> str:
    """The last lines of a run of the suite on cassettes."""
    place = ("--cards-cassettes", mode, "--cards-cassettes-dir", recordings)
    return run(scripts / "atomic-cards", "check", *place, *more, directory=directory)


def test_the_shipped_recordings_replay_on_another_version(other: Path, tmp_path: Path) -> None:
    """Recorded with one version of Hypothesis, all of the suite replays on another."""
    recorded = read_content(RECORDINGS / "fixture-population.json").recorded.versions
    theirs = run(
        other / "python", "-c", "import hypothesis; print(hypothesis.__version__)", directory=other
    )
    assert theirs.strip() != recorded["hypothesis"]
    check(other, "replay", RECORDINGS, tmp_path, "--cards-report", str(tmp_path))
    verdicts = verdicts_in(tmp_path)
    assert {name for name, verdict in verdicts.items() if verdict != "held"} == RACES


def test_recordings_of_another_version_replay_here(other: Path, tmp_path: Path) -> None:
    """Generated contracts that were recorded with another version replay on this one."""
    only = ("--cards-only", GENERATED, "--cards-report", str(tmp_path / "report"))
    recordings = tmp_path / "recordings"
    check(other, "record", recordings, tmp_path, *only)
    versions = read_content(recordings / "fixture-population.json").recorded.versions
    assert versions["hypothesis"] != hypothesis.__version__
    here = Path(sys.executable).parent
    check(here, "replay", recordings, tmp_path, *only)
    verdicts = verdicts_in(tmp_path / "report")
    assert {name for name, verdict in verdicts.items() if verdict == "held"} == set(
        GENERATED.split(",")
    )
