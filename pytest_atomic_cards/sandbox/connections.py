"""Connections: which ones a server has open, and which of them it may close."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from typing import Final

MOST_OPEN: Final = 128
"""Connections, each with a thread: a dozen test workers with the ten connections that ``requests``
keeps in a pool, and some to spare."""
_LAST_WAIT: Final = 0.5
"""Seconds that requests in progress get when a server stops, so that it stops within a second."""


class Connections:
    """The open connections of a server.

    To make room for a new connection, the one that has waited longest for a request, or for the
    rest of one, is closed. A connection whose request is in progress stays open.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: dict[socket.socket, None] = {}
        self._working: set[socket.socket] = set()

    def add(self, connection: socket.socket) -> None:
        """Register a new connection, making room for it if necessary."""
        with self._changed:
            if not self._has_room():
                self._close_longest_waiting()
                self._changed.wait_for(self._has_room, _LAST_WAIT)
            self._waiting[connection] = None

    def wait(self, connection: socket.socket) -> None:
        """Mark a connection as waiting for its next request."""
        with self._changed:
            self._working.discard(connection)
            self._waiting[connection] = None
            self._changed.notify_all()

    def work(self, connection: socket.socket) -> None:
        """Mark a connection as busy: its request has arrived."""
        with self._changed:
            self._waiting.pop(connection, None)
            self._working.add(connection)

    def remove(self, connection: socket.socket) -> None:
        """Forget a connection that is closed."""
        with self._changed:
            self._waiting.pop(connection, None)
            self._working.discard(connection)
            self._changed.notify_all()

    def close(self) -> None:
        """Close all connections, once requests in progress are done or have taken too long."""
        with self._changed:
            self._changed.wait_for(lambda: not self._working, _LAST_WAIT)
            for connection in (*self._waiting, *self._working):
                _hang_up(connection)

    def _has_room(self) -> bool:
        return len(self._waiting) + len(self._working) < MOST_OPEN

    def _close_longest_waiting(self) -> None:
        connection = next(iter(self._waiting), None)
        if connection is not None:
            del self._waiting[connection]
            _hang_up(connection)


def _hang_up(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
