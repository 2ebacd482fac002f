"""A development server may serve one connection at a time, and keep it open."""

from __future__ import annotations

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from pytest_atomic_cards.client.transport import open_http

SOON = 5.0
"""Seconds for a response that a blocked server would never send."""


class KeepsOpen(BaseHTTPRequestHandler):
    """Waits for the next request on the same connection."""

    protocol_version = "HTTP/1.1"
    timeout = 2 * SOON

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"[]")

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@pytest.fixture
def url() -> Iterator[str]:
    """The address of such a server."""
    server = HTTPServer(("127.0.0.1", 0), KeepsOpen)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


def test_further_connections_are_served(url: str) -> None:
    """A second session, such as that of the token endpoint, does not wait for the first to end."""
    first, second = open_http(trust_env=False), open_http(trust_env=False)
    for _ in range(2):
        assert first.get(url, timeout=SOON).content == b"[]"
        assert second.get(url, timeout=SOON).content == b"[]"
