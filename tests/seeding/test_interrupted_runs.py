"""Runs that are interrupted, terminated or killed: real processes, signals, a served target."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from signalled_runs import age_journals

from pytest_atomic_cards.plugin.cli import main

if TYPE_CHECKING:
    from live_sandbox import LiveSandbox, Serve

pytestmark = pytest.mark.slow

_PATIENCE = 60.0
_COMMAND = [
    sys.executable,
    "-c",
    "import sys; from pytest_atomic_cards.plugin.cli import main; sys.exit(main())",
]
_PYTEST = [sys.executable, "-m", "pytest", "-p", "no:schemathesis", "-p", "no:cacheprovider"]

USERS_TEST = """
import os
import signal
import time
from datetime import timedelta
from pathlib import Path


def test_that_takes_long(cards):
    cards.seed()
    cards.seed(embargo=timedelta(hours=1))
    Path("seeded").touch()
    time.sleep(60)


def test_that_kills_its_process(cards):
    cards.seed()
    os.kill(os.getpid(), signal.SIGKILL)


def test_that_passes(cards):
    cards.seed()
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A directory with a user's tests."""
    directory = tmp_path / "project"
    directory.mkdir()
    (directory / "test_users.py").write_text(USERS_TEST)
    return directory


@pytest.fixture
def journals(tmp_path: Path) -> Callable[[], list[Path]]:
    """The journals that lie in the state directory of the test."""
    return lambda: sorted((tmp_path / "state" / "atomic-cards").glob("*.jsonl"))


@contextmanager
def running(
    live: LiveSandbox, project: Path, *command: str, **environ: str
) -> Iterator[subprocess.Popen[str]]:
    """A process in the project that takes a served sandbox for its live target."""
    process = subprocess.Popen(  # noqa: S603
        command,
        cwd=project,
        env=os.environ | live.environ | environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def wait_until(done: Callable[[], object], process: subprocess.Popen[str]) -> None:
    """Wait until something is the case while a process runs."""
    deadline = time.monotonic() + _PATIENCE
    while not done():
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < deadline
        time.sleep(0.02)


def end(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Exit code and output of a process that comes to its end."""
    output, _ = process.communicate(timeout=_PATIENCE)
    return process.returncode, output


def clean(live: LiveSandbox, project: Path, *arguments: str, **environ: str) -> tuple[int, str]:
    """What ``atomic-cards clean`` returns and prints, some time after the runs before it."""
    age_journals()
    with running(live, project, *_COMMAND, "clean", *arguments, **environ) as process:
        return end(process)


def killed_run(live: LiveSandbox, project: Path) -> None:
    """A run that seeds an active and an embargoed card and is killed."""
    with running(live, project, *_PYTEST, "-k", "takes_long") as process:
        wait_until((project / "seeded").exists, process)
        process.kill()
        assert end(process)[0] == -signal.SIGKILL
    assert len(live.open_cards) == 2


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_run_that_is_told_to_stop_cleans_up(
    serve: Serve, project: Path, journals: Callable[[], list[Path]], number: signal.Signals
) -> None:
    """After Ctrl-C, SIGTERM or SIGHUP no seeded card is open, and no journal is left."""
    live = serve()
    with running(live, project, *_PYTEST, "-k", "takes_long") as process:
        wait_until((project / "seeded").exists, process)
        assert len(journals()) == 1
        assert journals()[0].stat().st_mode & 0o777 == 0o600
        process.send_signal(number)
        code, output = end(process)
    assert code == pytest.ExitCode.INTERRUPTED, output
    assert "KeyboardInterrupt" in output
    assert not live.open_cards
    assert not journals()


def test_workers_that_are_told_to_stop_clean_up(
    serve: Serve, project: Path, journals: Callable[[], list[Path]]
) -> None:
    """SIGTERM to the process that controls two workers makes both clean up."""
    live = serve()
    with running(live, project, *_PYTEST, "-n", "2", "-k", "takes_long or passes") as process:
        wait_until((project / "seeded").exists, process)
        process.send_signal(signal.SIGTERM)
        code, output = end(process)
    assert code == pytest.ExitCode.INTERRUPTED, output
    wait_for = time.monotonic() + _PATIENCE
    while (live.open_cards or journals()) and time.monotonic() < wait_for:
        time.sleep(0.1)
    assert not live.open_cards
    assert not journals()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_check_that_is_told_to_stop_cleans_up(
    serve: Serve, project: Path, journals: Callable[[], list[Path]], number: signal.Signals
) -> None:
    """The contract suite, stopped in the middle, leaves none of its cards open."""
    live = serve()
    with running(live, project, *_COMMAND, "check", "--cards-effort", "quick") as process:
        wait_until(lambda: len(live.open_cards) > 2, process)
        process.send_signal(number)
        code, output = end(process)
    assert code == pytest.ExitCode.INTERRUPTED, output
    assert not live.open_cards
    assert not journals()


def test_a_killed_run_is_cleaned_up_after(
    serve: Serve, project: Path, journals: Callable[[], list[Path]]
) -> None:
    """What a killed run left open is cancelled from its journal, which holds no secret."""
    live = serve()
    stranger = live.environment.seed([{"user_id": "ann"}])[0]
    with running(live, project, *_PYTEST, "-k", "takes_long") as process:
        wait_until((project / "seeded").exists, process)
        process.kill()
    (journal,) = journals()
    assert live.credential.client_secret not in journal.read_text()
    assert "Bearer" not in journal.read_text()
    code, output = clean(live, project)
    assert code == 0, output
    assert "2 starts, 2 card(s) cancelled" in output
    assert live.open_cards == [stranger]
    assert not journals()
    code, output = clean(live, project)
    assert code == 0
    assert "no run has left anything to clean up" in output


def test_a_killed_run_on_a_target_that_ignores_its_invocation(
    serve: Serve, project: Path, journals: Callable[[], list[Path]]
) -> None:
    """What a killed run left open is cancelled, and no card of others, though all are listed."""
    live = serve()
    live.sandbox.ignored = {method: {"flowInvocationId"} for method in ("GET", "PUT")}
    strangers = live.environment.seed([{"user_id": f"real-{n}"} for n in range(7)])
    with running(live, project, *_PYTEST, "-k", "kills") as process:
        assert end(process)[0] == -signal.SIGKILL
    code, output = clean(live, project)
    assert code == 0, output
    assert live.open_cards == strangers
    assert not journals()


def test_a_start_of_a_killed_run_can_be_discarded(
    serve: Serve, project: Path, journals: Callable[[], list[Path]]
) -> None:
    """A start that never shows its card is reported with an id, and forgotten by it."""
    live = serve(creation_delay=timedelta(hours=1))
    few = {"ATOMIC_CARDS_SEED_TIMEOUT": "0.2"}
    with running(live, project, *_PYTEST, "-k", "passes", **few) as process:
        code, output = end(process)
    assert code == pytest.ExitCode.TESTS_FAILED
    (name,) = re.findall(r"left waiting: start (\S+): accepted as invocation", output)
    assert "this run did not finish its clean-up" in output
    assert "earlier run" not in output
    code, output = clean(live, project, **few)
    assert (code, f"left: start {name}: accepted as" in output) == (1, True), output
    code, output = clean(live, project, "--discard", name, **few)
    assert (code, f"discarded {name}: a start of 1 card(s) for" in output) == (0, True), output
    assert not journals()


def test_later_runs_tell_of_a_journal(serve: Serve, project: Path) -> None:
    """A run against the same target names the command that finishes an earlier run's clean-up."""
    live, other = serve(), serve()
    killed_run(live, project)
    with running(live, project, *_PYTEST, "-q", "-k", "passes") as process:
        code, output = end(process)
    assert code == 0
    assert re.search(
        r"earlier run did not finish its clean-up; .*atomic-cards clean \(.*jsonl\)", output
    )
    with running(other, project, *_PYTEST, "-q", "-k", "passes") as process:
        assert "atomic-cards clean" not in end(process)[1]


def test_what_cannot_be_cancelled_stays_in_the_journal(
    serve: Serve, project: Path, journals: Callable[[], list[Path]]
) -> None:
    """An embargoed card that the target keeps is told, and cleaned up once it is published."""
    live = serve(wrong_state="409", cancel_embargoed="refused")
    killed_run(live, project)
    code, output = clean(live, project)
    assert code == 1
    assert "1 card(s) cancelled" in output
    assert re.search(r"left: cards of .*status=embargoed.*409", output)
    assert "the journal is kept" in output
    (journal,) = journals()
    live.sandbox.clock.advance(timedelta(hours=2))
    code, output = clean(live, project, "--journal", str(journal))
    assert code == 0, output
    assert not live.open_cards
    assert not journals()


def test_a_run_tells_what_it_leaves_waiting(
    serve: Serve, project: Path, journals: Callable[[], list[Path]]
) -> None:
    """The end of a run names the cards that could not be cancelled, and how to do it later."""
    live = serve(wrong_state="409", cancel_embargoed="refused")
    (project / "test_users.py").write_text(
        "from datetime import timedelta\n"
        "def test_embargo(cards):\n    cards.seed(embargo=timedelta(hours=1))\n"
    )
    for workers in ("0", "1"):
        with running(live, project, *_PYTEST, "-n", workers) as process:
            code, output = end(process)
        assert code == 0, output
        assert output.count("left waiting: cards of") == 1
        assert "atomic-cards clean" in output
    assert len(journals()) == 2


def test_two_runs_do_not_disturb_each_other(
    serve: Serve, project: Path, journals: Callable[[], list[Path]]
) -> None:
    """While a run is at work neither another run nor a clean-up touches its cards or journal."""
    live = serve()
    with running(live, project, *_PYTEST, "-k", "takes_long") as process:
        wait_until((project / "seeded").exists, process)
        (journal,) = journals()
        with running(live, project, *_PYTEST, "-q", "-k", "passes") as second:
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


def test_a_clean_up_finds_its_target_in_the_ini_file(
    serve: Serve, project: Path, journals: Callable[[], list[Path]]
) -> None:
    """What pyproject.toml says of the target counts for clean, after options and environment."""
    live = serve()
    killed_run(live, project)
    options = {name.lower(): value for name, value in live.environ.items()}
    options |= {"atomic_cards_environment_id": "another", "addopts": "--no-such-option"}
    del options["atomic_cards_client_secret"]
    lines = [f'{name} = "{value}"' for name, value in options.items()]
    (project / "pyproject.toml").write_text("\n".join(["[tool.pytest.ini_options]", *lines]))
    (project / "conftest.py").write_text("raise RuntimeError")
    secret = {"ATOMIC_CARDS_CLIENT_SECRET": live.environ["ATOMIC_CARDS_CLIENT_SECRET"]}

    def clean_by(**environ: str) -> tuple[int, str]:
        age_journals()
        done = subprocess.run(  # noqa: S603
            [*_COMMAND, "clean", "--cards-max-rate", "100"],
            cwd=project,
            env=os.environ | secret | environ,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    code, output = clean_by()
    assert (code, output.count("no run has left anything to clean up on")) == (0, 1), output
    assert output.strip().endswith("/v1/another")
    environment = live.environ["ATOMIC_CARDS_ENVIRONMENT_ID"]
    code, output = clean_by(ATOMIC_CARDS_ENVIRONMENT_ID=environment, ATOMIC_CARDS_TARGET="sandbox")
    assert (code, output.count("2 card(s) cancelled")) == (0, 1), output
    assert not live.open_cards
    assert not journals()


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--cards-target", "sandbox"], 2, "atomic-cards: clean acts on a live target: leave out"),
        (["--cards-dry-run"], 2, "atomic-cards: clean acts on a live target: leave out"),
        (["--cards-max-rate", "0"], 2, "atomic-cards: --cards-max-rate must be"),
        (["left.jsonl"], 2, "atomic-cards: clean takes no argument 'left.jsonl'; see --journal"),
        (["--no-such-option"], 4, "unrecognized arguments: --no-such-option"),
    ],
)
def test_bad_arguments_of_a_clean_up_are_refused(
    arguments: list[str],
    code: int,
    said: str,
    serve: Serve,
    *,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """What a clean-up cannot act by is told in one line before anything is sent."""
    live = serve()
    live.be_the_target(monkeypatch)
    monkeypatch.chdir(tmp_path)
    assert main(["clean", *arguments]) == code
    assert said in capsys.readouterr().err
    assert not live.log


def test_a_clean_up_needs_the_settings_of_a_live_target(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Without any settings a clean-up says in one line which it lacks."""
    monkeypatch.chdir(tmp_path)
    assert main(["clean"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("atomic-cards: a live target needs ATOMIC_CARDS_API_URL or ")


def test_a_killed_worker_leaves_its_journal(
    serve: Serve, project: Path, journals: Callable[[], list[Path]]
) -> None:
    """Of several workers only the one that was killed leaves cards, and its journal has them."""
    live = serve()
    with running(live, project, *_PYTEST, "-n", "2", "-k", "kills or passes") as process:
        code, output = end(process)
    assert code == pytest.ExitCode.TESTS_FAILED
    assert "atomic-cards clean" in output
    assert len(live.open_cards) == len(journals()) == 1
    assert clean(live, project)[0] == 0
    assert not live.open_cards


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "cannot be read: No such file"),
        (b"[]\n", "line 1"),
        (b'{"format": 2, "target": "x"}\n', "format 2"),
        ((b'{"format": 1, "target": "x"}\n'
          b'{"start": 1, "users": ["ann"], "others": [], "states": []}\n'),
         "line 2.*'ann' was not generated by a run"),
        (b'{"format": 1, "target": "http://elsewhere/v1/e"}\n', "is of http://elsewhere/v1/e, and"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_journal_is_refused(
    serve: Serve, project: Path, content: bytes | None, said: str
) -> None:
    """A missing, foreign or tampered file is one line, and nothing is sent."""
    live = serve()
    path = project / "journal.jsonl"
    if content is not None:
        path.write_bytes(content)
    code, output = clean(live, project, "--journal", str(path))
    assert code == 2
    assert re.search(said, output)
    assert len(output.splitlines()) == 1
    assert not live.log
