"""The sandbox on a real socket: for clients in other processes and other languages."""

from __future__ import annotations

import shlex
import signal
import sys
from typing import TYPE_CHECKING, Final

from pytest_atomic_cards.sandbox.app import Sandbox
from pytest_atomic_cards.sandbox.authorization import CARDS_ROLE
from pytest_atomic_cards.sandbox.control_endpoint import Control
from pytest_atomic_cards.sandbox.cross_origin import CrossOrigin
from pytest_atomic_cards.sandbox.faulty_network import FaultyNetwork
from pytest_atomic_cards.sandbox.loopback_server import LoopbackServer
from pytest_atomic_cards.support.clock import REAL_CLOCK

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from _typeshed.wsgi import WSGIApplication

    from pytest_atomic_cards.model.profile import Profile
    from pytest_atomic_cards.sandbox.authorization import Credential

_POLL: Final = 0.05
"""Seconds between checks whether to stop: nobody notices so short a delay of Ctrl-C."""


class SandboxServer(LoopbackServer):
    """Serves a sandbox, with its controls, from threads of this process.

    Args:
        sandbox: What to serve; it is not closed with the server.
        host: Address to listen on.
        port: Port to listen on; 0 for a free one.
        cors: Whether pages of any site may call it from a browser.
    """

    def __init__(
        self, sandbox: Sandbox, host: str = "127.0.0.1", port: int = 0, *, cors: bool = False
    ) -> None:
        app: WSGIApplication = FaultyNetwork(Control(sandbox), sandbox.network)
        super().__init__(CrossOrigin(app) if cors else app, host, port)


def run_sandbox(
    port: int = 0,
    db: Path | None = None,
    host: str = "127.0.0.1",
    profile: Profile | None = None,
    faults: Sequence[str] = (),
    *,
    client_id: str | None = None,
    client_secret: str | None = None,
    cors: bool = False,
    test_users: Sequence[str] = (),
) -> int:
    """Print how to point a client at a sandbox, and serve it until Ctrl-C or SIGTERM.

    Args:
        port: Port to listen on; 0 for a free one.
        db: File for environments, credentials and cards; in memory if left out.
        host: Address to listen on.
        profile: Its choices in what the documentation leaves open.
        faults: Names of faults to switch on.
        client_id: Id of the credential to print; that of the file, or a new one, if left out.
        client_secret: Its secret, which is then not printed; as above if left out.
        cors: Whether pages of any site may call the sandbox from a browser.
        test_users: The only users whom test starts of its Action Flow reach.

    Returns:
        The exit code of the command.

    Raises:
        MisuseError: A fault is unknown, the file is not a sandbox's database, or the port is
            taken.
    """
    received: list[int] = []
    handlers = {
        number: signal.signal(number, lambda number, _: received.append(number))
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        sandbox = Sandbox(profile, faults, db=db)
        try:
            sandbox.default.test_users = frozenset(test_users)
            credential = _credential(sandbox, client_id, client_secret)
            with SandboxServer(sandbox, host, port, cors=cors) as server:
                shown = "" if client_secret else credential.client_secret
                sys.stdout.write(_directions(sandbox, server.url, credential.client_id, shown))
                sys.stdout.flush()
                # A blocking wait can miss a signal: another thread may receive it, and then nothing
                # wakes this one, in which Python runs the handler.
                while not received:
                    REAL_CLOCK.sleep(_POLL)
        finally:
            sandbox.close()
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    return 0


def _credential(sandbox: Sandbox, client_id: str | None, client_secret: str | None) -> Credential:
    """The credential to serve with: as given, else the one in the file, else a new one."""
    known = [one for one in sandbox.default.credentials if one.role == CARDS_ROLE]
    kept = next((one for one in known if client_id in {None, one.client_id}), None)
    if kept and not client_secret:
        return kept
    return sandbox.default.create_credential(
        client_id=kept.client_id if kept else client_id, client_secret=client_secret
    )


def _directions(sandbox: Sandbox, url: str, client_id: str, client_secret: str) -> str:
    variables = {
        "TARGET": "live",
        "API_URL": url,
        "TOKEN_URL": f"{url}{sandbox.token_path}",
        "ENVIRONMENT_ID": sandbox.default.environment_id,
        "CLIENT_ID": client_id,
        "CLIENT_SECRET": client_secret,
        "FLOW_ID": sandbox.flow_id,
    }
    lines = [
        f"export ATOMIC_CARDS_{name}={shlex.quote(value)}"
        if value
        else f"# ATOMIC_CARDS_{name} is the one that was given"
        for name, value in variables.items()
    ]
    return "\n".join([f"# Sandbox at {url} until Ctrl-C. To point a client at it:", *lines, ""])
