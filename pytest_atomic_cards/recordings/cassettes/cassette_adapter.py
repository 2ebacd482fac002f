"""CassetteAdapter: where exchanges of a ``requests.Session`` are recorded and replayed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from requests.adapters import BaseAdapter, HTTPAdapter

from pytest_atomic_cards.model.settings import Mode
from pytest_atomic_cards.recordings.cassettes.vcr_conversion import (
    answer_of,
    request_of,
    response_of,
)
from pytest_atomic_cards.support.clock import REAL_CLOCK

if TYPE_CHECKING:
    from collections.abc import Callable

    from requests import PreparedRequest, Response

    from pytest_atomic_cards.recordings.cassettes.manager import CassetteManager


class CassetteAdapter(HTTPAdapter):
    """Answers requests as the mode of the current cassette wants it.

    Args:
        manager: Tells the current cassette.
        inner: Sends requests to the target; ``None`` where there is none, as in a replay.
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
        """Send a request, or answer it from the cassette.

        Raises:
            NotRecordedError: The current cassette does not hold it, and must.
            CassetteError: There is no such recording, or it cannot be read.
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
        return self.build_response(request, answer_of(request, interaction.response))

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
