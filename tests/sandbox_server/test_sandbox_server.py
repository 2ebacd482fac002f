from __future__ import annotations

import os
import re
import shlex
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from pytest_atomic_cards.client import CardsApi, CardsSession, ClientCredentials
from pytest_atomic_cards.model.lifecycle import Action
from pytest_atomic_cards.model.query import CardQuery
from pytest_atomic_cards.plugin.cli import main
from pytest_atomic_cards.sandbox import Sandbox
from pytest_atomic_cards.sandbox.server import SandboxServer, run_sandbox
from pytest_atomic_cards.support.errors import SettingsError

COMMAND = [
    sys.executable,
    "-c",
    "import sys; from pytest_atomic_cards.plugin.cli import main; sys.exit(main())",
    "sandbox",
]


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A new sandbox."""
    sandbox = Sandbox()
    yield sandbox
    sandbox.close()


def session(url: str, client_id: str, client_secret: str) -> CardsSession:
    """A client of a served sandbox."""
    tokens = ClientCredentials(
        token_url=f"{url}/oauth2/token", client_id=client_id, client_secret=client_secret
    )
    return CardsSession(base_url=url, tokens=tokens)


def test_a_client_works_against_it(sandbox: Sandbox) -> None:
    """Token, listing and action go over the socket, with all values intact."""
    sandbox.default.seed([{"user_id": "a%2F+ü&b"}])
    credential = sandbox.default.create_credential()
    with (
        SandboxServer(sandbox) as server,
        session(server.url, credential.client_id, credential.client_secret) as client,
    ):
        api = CardsApi(client, sandbox.default.environment_id)
        (card,) = api.list(CardQuery(user_id="a%2F+ü&b"))
        api.complete(CardQuery(lifecycle_id=card.lifecycle_id), {"ü": 1})
    assert sandbox.default.cards()[0].completion == {"ü": 1}


def test_the_controls_are_there(sandbox: Sandbox) -> None:
    """The served sandbox can be steered under its own prefix."""
    before = sandbox.clock.now()
    with SandboxServer(sandbox) as server:
        reply = requests.post(f"{server.url}/_sandbox/clock", json={"advance": 3600}, timeout=10)
    assert reply.status_code == 200
    assert (sandbox.clock.now() - before).total_seconds() >= 3600


def test_requests_are_answered_side_by_side(sandbox: Sandbox) -> None:
    """A request that waits in the application does not block another."""
    meeting = threading.Barrier(2)

    class Meeting(Sandbox):
        def __call__(self, environ, start_response):  # noqa: ANN001, ANN204
            meeting.wait(timeout=30)
            return super().__call__(environ, start_response)

    sandbox = Meeting()
    with SandboxServer(sandbox) as server, ThreadPoolExecutor(2) as pool:
        replies = list(pool.map(lambda _: requests.get(server.url, timeout=60), range(2)))
    sandbox.close()
    assert [reply.status_code for reply in replies] == [404, 404]


def test_each_card_is_cancelled_once_however_many_ask(sandbox: Sandbox) -> None:
    """Drains from several threads over the socket count each card once."""
    sandbox.default.seed([{"user_id": "u"}] * 200)
    credential = sandbox.default.create_credential()
    with (
        SandboxServer(sandbox) as server,
        session(server.url, credential.client_id, credential.client_secret) as client,
    ):
        api = CardsApi(client, sandbox.default.environment_id)
        with ThreadPoolExecutor(4) as pool:
            drains = [
                pool.submit(api.drain, Action.CANCEL, CardQuery(user_id="u"), batch=7)
                for _ in range(4)
            ]
    assert sum(drain.result().updated for drain in drains) == 200


def test_the_port_is_free_after_stopping(sandbox: Sandbox) -> None:
    """A stopped server does not respond, and can be started again on its port."""
    server = SandboxServer(sandbox)
    server.start()
    url = server.url
    server.stop()
    server.stop()
    with pytest.raises(requests.ConnectionError):
        requests.get(url, timeout=10)
    with server:
        assert server.url == url
        assert requests.get(url, timeout=10).status_code == 404


def test_a_busy_port_is_one_clear_error(sandbox: Sandbox) -> None:
    """The message names port and address, and says how to choose another."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(SettingsError, match=rf"port {port} of 127\.0\.0\.1 .*--port"):
            SandboxServer(sandbox, port=port).start()


def test_a_file_that_is_no_database_is_one_clear_error(tmp_path: Path) -> None:
    """The message names the file, and the signal handlers are as before."""
    file = tmp_path / "notes.txt"
    file.write_text("these are my notes, and not a database at all" * 100)
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(SettingsError, match=r"notes\.txt .*--db"):
        run_sandbox(0, file)
    assert signal.getsignal(signal.SIGINT) is before


class Served:
    """The command in its own process, and the variables that it printed."""

    def __init__(self, *arguments: str | Path) -> None:
        self.process = subprocess.Popen(  # noqa: S603
            [*COMMAND, *arguments],
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
        [*COMMAND, "--db", db], capture_output=True, text=True, check=False
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


def test_a_deleted_credential_is_gone_from_the_file(tmp_path: Path) -> None:
    """A credential that was deleted does not come back when the file is opened again."""
    db = tmp_path / "cards.db"
    sandbox = Sandbox(db=db)
    kept, deleted = (sandbox.default.create_credential() for _ in range(2))
    sandbox.default.delete_credential(deleted.client_id)
    sandbox.close()
    again = Sandbox(db=db)
    assert again.default.credentials == [kept]
    again.close()


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


PREFLIGHT = {
    "Origin": "http://app.example",
    "Access-Control-Request-Method": "PUT",
    "Access-Control-Request-Headers": "authorization",
}


def test_cors_lets_pages_call_the_api_and_not_the_controls(sandbox: Sandbox) -> None:
    """With CORS a preflight allows actions with a token, an error is readable, controls are not."""
    with SandboxServer(sandbox, cors=True) as server:
        cards = f"{server.url}/v1/sandbox/cards"
        preflight = requests.options(f"{cards}/cancel", headers=PREFLIGHT, timeout=10)
        refused = requests.get(cards, headers={"Origin": "http://app.example"}, timeout=10)
        control = requests.options(f"{server.url}/_sandbox/clock", headers=PREFLIGHT, timeout=10)
    assert preflight.status_code == 200
    assert "PUT" in preflight.headers["Access-Control-Allow-Methods"]
    assert "Authorization" in preflight.headers["Access-Control-Allow-Headers"]
    assert refused.status_code == 401
    assert refused.headers["Access-Control-Allow-Origin"] == "*"
    assert control.status_code == 403
    assert "Access-Control-Allow-Origin" not in control.headers


def test_without_cors_no_page_is_let_in(sandbox: Sandbox) -> None:
    """By default no response has a CORS header."""
    with SandboxServer(sandbox) as server:
        reply = requests.options(f"{server.url}/v1/sandbox/cards", headers=PREFLIGHT, timeout=10)
    assert reply.status_code in {401, 405}
    assert "Access-Control-Allow-Origin" not in reply.headers


def test_one_connection_serves_many_requests(sandbox: Sandbox) -> None:
    """A client that keeps its connection needs only one, also after an error."""
    with SandboxServer(sandbox) as server, requests.Session() as client:
        for _ in range(3):
            assert client.get(server.url, timeout=10).status_code == 404
        pools = client.adapters["http://"].poolmanager.pools
        (pool,) = (pools[key] for key in [*pools.keys()])
    assert (pool.num_connections, pool.num_requests) == (1, 3)
