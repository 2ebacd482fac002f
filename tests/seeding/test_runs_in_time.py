"""Runs on targets that are sick, or with little time: real processes that end by themselves."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from signalled_runs import age_journals

if TYPE_CHECKING:
    from collections.abc import Iterator

    from live_sandbox import LiveSandbox, Serve

pytestmark = pytest.mark.slow

_COMMAND = [
    sys.executable,
    "-c",
    "import sys; from pytest_atomic_cards.plugin.cli import main; sys.exit(main())",
]
_PYTEST = [sys.executable, "-m", "pytest", "-p", "no:schemathesis", "-p", "no:cacheprovider"]
_PATIENCE = 60.0
"""Seconds in which every run is over after a signal, though other tests keep the machine busy."""
_FOR_EVER = {"times": 1_000_000}

USERS_TEST = """
import time
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def offer(cards_target):
    cards = cards_target.open_world()
    return cards.seed()


def test_that_seeds(cards):
    cards.seed()
    Path("seeded").touch()


def test_that_takes_long(cards):
    cards.seed()
    Path("seeded").touch()
    time.sleep(60)


def test_of_the_session(offer):
    Path("seeded").touch()


def test_that_swallows_the_signal(cards):
    cards.seed()
    Path("seeded").touch()
    try:
        time.sleep(60)
    except KeyboardInterrupt:
        pass


def test_that_would_be_next():
    Path("next").touch()
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A directory with a user's tests."""
    directory = tmp_path / "project"
    directory.mkdir()
    (directory / "test_users.py").write_text(USERS_TEST)
    return directory


@contextmanager
def running(
    live: LiveSandbox, project: Path, *command: str, ignored: signal.Signals | None = None
) -> Iterator[subprocess.Popen[str]]:
    """A process in the project that takes a served sandbox for its live target."""
    before = ignored and signal.signal(ignored, signal.SIG_IGN)
    process = subprocess.Popen(  # noqa: S603
        command,
        cwd=project,
        env=os.environ | live.environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if ignored:
        signal.signal(ignored, before)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def wait_for(path: Path, process: subprocess.Popen[str]) -> None:
    """Wait until a process has made a file."""
    end = time.monotonic() + 60
    while not path.exists():
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < end
        time.sleep(0.02)


def end(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Exit code and output of a process that ends in time, and without a traceback."""
    output, _ = process.communicate(timeout=_PATIENCE)
    assert "Traceback" not in output
    assert "INTERNALERROR" not in output
    return process.returncode, output


def journals(tmp_path: Path) -> list[Path]:
    """The journals in the state directory of the test."""
    return sorted((tmp_path / "state" / "atomic-cards").glob("*.jsonl"))


def test_a_check_ends_at_its_limit(serve: Serve, project: Path, tmp_path: Path) -> None:
    """What is left is inconclusive for the reason given, cards are cancelled, reports written."""
    live = serve()
    command = [*_COMMAND, "check", "--cards-max-time", "4", "--cards-report", "report"]
    with running(live, project, *command) as process:
        code, output = end(process)
    assert code == pytest.ExitCode.TESTS_FAILED
    reason = "time limit of 4 s reached (--cards-max-time)"
    first, verdict = output.index(f"atomic-cards: {reason}; tests not run: "), output.index("\nver")
    assert first < output.index("Atomic Cards API contract") < verdict
    assert live.log
    assert not live.open_cards
    assert not journals(tmp_path)
    report = json.loads((project / "report" / "report.json").read_text())
    late = [one for one in report["rules"] if reason in one["reason"]]
    assert late
    assert {one["verdict"] for one in late} == {"inconclusive"}
    assert {path.name for path in (project / "report").iterdir()} >= {"report.html", "junit.xml"}


def test_workers_end_at_the_limit(serve: Serve, project: Path) -> None:
    """The tests that workers did not run are reported once, in one number."""
    live = serve()
    command = [*_COMMAND, "check", "-n", "2", "--cards-max-time", "3"]
    with running(live, project, *command) as process:
        code, output = end(process)
    assert code == pytest.ExitCode.TESTS_FAILED
    assert len(re.findall(r"limit of 3 s reached .*; tests not run: \d+\n", output)) == 1
    assert not live.open_cards


def test_a_users_run_has_the_limit_it_is_given(serve: Serve, project: Path) -> None:
    """Without a limit there is none; with one, tests that use no cards still run after it."""
    live = serve()
    tests = project / "test_users.py"
    tests.write_text(
        "import time\n"
        "def test_late(cards):\n    time.sleep(1.5)\n    cards.seed()\n"
        "def test_other():\n    pass\n"
    )
    with running(live, project, *_PYTEST, "--cards-max-time", "1") as process:
        code, output = end(process)
    assert code == pytest.ExitCode.TESTS_FAILED
    assert "1 failed, 1 passed" in output
    assert "TimeLimitError: out of time: time limit of 1 s reached (--cards-max-time)" in output


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (["check"], {"method": "GET"}),
        (["check", "-n", "2"], {}),
    ],
)
def test_a_check_of_a_sick_target_is_interrupted(
    serve: Serve, project: Path, tmp_path: Path, arguments: list[str], fault: dict[str, str]
) -> None:
    """One signal ends a check of a target that answers 503; what may be open is named."""
    live = serve()
    live.sandbox.network.inject("unavailable", skip=8, **fault, **_FOR_EVER)
    with running(live, project, *_COMMAND, *arguments) as process:
        while not live.sandbox.network.fired:
            assert process.poll() is None, process.communicate()[0]
            time.sleep(0.02)
        process.send_signal(signal.SIGTERM)
        code, output = end(process)
    assert code == pytest.ExitCode.INTERRUPTED
    assert "atomic-cards: interrupted by SIGTERM" in output
    assert "\nverdict: " in output
    assert journals(tmp_path)
    assert "atomic-cards clean" in output


@pytest.mark.parametrize("selected", ["that_seeds", "of_the_session"])
def test_clean_up_is_shortened_by_a_signal(
    serve: Serve, project: Path, tmp_path: Path, selected: str
) -> None:
    """A signal in the middle of a clean-up does not skip the rest, nor what is reported of it."""
    live = serve()
    live.sandbox.network.inject("unavailable", path="/cards/cancel", **_FOR_EVER)
    with running(live, project, *_PYTEST, "-k", selected) as process:
        while not live.sandbox.network.fired:
            assert process.poll() is None, process.communicate()[0]
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        code, output = end(process)
    assert code == pytest.ExitCode.INTERRUPTED, output
    assert "seeded cards may be left open: " in output
    assert "atomic-cards: interrupted by SIGINT" in output
    assert len(journals(tmp_path)) == len(live.open_cards) == 1
    live.sandbox.network.clear()
    age_journals()
    with running(live, project, *_COMMAND, "clean") as process:
        assert end(process)[0] == 0
    assert not live.open_cards


def test_a_second_signal_ends_a_run_at_once(serve: Serve, project: Path, tmp_path: Path) -> None:
    """Whoever does not want to wait for the clean-up sends another; the journal stays."""
    live = serve()
    with running(live, project, *_PYTEST, "-k", "takes_long") as process:
        wait_for(project / "seeded", process)
        live.sandbox.network.inject("unavailable", **_FOR_EVER)
        process.send_signal(signal.SIGTERM)
        while not live.sandbox.network.fired:
            time.sleep(0.02)
        process.send_signal(signal.SIGTERM)
        code, _ = end(process)
    assert code == -signal.SIGTERM
    assert len(journals(tmp_path)) == 1


def test_a_swallowed_signal_ends_the_run(serve: Serve, project: Path) -> None:
    """A test that catches KeyboardInterrupt is the last one that is run."""
    live = serve()
    with running(live, project, *_PYTEST, "-k", "swallows or next") as process:
        wait_for(project / "seeded", process)
        process.send_signal(signal.SIGINT)
        code, output = end(process)
    assert code == pytest.ExitCode.INTERRUPTED, output
    assert not (project / "next").exists()
    assert not live.open_cards


def test_a_run_goes_on_after_its_terminal_is_gone(serve: Serve, project: Path) -> None:
    """Where SIGHUP is ignored, as under nohup, it does not interrupt a run."""
    live = serve()
    with running(
        live, project, *_PYTEST, "-k", "that_takes_long", ignored=signal.SIGHUP
    ) as process:
        wait_for(project / "seeded", process)
        process.send_signal(signal.SIGHUP)
        time.sleep(0.5)
        assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        code, output = end(process)
    assert code == pytest.ExitCode.INTERRUPTED
    assert "SIGTERM" in output
    assert not live.open_cards


def test_an_interrupted_clean_keeps_its_journal(
    serve: Serve, project: Path, tmp_path: Path
) -> None:
    """`atomic-cards clean` on a sick target ends after a signal, with what it leaves."""
    live = serve()
    with running(live, project, *_PYTEST, "-k", "takes_long") as process:
        wait_for(project / "seeded", process)
        process.kill()
    live.sandbox.network.inject("unavailable", **_FOR_EVER)
    age_journals()
    with running(live, project, *_COMMAND, "clean") as process:
        while not live.sandbox.network.fired:
            assert process.poll() is None, process.communicate()[0]
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        code, output = end(process)
    assert code == 1
    assert "left: " in output
    assert len(journals(tmp_path)) == 1
