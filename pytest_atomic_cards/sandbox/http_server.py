"""HttpServer: a WSGI application on a socket that no client can block.

Every request is read completely before the application sees it, within limits of size and time, so
that its connection can be reused. Every response has a complete JSON body, even to a bad request.
"""

from __future__ import annotations

import io
import json
import socket
import sys
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote_to_bytes

from pytest_atomic_cards.sandbox.connections import Connections
from pytest_atomic_cards.sandbox.faulty_network import REQUEST_URI, call
from pytest_atomic_cards.sandbox.refusal import Refusal
from pytest_atomic_cards.sandbox.request_body import LARGEST_BODY, body_length, check_length
from pytest_atomic_cards.sandbox.server_errors import trouble_with
from pytest_atomic_cards.sandbox.threaded_server import ThreadedServer
from pytest_atomic_cards.support.clock import REAL_CLOCK

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

_IDLE: Final = 15.0
"""Seconds that a connection may wait for its next request: long enough for the pauses between the
requests of a test. Clients reconnect without an error."""
_READING: Final = 10.0
"""Seconds for a complete request: the largest arrives on loopback in 0.2 s on a busy machine,
so only a client that has stopped sending takes as long."""
_LARGEST_HEAD: Final = 262_144
"""Bytes of request line and headers: four of the longest lines that the standard library reads."""
_CHUNK_LINE: Final = 256
"""Bytes of a line that announces a chunk: 16 digits, and room for extensions."""
_DRAINING: Final = 1.0
"""Seconds for a client on loopback to notice that its request was refused."""
_WRITING: Final = 30.0
"""Seconds for a client to read a response. Buffers of the socket hold the usual one; a page of ten
thousand cards has megabytes that a client may parse as they arrive."""


class HttpServer(ThreadedServer):
    """Serves an application, with a thread for each connection.

    Args:
        listener: Accepts connections; closed with the server.
        app: Answers requests.
    """

    def __init__(self, listener: socket.socket, app: WSGIApplication) -> None:
        super().__init__(listener, _Handler)
        self.app = app
        self.connections = Connections()

    def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401
        """Serve a connection in a thread as soon as there is room for it."""
        self.connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:  # noqa: ANN401
        """Close a connection."""
        self.connections.remove(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401
        """Ignore clients that disconnect; report everything else as a bug."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)

    def close(self) -> None:
        """Stop listening, and close the connections once their requests are answered."""
        self.server_close()
        self.connections.close()


class _Wire(io.RawIOBase):
    """Reads from a socket up to a deadline and a number of bytes."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self.deadline = 0.0
        self.left = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401
        wait = self.deadline - REAL_CLOCK.monotonic()
        if wait <= 0:
            raise TimeoutError
        if self.left <= 0:
            raise Refusal(431, "the request line and headers are too large")
        self._connection.settimeout(wait)
        count = self._connection.recv_into(buffer)
        self.left -= count
        return count


class _Handler(BaseHTTPRequestHandler):
    server: HttpServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self) -> None:
        super().setup()
        self.rfile.close()
        self._wire = _Wire(self.connection)
        self.rfile = self._reader = io.BufferedReader(self._wire)

    def version_string(self) -> str:
        return "atomic-cards-sandbox"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, ANN401
        """Log nothing: standard error is for bugs."""

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Respond to a request that never reaches the application."""
        self.close_connection = True
        text = explain or message or HTTPStatus(code).phrase
        body = json.dumps({"message": text}).encode()
        kind = [("Content-Type", "application/json")]
        self._send(f"{code} {HTTPStatus(code).phrase}", kind, body)
        self._drain()

    def handle_one_request(self) -> None:
        if not self._await_request():
            return
        try:
            if self.parse_request():
                self._respond()
        except TimeoutError:
            self.send_error(408, f"the request did not arrive within {_READING:g} seconds")
        except Refusal as refusal:
            self.send_error(refusal.status, refusal.message)
        except OSError:
            raise
        except Exception as error:  # noqa: BLE001 - the client gets a response in any case
            self.send_error(*trouble_with(error))

    def _drain(self) -> None:
        """Read the rest of the request; otherwise the client sees a reset and no response."""
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_WR)
            self._wire.deadline = REAL_CLOCK.monotonic() + _DRAINING
            self._wire.left = 2 * LARGEST_BODY
            with suppress(Refusal):
                while self.rfile.read1(65_536):
                    """Discard it."""

    def _await_request(self) -> bool:
        """Read a request line; false if none arrives."""
        self.close_connection = True
        self.server.connections.wait(self.connection)
        self._wire.deadline = REAL_CLOCK.monotonic() + _IDLE
        self._wire.left = _LARGEST_HEAD
        try:
            if not self._reader.peek(1):
                return False
        except OSError:
            return False
        self._wire.deadline = REAL_CLOCK.monotonic() + _READING
        try:
            self.raw_requestline = self.rfile.readline(65_537)
        except TimeoutError:
            self.send_error(408, f"the request did not arrive within {_READING:g} seconds")
            return False
        if len(self.raw_requestline) > 65_536:  # noqa: PLR2004 - as in the standard library
            self.send_error(414, "the request line is too long")
            return False
        return bool(self.raw_requestline)

    def _respond(self) -> None:
        environ = self._environ()
        self.server.connections.work(self.connection)
        line, headers, body = call(self.server.app, environ)
        announced = next((v for n, v in headers if n.lower() == "content-length"), None)
        if announced is not None and self.command != "HEAD" and int(announced) != len(body):
            self.close_connection = True  # a response that is cut off on purpose
        self._send(line, headers, b"" if self.command == "HEAD" else body)

    def _send(self, line: str, headers: list[tuple[str, str]], body: bytes) -> None:
        if not any(name.lower() == "content-length" for name, _ in headers):
            headers = [*headers, ("Content-Length", str(len(body)))]
        own = [
            ("Server", self.version_string()),
            ("Date", self.date_time_string(REAL_CLOCK.timestamp())),
        ]
        if self.close_connection:
            own.append(("Connection", "close"))
        head = "".join(f"{name}: {value}\r\n" for name, value in [*own, *headers])
        self.connection.settimeout(_WRITING)
        self.connection.sendall(f"HTTP/1.1 {line}\r\n{head}\r\n".encode("latin-1") + body)

    def _environ(self) -> dict[str, Any]:
        target = self._target()
        path, _, query = target.partition("?")
        body = self._body()
        environ = {
            "REQUEST_METHOD": self.command,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(path.encode("latin-1")).decode("latin-1"),
            "QUERY_STRING": query,
            REQUEST_URI: target,
            "SERVER_NAME": self.server.server_address[0],
            "SERVER_PORT": str(self.server.server_address[1]),
            "SERVER_PROTOCOL": self.request_version,
            "REMOTE_ADDR": self.client_address[0],
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
            "sandbox.socket": self.connection,
        }
        for name, value in self.headers.items():
            variable = _variable(name)
            known = environ.get(variable)
            environ[variable] = value if known is None else f"{known},{value}"
        return environ | {
            "CONTENT_LENGTH": str(len(body)),
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
        }

    def _target(self) -> str:
        """Path and query; a target in absolute form also names the host."""
        scheme, separator, rest = self.path.partition("://")
        if self.path.startswith("/") or not separator or scheme.lower() not in {"http", "https"}:
            return self.path
        host, slash, path = rest.partition("/")
        del self.headers["Host"]
        self.headers["Host"] = host
        return slash + path

    def _body(self) -> bytes:
        lengths = set(self.headers.get_all("Content-Length", ()))
        encodings = self.headers.get_all("Transfer-Encoding", ())
        hosts = self.headers.get_all("Host", ())
        if len(hosts) != 1 and self.request_version != "HTTP/1.0":
            raise Refusal(400, "the request must have one Host header")
        if len(lengths) > 1 or (lengths and encodings):
            raise Refusal(400, "the request has more than one length")
        if encodings:
            if [encoding.strip().lower() for encoding in encodings] != ["chunked"]:
                raise Refusal(501, "the only Transfer-Encoding that is supported is chunked")
            return self._chunks()
        text = lengths.pop().strip() if lengths else "0"
        return self._exactly(body_length(text))

    def _chunks(self) -> bytes:
        chunks: list[bytes] = []
        total = 0
        while size := self._chunk_size():
            total += size
            check_length(total)
            chunks.append(self._exactly(size))
            if self._line() != b"":
                raise Refusal(400, "a chunk is longer than its size")
        while self._line():
            """Trailers are ignored."""
        return b"".join(chunks)

    def _chunk_size(self) -> int:
        digits = self._line().partition(b";")[0].strip(b" \t")
        if not digits or digits.strip(b"0123456789abcdefABCDEF"):
            raise Refusal(400, "a chunk must begin with its size in hexadecimal digits")
        return int(digits, 16)

    def _line(self) -> bytes:
        self._wire.left = max(self._wire.left, _CHUNK_LINE)
        line = self.rfile.readline(_CHUNK_LINE)
        if not line.endswith(b"\n"):
            raise Refusal(400, "the line before a chunk is too long or incomplete")
        return line.rstrip(b"\r\n")

    def _exactly(self, size: int) -> bytes:
        self._wire.left = size + _LARGEST_HEAD
        body = self.rfile.read(size) if size else b""
        if len(body) < size:
            raise Refusal(400, "the body is shorter than its length")
        return body


def _variable(header: str) -> str:
    # As in CGI, but a name with an underscore must not pass for one with a hyphen.
    return f"HTTP_{header.upper().replace('_', '?').replace('-', '_')}"
