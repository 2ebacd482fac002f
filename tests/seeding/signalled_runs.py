"""Runs in processes of their own, which tests stop, kill, or let end by themselves."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from command_line import COMMAND
from contract_runs import OWN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from live_sandbox import LiveSandbox

PYTEST = [sys.executable, "-m", "pytest", *OWN, "-p", "no:cacheprovider"]
PATIENCE = 60.0
"""Seconds in which every run is over after a signal, though other tests keep the machine busy."""

_NO_MORE_PLUGINS = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
"""Variables with which a process has only the plugins that it names, which halves its start."""
_LONG_AGO = 60.0
"""Seconds before now: longer than a clean-up waits after a crash for cards that may still come."""


@contextmanager
def running(
    live: LiveSandbox,
    project: Path,
    *command: str,
    ignored: signal.Signals | None = None,
    **environ: str,
) -> Iterator[subprocess.Popen[str]]:
    """A process in the project that takes a served sandbox for its live target.

    Args:
        live: The sandbox.
        project: The directory in which the process runs.
        command: What it executes.
        ignored: A signal that it ignores from its start.
        environ: Further variables of its environment.
    """
    before = ignored and signal.signal(ignored, signal.SIG_IGN)
    process = subprocess.Popen(  # noqa: S603
        command,
        cwd=project,
        env=os.environ | live.environ | _NO_MORE_PLUGINS | environ,
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


def wait_until(done: Callable[[], object], process: subprocess.Popen[str]) -> None:
    """Wait until something is the case while a process runs."""
    deadline = time.monotonic() + PATIENCE
    while not done():
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < deadline
        time.sleep(0.02)


def end(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Exit code and output of a process that ends in time, and without a traceback."""
    output, _ = process.communicate(timeout=PATIENCE)
    assert "Traceback" not in output
    assert "INTERNALERROR" not in output
    return process.returncode, output


def clean(live: LiveSandbox, project: Path, *arguments: str, **environ: str) -> tuple[int, str]:
    """What ``atomic-cards clean`` returns and prints, some time after the runs before it."""
    age_journals()
    with running(live, project, *COMMAND, "clean", *arguments, **environ) as process:
        return end(process)


def killed_run(live: LiveSandbox, project: Path) -> None:
    """A run that seeds an active and an embargoed card and is killed."""
    with running(live, project, *PYTEST, "-k", "takes_long") as process:
        wait_until((project / "seeded").exists, process)
        process.kill()
        assert end(process)[0] == -signal.SIGKILL
    assert len(live.open_cards) == 2


def journals() -> list[Path]:
    """The journals in the state directory of the test."""
    return sorted((Path(os.environ["XDG_STATE_HOME"]) / "atomic-cards").glob("*.jsonl"))


def age_journals() -> None:
    """Date back the journals of the test, so that a clean-up need not wait for late cards."""
    for journal in journals():
        then = journal.stat().st_mtime - _LONG_AGO
        os.utime(journal, (then, then))
