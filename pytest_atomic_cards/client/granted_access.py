"""Access: whether a refusal concerns the credentials, or one request only."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from pytest_atomic_cards.support.recorder import NULL_RECORDER, PerCassette, Recorder

if TYPE_CHECKING:
    from pytest_atomic_cards.model.exchange import Exchange


class Access:
    """What a target has allowed one set of credentials: to list cards (GET), or change them (PUT).

    The documentation does not say what 403 means. A target may use it to refuse unusual values, or
    an action that matches several cards.

    Args:
        recorder: Separates the parts of a recording, each of which learns on its own.
    """

    def __init__(self, recorder: Recorder = NULL_RECORDER) -> None:
        self._granted = PerCassette[set[str]](recorder, set)

    def observed(self, exchange: Exchange) -> Exchange:
        """Learn from an exchange that was sent with these credentials, and return it."""
        if exchange.succeeded:
            self._granted.current.add(exchange.method)
        return exchange

    def denied(self, exchange: Exchange) -> bool:
        """Whether a response denies access, so that it says nothing about the cards.

        401 does. 403 does until a request with the same method has succeeded; after that it refuses
        the one request, like any other 4xx.
        """
        if exchange.status == HTTPStatus.FORBIDDEN:
            return exchange.method not in self._granted.current
        return exchange.status == HTTPStatus.UNAUTHORIZED
