"""Runs in a terminal: progress on what takes long, colours, and neither where nobody looks."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from contract_runs import OWN

if TYPE_CHECKING:
    from live_sandbox import LiveSandbox, Serve

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("own_plugins")]

COMMAND = Path(sys.executable).with_name("atomic-cards")
ONE = ("--cards-only", "SHAPE-01", "-k", "not experiments")
ARGUMENTS = ("check", *OWN, *ONE)
"""A contract that seeds once, so a slow target is waited for only once."""
SLOW = timedelta(seconds=3)
"""A little longer than it takes until progress is shown."""
COLOUR = "\x1b[3"


def said_to_a_terminal(directory: Path, *arguments: str, **environ: str) -> str:
    """What the command writes to a terminal that it is run in."""
    here, there = pty.openpty()
    process = subprocess.Popen(  # noqa: S603 - our own command
        [COMMAND, *ARGUMENTS, *arguments],
        cwd=directory,
        env=os.environ | {"TERM": "xterm"} | environ,
        stdin=there,
        stdout=there,
        stderr=there,
    )
    os.close(there)
    said = b""
    try:
        while part := os.read(here, 65_536):
            said += part
    except OSError:  # how Linux tells that nobody has the other end open any more
        pass
    finally:
        os.close(here)
    assert process.wait() == 0, said
    return said.decode()


@pytest.fixture
def slow(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> LiveSandbox:
    """A live target that takes its time to create cards."""
    live = serve(creation_delay=SLOW)
    live.be_the_target(monkeypatch)
    return live


@pytest.mark.usefixtures("slow")
def test_seeding_that_takes_long_is_shown(tmp_path: Path) -> None:
    """A terminal shows the progress of seeding, erased before the summary, and colours."""
    said = said_to_a_terminal(tmp_path)
    assert COLOUR in said
    assert re.search(r"\r\x1b\[Kseeding cards: 0 of \d, ", said)
    shown, _, summary = said.rpartition("Atomic Cards API contract")
    assert shown.rindex("\r\x1b[K") > shown.rindex("seeding cards:")
    assert "seeding cards" not in summary


@pytest.mark.usefixtures("slow")
def test_seeding_in_worker_processes_is_shown(tmp_path: Path) -> None:
    """Of worker processes, too, a line shows the progress, and is erased in the end."""
    said = said_to_a_terminal(tmp_path, "-n", "2")
    assert re.search(r"gw[01]: seeding cards: 0 of \d, \d s", said)
    shown, _, summary = said.rpartition("Atomic Cards API contract")
    assert shown.rindex("\r\x1b[K") > shown.rindex("seeding cards:")
    assert "seeding cards" not in summary


@pytest.mark.usefixtures("slow")
@pytest.mark.parametrize("workers", [[], ["-n", "1"]])
def test_nothing_is_shown_where_nobody_looks(workers: list[str], tmp_path: Path) -> None:
    """In a pipe there is no progress and no control character."""
    done = subprocess.run(  # noqa: S603 - our own command
        [COMMAND, *ARGUMENTS, *workers],
        cwd=tmp_path,
        env=os.environ | {"TERM": "xterm"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    assert "\x1b" not in done.stdout
    assert "seeding" not in done.stdout


def test_no_colour_where_none_is_wanted(tmp_path: Path) -> None:
    """A terminal gets no colours if NO_COLOR is set."""
    assert COLOUR not in said_to_a_terminal(tmp_path, NO_COLOR="1")
