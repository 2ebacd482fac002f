"""AddedHeaders: headers that every request to one target carries, below everything that records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from requests.adapters import BaseAdapter

if TYPE_CHECKING:
    from collections.abc import Mapping

    from requests import PreparedRequest, Response


class AddedHeaders(BaseAdapter):
    """Transport adapter that adds headers, such as the key of a gateway.

    No exchange, cassette or message shows them, as they are added last.

    Args:
        inner: Sends the request.
        headers: The headers.
    """

    def __init__(self, inner: BaseAdapter, headers: Mapping[str, str]) -> None:
        super().__init__()
        self._inner = inner
        self._headers = headers

    def send(self, request: PreparedRequest, *args: Any, **kwargs: Any) -> Response:  # noqa: ANN401
        """Send a copy of the request that has the headers."""
        request = request.copy()
        request.headers.update(self._headers)
        return self._inner.send(request, *args, **kwargs)

    def close(self) -> None:
        """Close the connections."""
        self._inner.close()
