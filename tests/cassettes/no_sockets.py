"""Refuses sockets: to a process that has this plugin, or to a part of a test."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

_OPENING = {
    socket.socket: ("connect", "connect_ex", "listen", "sendto"),
    socket: ("getaddrinfo", "create_connection"),
}


def _refuse(*_: object, **__: object) -> None:
    raise SystemExit("a socket was opened")


def refuse_sockets(put: Callable[[object, str, object], None]) -> None:
    """Put a refusal in the place of each function that opens a connection."""
    for owner, names in _OPENING.items():
        for name in names:
            put(owner, name, _refuse)


@pytest.hookimpl(tryfirst=True)
def pytest_configure() -> None:
    """Refuse them to the end of the process."""
    refuse_sockets(setattr)
