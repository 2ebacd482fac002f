"""Runs that are interrupted or terminated: real processes, signals, a served target."""

from __future__ import annotations

import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from command_line import COMMAND
from signalled_runs import PATIENCE, PYTEST, clean, end, journals, running, wait_until

if TYPE_CHECKING:
    from live_sandbox import Serve

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_run_that_is_told_to_stop_cleans_up(
    serve: Serve, project: Path, number: signal.Signals
) -> None:
    """After Ctrl-C, SIGTERM or SIGHUP no seeded card is open, and no journal is left."""
    live = serve()
    with running(live, project, *PYTEST, "-k", "takes_long") as process:
        wait_until((project / "seeded").exists, process)
        assert len(journals()) == 1
        assert journals()[0].stat().st_mode & 0o777 == 0o600
        process.send_signal(number)
        code, output = end(process)
    assert code == pytest.ExitCode.INTERRUPTED, output
    assert "KeyboardInterrupt" in output
    assert not live.open_cards
    assert not journals()


def test_workers_that_are_told_to_stop_clean_up(serve: Serve, project: Path) -> None:
    """SIGTERM to the process that controls two workers makes both clean up."""
    live = serve()
    with running(live, project, *PYTEST, "-n", "2", "-k", "takes_long or passes") as process:
        wait_until((project / "seeded").exists, process)
        process.send_signal(signal.SIGTERM)
        code, output = end(process)
    assert code == pytest.ExitCode.INTERRUPTED, output
    wait_for = time.monotonic() + PATIENCE
    while (live.open_cards or journals()) and time.monotonic() < wait_for:
        time.sleep(0.1)
    assert not live.open_cards
    assert not journals()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_check_that_is_told_to_stop_cleans_up(
    serve: Serve, project: Path, number: signal.Signals
) -> None:
    """The contract suite, stopped in the middle, leaves none of its cards open."""
    live = serve()
    with running(live, project, *COMMAND, "check", "--cards-effort", "quick") as process:
        wait_until(lambda: len(live.open_cards) > 2, process)
        process.send_signal(number)
        code, output = end(process)
    assert code == pytest.ExitCode.INTERRUPTED, output
    assert not live.open_cards
    assert not journals()


def test_a_run_tells_what_it_leaves_waiting(serve: Serve, project: Path) -> None:
    """The end of a run names the cards that could not be cancelled, and how to do it later."""
    live = serve(wrong_state="409", cancel_embargoed="refused")
    (project / "test_users.py").write_text(
        "from datetime import timedelta\n"
        "def test_embargo(cards):\n    cards.seed(embargo=timedelta(hours=1))\n"
    )
    for workers in ("0", "1"):
        with running(live, project, *PYTEST, "-n", workers) as process:
            code, output = end(process)
        assert code == 0, output
        assert output.count("left waiting: cards of") == 1
        assert "atomic-cards clean" in output
    assert len(journals()) == 2


def test_two_runs_do_not_disturb_each_other(serve: Serve, project: Path) -> None:
    """While a run is at work neither another run nor a clean-up touches its cards or journal."""
    live = serve()
    with running(live, project, *PYTEST, "-k", "takes_long") as process:
        wait_until((project / "seeded").exists, process)
        (journal,) = journals()
        with running(live, project, *PYTEST, "-q", "-k", "passes") as second:
            code, output = end(second)
        assert code == 0
        assert "atomic-cards clean" not in output
        code, output = clean(live, project)
        assert (code, "no run has left" in output) == (0, True)
        code, output = clean(live, project, "--journal", str(journal))
        assert (code, "a run is using it" in output) == (1, True)
        assert journals() == [journal]
        assert len(live.open_cards) == 2
        process.send_signal(signal.SIGTERM)
        end(process)
    assert not live.open_cards
