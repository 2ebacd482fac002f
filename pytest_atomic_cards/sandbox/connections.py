"""Connections: which a server has open, and which of them it may close."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from typing import Final

_MOST: Final = 128
"""Connections, each with a thread: more than a suite on every core of a large machine opens."""
_LAST_WAIT: Final = 0.5
"""Seconds that requests in progress have left when a server stops."""


class Connections:
    """The open connections of a server.

    A connection that waits for a request, or for the rest of one, is closed to make room for a
    new one, the one that has waited longest first. One whose request is being answered is not.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: dict[socket.socket, None] = {}
        self._working: set[socket.socket] = set()

    def add(self, connection: socket.socket) -> None:
        """Take note of a new connection, once there are fewer than the most."""
        with self._changed:
            if len(self._waiting) + len(self._working) >= _MOST:
                self._close_longest_waiting()
                self._changed.wait_for(
                    lambda: len(self._waiting) + len(self._working) < _MOST, _LAST_WAIT
                )
            self._waiting[connection] = None

    def wait(self, connection: socket.socket) -> None:
        """A connection waits for its next request."""
        with self._changed:
            self._working.discard(connection)
            self._waiting[connection] = None
            self._changed.notify_all()

    def work(self, connection: socket.socket) -> None:
        """The request of a connection has arrived and is being answered."""
        with self._changed:
            self._waiting.pop(connection, None)
            self._working.add(connection)

    def remove(self, connection: socket.socket) -> None:
        """A connection is closed."""
        with self._changed:
            self._waiting.pop(connection, None)
            self._working.discard(connection)
            self._changed.notify_all()

    def close(self) -> None:
        """Close all that wait, at once, and the others after a moment."""
        with self._changed:
            self._changed.wait_for(lambda: not self._working, _LAST_WAIT)
            for connection in (*self._waiting, *self._working):
                _hang_up(connection)

    def _close_longest_waiting(self) -> None:
        connection = next(iter(self._waiting), None)
        if connection is not None:
            del self._waiting[connection]
            _hang_up(connection)


def _hang_up(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
