"""Files that hold a sandbox: which are refused, and what happens if one fails."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
import requests

from pytest_atomic_cards.sandbox import Sandbox
from pytest_atomic_cards.sandbox.database_file import APPLICATION_ID, SCHEMA_VERSION
from pytest_atomic_cards.sandbox.server import SandboxServer
from pytest_atomic_cards.support.errors import SettingsError

NOBODY = 65_534


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """The file of a sandbox with enough cards for many pages."""
    path = tmp_path / "cards.db"
    sandbox = Sandbox(db=path)
    sandbox.default.seed([{}] * 500)
    sandbox.close()
    return path


@pytest.fixture
def unprivileged() -> Iterator[Path]:
    """A directory of another user that this one may only read."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        Sandbox(db=directory / "cards.db").close()
        (directory / "cards.db").chmod(0o444)
        directory.chmod(0o555)
        root = os.geteuid() == 0
        if root:
            os.seteuid(NOBODY)
        yield directory
        if root:
            os.seteuid(0)
        directory.chmod(0o755)


def test_a_file_is_marked_as_a_sandboxs(own: Path) -> None:
    """The header of the file has the application id and the version of the tables."""
    header = own.read_bytes()[:100]
    assert int.from_bytes(header[68:72], "big") == APPLICATION_ID
    assert int.from_bytes(header[60:64], "big") == SCHEMA_VERSION


def test_a_file_serves_one_sandbox_at_a_time(own: Path) -> None:
    """A second sandbox on one file is refused; once the first is closed, it is accepted."""
    first = Sandbox(db=own)
    with pytest.raises(SettingsError, match=r"cards\.db .* in use, perhaps by another .*--db"):
        Sandbox(db=own)
    first.close()
    Sandbox(db=own).close()


@pytest.mark.parametrize("mode", ["delete", "wal"])
def test_a_foreign_database_is_left_as_it_is(mode: str, tmp_path: Path) -> None:
    """A database of another program is refused, and neither it nor its directory changes."""
    path = tmp_path / "other.db"
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA journal_mode = {mode}")
    connection.execute("CREATE TABLE t (a)")
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    with pytest.raises(SettingsError, match=r"other\.db .*not created by this sandbox.*--db"):
        Sandbox(db=path)
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before
    connection.close()


def test_a_file_of_an_earlier_version_is_refused(own: Path) -> None:
    """A file with our tables but without our mark stays as it is; the message says what to do."""
    with closing(sqlite3.connect(own)) as connection:
        connection.execute("PRAGMA application_id = 0")
        connection.execute("PRAGMA user_version = 0")
    before = {file.name: file.read_bytes() for file in own.parent.iterdir()}
    with pytest.raises(
        SettingsError, match=r"cards\.db .*earlier version .*; delete it, or .*--db"
    ):
        Sandbox(db=own)
    assert {file.name: file.read_bytes() for file in own.parent.iterdir()} == before


def test_another_version_of_the_tables_is_refused(own: Path) -> None:
    """The message names both versions."""
    content = bytearray(own.read_bytes())
    content[60:64] = (SCHEMA_VERSION + 1).to_bytes(4, "big")
    own.write_bytes(content)
    with pytest.raises(SettingsError, match=rf"version {SCHEMA_VERSION + 1} .*{SCHEMA_VERSION};"):
        Sandbox(db=own)


@pytest.mark.parametrize("damage", ["truncated", "overwritten"])
def test_a_damaged_database_is_refused(damage: str, own: Path) -> None:
    """A file with missing or garbled pages is refused before it is used."""
    content = own.read_bytes()
    middle = len(content) // 2
    rest = content[middle + 40_000 :] if damage == "overwritten" else b""
    own.write_bytes(content[:middle] + (b"\x5a" * 40_000 if rest else b"") + rest)
    with pytest.raises(SettingsError, match=r"cards\.db .*(damaged|malformed).*--db"):
        Sandbox(db=own)


def test_a_place_that_cannot_hold_a_database_is_refused(tmp_path: Path) -> None:
    """A directory, a file in a directory that does not exist, and text are refused."""
    (tmp_path / "notes.txt").write_text("my notes")
    for path, reason in (
        (tmp_path, "not a regular file"),
        (tmp_path / "missing" / "cards.db", "no directory"),
        (tmp_path / "notes.txt", "not a SQLite database"),
    ):
        with pytest.raises(SettingsError, match=reason):
            Sandbox(db=path)


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="needs users of POSIX")
@pytest.mark.parametrize("name", ["cards.db", "new.db"])
def test_what_is_read_only_is_refused(name: str, unprivileged: Path) -> None:
    """A file or a directory that the user may not write to is refused."""
    with pytest.raises(SettingsError, match="is read-only"):
        Sandbox(db=unprivileged / name)


def test_a_full_disk_is_a_507(own: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """A write without room is a JSON 507; everything stays usable, and nothing is logged."""
    sandbox = Sandbox(db=own)
    pages = "PRAGMA max_page_count = {}"
    sandbox._store._connection.execute(pages.format(1))
    count = len(sandbox.default.cards())
    with SandboxServer(sandbox) as server:
        control = f"{server.url}/_sandbox/cards"
        full = requests.post(control, json={"cards": [{}] * 2_000}, timeout=30)
        sandbox._store._connection.execute(pages.format(1_000_000))
        assert len(sandbox.default.cards()) == count
        after = requests.post(control, json={"cards": [{}], "brief": True}, timeout=30)
    sandbox.close()
    assert full.status_code == 507
    assert "trouble of the sandbox" in full.json()["message"]
    assert after.json() == {"count": 1}
    assert capfd.readouterr().err == ""


def test_cards_that_wait_are_not_lost_on_a_full_disk(own: Path) -> None:
    """Cards that could not be created when they were due are created once there is room."""
    sandbox = Sandbox(db=own, creation_delay=timedelta(seconds=5))
    before = len(sandbox.default.cards())
    sandbox._flows.start(
        sandbox.default.number,
        sandbox.default.flows[sandbox.flow_id],
        b'{"flows": [{"target": {"usersById": ["%s"]}}]}' % (b"u" * 200_000),
        test=False,
        test_users=(),
    )
    sandbox._store._connection.execute("PRAGMA max_page_count = 1")
    sandbox.clock.advance(timedelta(seconds=10))
    with pytest.raises(sqlite3.OperationalError, match="full"):
        sandbox.default.cards()
    sandbox._store._connection.execute("PRAGMA max_page_count = 1000000")
    assert len(sandbox.default.cards()) == before + 1
    sandbox.close()


@pytest.mark.parametrize("code", [sqlite3.SQLITE_IOERR_READ, sqlite3.SQLITE_CORRUPT, 5])
def test_trouble_with_the_file_is_a_503(
    code: int, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """An I/O error, corruption or a lock at run time is a JSON 503 without a traceback."""
    error = sqlite3.OperationalError("trouble")
    error.sqlite_errorcode = code
    sandbox = Sandbox()

    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(sandbox._tokens, "issue", fail)
    with SandboxServer(sandbox) as server:
        reply = requests.post(f"{server.url}{sandbox.token_path}", timeout=30)
    sandbox.close()
    assert (reply.status_code, capfd.readouterr().err) == (503, "")
    assert "trouble of the sandbox" in reply.json()["message"]


def test_a_bug_is_a_500_that_can_be_found_in_the_log(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """An unexpected error is a JSON 500 with an id; its traceback is on standard error only."""
    sandbox = Sandbox()
    monkeypatch.setattr(sandbox._tokens, "issue", None)
    with SandboxServer(sandbox) as server:
        reply = requests.post(f"{server.url}{sandbox.token_path}", timeout=30)
    sandbox.close()
    message, log = reply.json()["message"], capfd.readouterr().err
    assert reply.status_code == 500
    assert message.split()[1] in log
    assert "Traceback" in log
    assert "Traceback" not in message
