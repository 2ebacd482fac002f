"""A WSGI application on a real socket, served from threads of this process."""

from __future__ import annotations

import os
import socket
import threading
from typing import TYPE_CHECKING, Final, Self

from pytest_atomic_cards.sandbox.connections import MOST_OPEN
from pytest_atomic_cards.sandbox.http_server import HttpServer
from pytest_atomic_cards.support.errors import SettingsError

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

_EVERYWHERE: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - only looked up
"""Addresses that stand for all of this machine, and the one of them to connect to."""


class LoopbackServer:
    """Serves an application to clients in other processes and other languages.

    Args:
        app: The application.
        host: Address to listen on.
        port: Port to listen on; 0 for a free one.
    """

    def __init__(self, app: WSGIApplication, host: str = "127.0.0.1", port: int = 0) -> None:
        self._app = app
        self._host = host
        self._port = port
        self._server: HttpServer | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """The root of the application, as this machine reaches it.

        A free port is known after :meth:`start`.
        """
        host = _EVERYWHERE.get(self._host, self._host)
        host = f"[{host}]" if ":" in host else host
        return f"http://{host}:{self._port}"

    def start(self) -> None:
        """Listen, and serve requests until :meth:`stop`.

        Raises:
            SettingsError: The port or the address is unavailable.
        """
        listener = self._listen()
        self._port = listener.getsockname()[1]
        self._server = HttpServer(listener, self._app)
        self._thread = threading.Thread(
            target=self._server.serve, name="sandbox-server", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Stop listening; does nothing if the server is not running."""
        server, self._server = self._server, None
        thread, self._thread = self._thread, None
        if server is not None and thread is not None:
            server.stop()
            thread.join()
            server.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _listen(self) -> socket.socket:
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        try:
            return socket.create_server((self._host, self._port), family=family, backlog=MOST_OPEN)
        except (OSError, OverflowError) as error:
            number = error.errno if isinstance(error, OSError) else None
            reason = os.strerror(number) if number and number > 0 else error
            raise SettingsError(
                f"the sandbox cannot listen on port {self._port} of {self._host} ({reason}); "
                "choose another with --port, 0 for a free one, or another address with --host"
            ) from None
