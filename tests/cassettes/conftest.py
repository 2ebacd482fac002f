"""Fixtures of the tests of cassettes."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest
from played_parts import Recordings


@pytest.fixture
def recordings(tmp_path: Path) -> Recordings:
    """Recordings in an empty directory."""
    return Recordings(tmp_path)


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Refuses every socket from when it is called."""

    def refuse(*_: object, **__: object) -> NoReturn:
        raise AssertionError("a socket was opened")

    def begin() -> None:
        for name in ("connect", "connect_ex", "bind", "sendto"):
            monkeypatch.setattr(socket.socket, name, refuse, raising=False)
        monkeypatch.setattr(socket, "getaddrinfo", refuse)

    return begin
