"""HttpxTransport: ``httpx`` to the gateway in this process. Imported only if it is asked for."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

import anyio.to_thread
import httpx
import requests
from requests.structures import CaseInsensitiveDict

if TYPE_CHECKING:
    from requests.adapters import BaseAdapter

_ERRORS: Final[tuple[tuple[type[Exception], type[httpx.TransportError]], ...]] = (
    (requests.Timeout, httpx.ReadTimeout),
    (requests.exceptions.ChunkedEncodingError, httpx.RemoteProtocolError),
    (requests.RequestException, httpx.ReadError),
)
"""What ``httpx`` raises where ``requests`` raises an error, which a network fault has caused."""


class HttpxTransport(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """Transport of an ``httpx.Client`` or an ``httpx.AsyncClient``, for any host.

    Args:
        adapter: The same for ``requests``.
    """

    def __init__(self, adapter: BaseAdapter) -> None:
        self._adapter = adapter

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request.

        Raises:
            httpx.TransportError: A network fault affected it.
        """
        request.read()
        return self._send(request)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request from another thread, so that other tasks go on.

        Raises:
            httpx.TransportError: A network fault affected it.
        """
        await request.aread()
        return await anyio.to_thread.run_sync(partial(self._send, request))

    def _send(self, request: httpx.Request) -> httpx.Response:
        timeout = request.extensions.get("timeout", {}).get("read")
        try:
            response = self._adapter.send(_prepared(request), timeout=timeout)
            content = response.content
        except requests.RequestException as error:
            kind = next(other for one, other in _ERRORS if isinstance(error, one))
            raise kind(str(error), request=request) from error
        return httpx.Response(
            response.status_code,
            headers=list(response.headers.items()),
            content=content,
            request=request,
        )


def _prepared(request: httpx.Request) -> requests.PreparedRequest:
    """The request for ``requests``, with URL and headers exactly as they are."""
    prepared = requests.PreparedRequest()
    prepared.method, prepared.url = request.method, str(request.url)
    prepared.headers = CaseInsensitiveDict(request.headers)
    prepared.body = request.content
    return prepared
