"""ThreadedServer: one thread for each connection, and no delay when it stops."""

from __future__ import annotations

import socket
from selectors import EVENT_READ, DefaultSelector
from socketserver import BaseRequestHandler, TCPServer, ThreadingMixIn


class ThreadedServer(ThreadingMixIn, TCPServer):
    """Handles connections until :meth:`stop`.

    Unlike ``serve_forever`` of the standard library it does not poll, so it stops at once, and does
    nothing while nobody connects.

    Args:
        listener: Accepts connections; closed with the server.
        handler: Handles each of them.
    """

    daemon_threads = True

    def __init__(self, listener: socket.socket, handler: type[BaseRequestHandler]) -> None:
        super().__init__(listener.getsockname()[:2], handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listener
        self._stop_sent, self._stop_received = socket.socketpair()

    def serve(self) -> None:
        """Handle connections until :meth:`stop`."""
        with DefaultSelector() as selector:
            selector.register(self, EVENT_READ)
            selector.register(self._stop_received, EVENT_READ)
            while all(key.fileobj is self for key, _ in selector.select()):
                self._accept()

    def stop(self) -> None:
        """End :meth:`serve`, which runs in another thread, without waiting for it."""
        self._stop_sent.sendall(b"stop")

    def _accept(self) -> None:
        try:
            request, address = self.get_request()
        except OSError:
            return  # the client has disconnected already
        try:
            self.process_request(request, address)
        except Exception:  # noqa: BLE001 - such as no room for a thread: others are still served
            self.handle_error(request, address)
            self.shutdown_request(request)

    def server_close(self) -> None:
        """Stop listening."""
        super().server_close()
        self._stop_sent.close()
        self._stop_received.close()
