"""The adapter of a ``requests.Session`` that records and replays its exchanges."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from requests.adapters import BaseAdapter, HTTPAdapter

from pytest_atomic_cards.model.settings import Mode
from pytest_atomic_cards.recordings.cassettes.vcr_conversion import (
    request_of,
    response_of,
    urllib3_response,
)
from pytest_atomic_cards.support.clock import REAL_CLOCK

if TYPE_CHECKING:
    from collections.abc import Callable

    from requests import PreparedRequest, Response

    from pytest_atomic_cards.recordings.cassettes.manager import CassetteManager


class CassetteAdapter(HTTPAdapter):
    """Records, replays or passes on requests, depending on the mode of the current cassette.

    Args:
        manager: Knows the current cassette.
        inner: Sends requests to the target; ``None`` in a replay.
    """

    def __init__(self, manager: CassetteManager, inner: BaseAdapter | None) -> None:
        super().__init__(max_retries=0)
        self._manager = manager
        self._inner = inner

    def send(
        self,
        request: PreparedRequest,
        *args: Any,  # noqa: ANN401 - passed on
        **kwargs: Any,  # noqa: ANN401
    ) -> Response:
        """Send a request, or respond from the cassette.

        Raises:
            NotRecordedError: The request is not in the cassette that is replayed.
            CassetteError: The recording is missing or cannot be read.
        """
        if self._inner is None or self._manager.mode is Mode.REPLAY:
            return self._replay(request)
        if self._manager.mode is Mode.OFF:
            return self._inner.send(request, *args, **kwargs)
        return self._record(request, self._inner.send, *args, **kwargs)

    def close(self) -> None:
        """Close the connections to the target."""
        if self._inner is not None:
            self._inner.close()

    def _replay(self, request: PreparedRequest) -> Response:
        interaction = self._manager.replay(request_of(request))
        return self.build_response(request, urllib3_response(request, interaction.response))

    def _record(
        self,
        request: PreparedRequest,
        send: Callable[..., Response],
        *args: Any,  # noqa: ANN401 - passed on
        **kwargs: Any,  # noqa: ANN401
    ) -> Response:
        sent = request_of(request)
        clock = REAL_CLOCK.monotonic()
        response = send(request, *args, **kwargs)
        received = response_of(response)
        self._manager.add(sent, received, REAL_CLOCK.monotonic() - clock)
        return response
