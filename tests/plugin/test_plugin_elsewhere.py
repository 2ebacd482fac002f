"""Workers on another machine: another directory, nothing of the environment, no shared files.

A stand-in for ``ssh`` runs the command on this machine, in a bare environment and in a home for
each host; all else is the way that ``--tx ssh=`` of pytest-xdist takes.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import execnet
import pytest

from pytest_atomic_cards.model.profile import Profile
from pytest_atomic_cards.model.resolution import given, resolve
from pytest_atomic_cards.plugin.worker_channel import hand_over

if TYPE_CHECKING:
    from collections.abc import Callable

    from live_sandbox import Serve

    Run = Callable[..., subprocess.CompletedProcess[str]]

pytestmark = pytest.mark.slow

COMMAND = Path(sys.executable).with_name("atomic-cards")
PYTEST = (sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:schemathesis")
SSH = """#!/bin/sh
# ssh -C HOST COMMAND
home="{homes}/$2"
shift 2
mkdir -p "$home" && cd "$home" || exit 1
exec env -i HOME="$home" TMPDIR="$home" PATH=/usr/bin:/bin sh -c "$*"
"""
USERS_TESTS = """
import os
from pathlib import Path

import pytest

@pytest.mark.parametrize("number", range(6))
def test_seeds(cards, number):
    assert not [name for name in os.environ if name.startswith("ATOMIC_CARDS_")]
    assert Path.home() in Path.cwd().parents
    cards.seed()
    assert list(Path.home().glob(".local/state/atomic-cards/*.jsonl"))
"""


HOSTS = ("north", "south")


@pytest.fixture
def homes(tmp_path: Path) -> Path:
    """Where each host has the home of its worker."""
    return tmp_path / "homes"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The project here; a configuration file makes its root the same everywhere."""
    directory = tmp_path / "project"
    directory.mkdir()
    (directory / "pytest.ini").write_text("[pytest]\n")
    return directory


@pytest.fixture
def run(homes: Path, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command in the project, with options that have a worker on each host."""
    ssh = tmp_path / "bin" / "ssh"
    ssh.parent.mkdir()
    ssh.write_text(SSH.format(homes=homes))
    ssh.chmod(0o700)
    monkeypatch.setenv("PATH", str(ssh.parent), prepend=os.pathsep)

    workers = [f"--tx=ssh={host}//python={sys.executable}" for host in HOSTS]

    def run_there(
        *command: str | Path, hosts: int = len(HOSTS)
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(  # noqa: S603 - our own commands
            [*command, "-p", "no:schemathesis", "--dist", "load", *workers[:hosts]],
            cwd=project,
            capture_output=True,
            text=True,
            check=False,
        )

    return run_there


def test_users_tests_go_to_the_target_of_the_run(
    run: Run, serve: Serve, homes: Path, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Workers elsewhere share one token, clean up, and leave neither a journal nor a token."""
    live = serve()
    live.be_the_target(monkeypatch)
    (project / "test_users.py").write_text(USERS_TESTS)
    done = run(*PYTEST, f"--rsyncdir={project}", project)
    assert done.returncode == 0, done.stdout
    assert "6 passed" in done.stdout
    users = [card.user_id for card in live.environment.cards()]
    assert len(users) == len(set(users)) == 6
    assert live.count(f"POST {live.sandbox.token_path}") == 1
    assert not live.open_cards
    assert not list(homes.rglob("*.jsonl"))
    assert not list(homes.rglob("atomic-cards-token*"))


def test_a_check_elsewhere_is_reported_here(run: Run, project: Path) -> None:
    """What workers elsewhere find is one report and one profile here, by the profile of here."""
    (project / "pinned.toml").write_text('zero_match_action = "404"\n')
    done = run(
        *(COMMAND, "check", "--cards-effort", "quick"),
        *("-k", "pagination or page_queries or profile"),
        *("--cards-report", "out", "--cards-profile-out", "observed.toml"),
        *("--cards-profile", "pinned.toml"),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads((project / "out" / "report.json").read_text("utf-8"))
    verdicts = {rule["verdict"] for rule in report["rules"] if rule["area"] == "pagination"}
    assert verdicts == {"held"}
    assert Profile.read(project / "observed.toml").zero_match_action == "404"


def test_a_known_violation_elsewhere_can_go_away(run: Run, project: Path) -> None:
    """A run elsewhere of all contracts of a requirement reports that its deviation is gone."""
    (project / "cards-target.toml").write_text(
        '[[deviations]]\nrequirement = "PAGE-06"\nreason = "x"\nexpires = 2999-01-01\n'
    )
    done = run(COMMAND, "check", "--cards-effort", "quick", "--cards-only", "PAGE-06")
    assert done.returncode == pytest.ExitCode.TESTS_FAILED
    assert "the known deviation from PAGE-06 has gone away" in done.stdout


def test_what_is_recorded_elsewhere_is_kept_here(run: Run, homes: Path, project: Path) -> None:
    """The recordings of all workers are one set here, which replays, and none stays elsewhere."""
    (project / "test_users.py").write_text(USERS_TESTS.replace("assert list(", "list("))
    rsync = f"--rsyncdir={project}"
    done = run(*PYTEST, "--cards-cassettes", "record", rsync, project)
    assert done.returncode == 0, done.stdout
    names = sorted(path.name for path in (project / "cassettes" / "test_users").iterdir())
    assert names == [f"test_seeds[{number}].json" for number in range(6)]
    assert not [path for path in homes.rglob("cassettes/**/*") if path.is_file()]
    fail = ("--cards-cassettes-fail-on", "orphaned,unplayed,expired")
    done = run(*PYTEST, "--cards-cassettes", "replay", *fail, rsync, project, hosts=1)
    assert done.returncode == 0, done.stdout
    assert "6 passed" in done.stdout


@pytest.mark.parametrize(("way", "told"), [("ssh=host", True), ("socket=host:8888", False)])
def test_no_secret_goes_over_a_bare_socket(way: str, told: bool) -> None:  # noqa: FBT001
    """The client secret is sent over SSH; over a connection in the clear only the rest is."""
    environ = {"ATOMIC_CARDS_CLIENT_SECRET": "hunter2", "ATOMIC_CARDS_SEED": "7"}
    found = given({}, lambda _: "", environ)
    spec = execnet.XSpec(way)
    node = SimpleNamespace(
        gateway=SimpleNamespace(id="gw0", spec=spec),
        nodemanager=SimpleNamespace(specs=[spec]),
        config=SimpleNamespace(stash=pytest.Stash()),
        workerinput={},
    )
    hand_over(node, found, resolve({}, lambda _: "", environ))
    assert ("hunter2" in str(node.workerinput)) == told
    assert "'ATOMIC_CARDS_SEED': '7'" in str(node.workerinput)
