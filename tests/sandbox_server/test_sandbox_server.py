"""The sandbox behind a socket, over which clients reach it side by side."""

from __future__ import annotations

import signal
import socket
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
from pytest_atomic_cards.sandbox import Sandbox
from pytest_atomic_cards.sandbox.server import SandboxServer, run_sandbox
from pytest_atomic_cards.support.errors import SettingsError


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


def test_stopping_takes_no_time(sandbox: Sandbox) -> None:
    """A server stops at once, so tests that use one do not wait for it."""

    def stop() -> float:
        server = SandboxServer(sandbox)
        server.start()
        begin = time.perf_counter()
        server.stop()
        return time.perf_counter() - begin

    assert min(stop() for _ in range(10)) < 0.02
