"""The command that serves a sandbox."""

from __future__ import annotations

import os
import re
import shlex
import signal
import socket
import sqlite3
import subprocess
import time
from pathlib import Path

import pytest
import requests
from command_line import COMMAND

from pytest_atomic_cards.client import CardsApi, CardsSession, ClientCredentials
from pytest_atomic_cards.plugin.cli import main
from pytest_atomic_cards.sandbox import Sandbox


class Served:
    """The command in its own process, and the variables that it printed."""

    def __init__(self, *arguments: str | Path) -> None:
        self.process = subprocess.Popen(  # noqa: S603
            [*COMMAND, "sandbox", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONUNBUFFERED": ""},
        )
        assert self.process.stdout is not None
        self.comment = self.process.stdout.readline()
        lines = [shlex.split(self.process.stdout.readline()) for _ in range(7)]
        self.exported = dict(line[1].split("=", 1) for line in lines if line[0] == "export")

    def api(self) -> tuple[CardsSession, CardsApi]:
        """A client with nothing but the variables."""
        value = {name.removeprefix("ATOMIC_CARDS_"): text for name, text in self.exported.items()}
        tokens = ClientCredentials(
            token_url=value["TOKEN_URL"],
            client_id=value["CLIENT_ID"],
            client_secret=value["CLIENT_SECRET"],
        )
        client = CardsSession(base_url=value["API_URL"], tokens=tokens)
        return client, CardsApi(client, value["ENVIRONMENT_ID"])

    def end(self, number: signal.Signals) -> tuple[int, str]:
        """Send a signal; returns the exit code and standard error."""
        self.process.send_signal(number)
        _, errors = self.process.communicate(timeout=30)
        return self.process.returncode, errors


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_command_prints_how_to_reach_it_and_ends_cleanly(number: signal.Signals) -> None:
    """The printed variables are enough for a client; a signal ends it within a second."""
    served = Served()
    client, api = served.api()
    with client:
        assert api.list() == []
    assert served.comment.startswith("# Sandbox at http://127.0.0.1:")
    assert sorted(served.exported) == [
        "ATOMIC_CARDS_API_URL",
        "ATOMIC_CARDS_CLIENT_ID",
        "ATOMIC_CARDS_CLIENT_SECRET",
        "ATOMIC_CARDS_ENVIRONMENT_ID",
        "ATOMIC_CARDS_FLOW_ID",
        "ATOMIC_CARDS_TARGET",
        "ATOMIC_CARDS_TOKEN_URL",
    ]
    assert served.exported["ATOMIC_CARDS_TARGET"] == "live"
    host, port = served.exported["ATOMIC_CARDS_API_URL"].removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=30) as half:
        half.sendall(b"GET / HTTP/1.1\r\n")
        start = time.monotonic()
        ended = served.end(number)
        assert time.monotonic() - start < 2  # one second, and one more on a busy machine
    assert ended == (0, "")


@pytest.mark.parametrize("name", ["foreign", "locked"])
def test_an_unusable_file_ends_the_command_with_2(
    name: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The command prints one line that names the file, not a traceback."""
    path = tmp_path / "cards.db"
    if name == "locked":
        Sandbox(db=path).close()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE" if name == "locked" else "CREATE TABLE foreign_table (a)")
    code = main(["sandbox", "--db", str(path)])
    other.close()
    printed = capfd.readouterr()
    assert (code, printed.out) == (2, "")
    assert re.fullmatch(rf"atomic-cards: {path} cannot be used .*--db\n", printed.err)


def test_cards_in_a_file_outlive_the_command(tmp_path: Path) -> None:
    """A second process is refused the file; once the first has ended, it serves its cards."""
    db = tmp_path / "cards.db"
    first = Served("--db", db)
    url = first.exported["ATOMIC_CARDS_API_URL"]
    seeded = requests.post(
        f"{url}/_sandbox/cards", json={"cards": [{"userId": "kept"}]}, timeout=10
    )
    assert seeded.status_code == 200
    busy = subprocess.run(  # noqa: S603
        [*COMMAND, "sandbox", "--db", db], capture_output=True, text=True, check=False
    )
    assert (busy.returncode, busy.stdout) == (2, "")
    assert re.fullmatch(r"atomic-cards: .*cards\.db .*in use.*--db\n", busy.stderr)
    assert first.end(signal.SIGTERM) == (0, "")
    second = Served("--db", db)
    client, api = second.api()
    with client:
        assert [card.user_id for card in api.list()] == ["kept"]
    assert second.end(signal.SIGTERM) == (0, "")


def start(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str
) -> str:
    """What the command prints; it ends as soon as it serves."""
    monkeypatch.setattr("pytest_atomic_cards.sandbox.server.REAL_CLOCK.sleep", interrupt)
    assert main(["sandbox", *arguments]) == 0
    return capsys.readouterr().out


def interrupt(_: float) -> None:
    """Stand in for Ctrl-C."""
    os.kill(os.getpid(), signal.SIGINT)


def test_a_credential_in_a_file_outlives_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With ``--db`` the same credential is printed each time, without it a new one."""
    arguments = "--db", str(tmp_path / "cards.db")
    first, second = (credential_in(start(monkeypatch, capsys, *arguments)) for _ in range(2))
    assert first == second
    assert first != credential_in(start(monkeypatch, capsys))


def credential_in(printed: str) -> list[str]:
    """The lines that name the credential."""
    return [line for line in printed.splitlines() if "CLIENT_" in line]


def test_a_given_credential_is_kept_and_its_secret_is_not_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The given secret replaces the one in the file, and the output does not hold it."""
    db = str(tmp_path / "cards.db")
    start(monkeypatch, capsys, "--db", db)
    given = "--db", db, "--client-id", "mine", "--client-secret", "s3cret-of-mine"
    printed = start(monkeypatch, capsys, *given)
    assert "export ATOMIC_CARDS_CLIENT_ID=mine" in printed
    assert "s3cret-of-mine" not in printed
    sandbox = Sandbox(db=Path(db))
    secrets = {one.client_id: one.client_secret for one in sandbox.default.credentials}
    sandbox.close()
    assert secrets["mine"] == "s3cret-of-mine"


def test_a_sandbox_on_all_addresses_prints_one_that_can_be_reached(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With ``--host 0.0.0.0`` the printed URL is that of loopback."""
    printed = start(monkeypatch, capsys, "--host", "0.0.0.0")  # noqa: S104
    assert "export ATOMIC_CARDS_API_URL=http://127.0.0.1:" in printed


def test_the_command_names_test_users(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each --test-user may be reached by test starts."""
    made: list[Sandbox] = []
    close = Sandbox.close
    monkeypatch.setattr(Sandbox, "close", lambda self: (made.append(self), close(self)))
    start(monkeypatch, capsys, "--test-user", "ann", "--test-user", "bob")
    assert [sandbox.default.test_users for sandbox in made] == [{"ann", "bob"}]
