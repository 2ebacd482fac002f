"""Runs on targets that are sick, or with little time: real processes that end by themselves."""

from __future__ import annotations

import json
import re
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from command_line import COMMAND
from contract_runs import OWN
from signalled_runs import PYTEST, age_journals, clean, end, journals, running, wait_until

if TYPE_CHECKING:
    from live_sandbox import Serve

pytestmark = pytest.mark.slow

_ALWAYS = {"times": 1_000_000}


def test_a_check_ends_at_its_limit(serve: Serve, project: Path) -> None:
    """What is left is inconclusive for the reason given, cards are cancelled, reports written."""
    live = serve()
    command = [*COMMAND, "check", "--cards-max-time", "4", "--cards-report", "report"]
    with running(live, project, *command) as process:
        code, output = end(process)
    assert code == pytest.ExitCode.TESTS_FAILED
    reason = "time limit of 4 s reached (--cards-max-time)"
    first, verdict = output.index(f"atomic-cards: {reason}; tests not run: "), output.index("\nver")
    assert first < output.index("Atomic Cards API contract") < verdict
    assert live.log
    assert not live.open_cards
    assert not journals()
    report = json.loads((project / "report" / "report.json").read_text())
    late = [one for one in report["rules"] if reason in one["reason"]]
    assert late
    assert {one["verdict"] for one in late} == {"inconclusive"}
    assert {path.name for path in (project / "report").iterdir()} >= {"report.html", "junit.xml"}


def test_workers_end_at_the_limit(serve: Serve, project: Path) -> None:
    """The tests that workers did not run are reported once, in one number."""
    live = serve()
    command = [*COMMAND, "check", *OWN, "-n", "2", "--cards-max-time", "3"]
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
    with running(live, project, *PYTEST, "--cards-max-time", "1") as process:
        code, output = end(process)
    assert code == pytest.ExitCode.TESTS_FAILED
    assert "1 failed, 1 passed" in output
    assert "TimeLimitError: out of time: time limit of 1 s reached (--cards-max-time)" in output


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (["check"], {"method": "GET"}),
        (["check", *OWN, "-n", "2"], {}),
    ],
)
def test_a_check_of_a_sick_target_is_interrupted(
    serve: Serve, project: Path, arguments: list[str], fault: dict[str, str]
) -> None:
    """One signal ends a check of a target that answers 503; what may be open is named."""
    live = serve()
    live.sandbox.network.inject("unavailable", skip=8, **fault, **_ALWAYS)
    with running(live, project, *COMMAND, *arguments) as process:
        wait_until(lambda: live.sandbox.network.fired, process)
        process.send_signal(signal.SIGTERM)
        code, output = end(process)
    assert code == pytest.ExitCode.INTERRUPTED
    assert "atomic-cards: interrupted by SIGTERM" in output
    assert "\nverdict: " in output
    assert journals()
    assert "atomic-cards clean" in output


@pytest.mark.parametrize("selected", ["that_passes", "of_the_session"])
def test_clean_up_is_shortened_by_a_signal(serve: Serve, project: Path, selected: str) -> None:
    """A signal in the middle of a clean-up does not skip the rest, nor what is reported of it."""
    live = serve()
    live.sandbox.network.inject("unavailable", path="/cards/cancel", **_ALWAYS)
    with running(live, project, *PYTEST, "-k", selected) as process:
        wait_until(lambda: live.sandbox.network.fired, process)
        process.send_signal(signal.SIGINT)
        code, output = end(process)
    assert code == pytest.ExitCode.INTERRUPTED, output
    assert "seeded cards may be left open: " in output
    assert "atomic-cards: interrupted by SIGINT" in output
    assert len(journals()) == len(live.open_cards) == 1
    live.sandbox.network.clear()
    assert clean(live, project)[0] == 0
    assert not live.open_cards


def test_a_second_signal_ends_a_run_at_once(serve: Serve, project: Path) -> None:
    """Whoever does not want to wait for the clean-up sends another; the journal stays."""
    live = serve()
    with running(live, project, *PYTEST, "-k", "takes_long") as process:
        wait_until((project / "seeded").exists, process)
        live.sandbox.network.inject("unavailable", **_ALWAYS)
        process.send_signal(signal.SIGTERM)
        wait_until(lambda: live.sandbox.network.fired, process)
        process.send_signal(signal.SIGTERM)
        code, _ = end(process)
    assert code == -signal.SIGTERM
    assert len(journals()) == 1


def test_a_swallowed_signal_ends_the_run(serve: Serve, project: Path) -> None:
    """A test that catches KeyboardInterrupt is the last one that is run."""
    live = serve()
    with running(live, project, *PYTEST, "-k", "swallows or next") as process:
        wait_until((project / "seeded").exists, process)
        process.send_signal(signal.SIGINT)
        code, output = end(process)
    assert code == pytest.ExitCode.INTERRUPTED, output
    assert not (project / "next").exists()
    assert not live.open_cards


def test_a_run_goes_on_after_its_terminal_is_gone(serve: Serve, project: Path) -> None:
    """Where SIGHUP is ignored, as under nohup, it does not interrupt a run."""
    live = serve()
    with running(live, project, *PYTEST, "-k", "that_takes_long", ignored=signal.SIGHUP) as process:
        wait_until((project / "seeded").exists, process)
        process.send_signal(signal.SIGHUP)
        time.sleep(0.5)
        assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        code, output = end(process)
    assert code == pytest.ExitCode.INTERRUPTED
    assert "SIGTERM" in output
    assert not live.open_cards


def test_an_interrupted_clean_keeps_its_journal(serve: Serve, project: Path) -> None:
    """`atomic-cards clean` on a sick target ends after a signal, with what it leaves."""
    live = serve()
    with running(live, project, *PYTEST, "-k", "takes_long") as process:
        wait_until((project / "seeded").exists, process)
        process.kill()
    live.sandbox.network.inject("unavailable", **_ALWAYS)
    age_journals()
    with running(live, project, *COMMAND, "clean") as process:
        wait_until(lambda: live.sandbox.network.fired, process)
        process.send_signal(signal.SIGINT)
        code, output = end(process)
    assert code == 1
    assert "left: " in output
    assert len(journals()) == 1
