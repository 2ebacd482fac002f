"""Access: whether a refusal is of the credentials, or of one request only."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from pytest_atomic_cards.support.recorder import NULL_RECORDER, PerCassette, Recorder

if TYPE_CHECKING:
    from pytest_atomic_cards.model.exchange import Exchange


class Access:
    """What a target has let one set of credentials do: list cards (GET), or change them (PUT).

    Nothing is documented of when a target answers 403. One that refuses odd values, or an action
    that matches several cards, may say so with it.

    Args:
        recorder: Tells the parts of a recording, each of which learns on its own.
    """

    def __init__(self, recorder: Recorder = NULL_RECORDER) -> None:
        self._granted = PerCassette[set[str]](recorder, set)

    def observed(self, exchange: Exchange) -> Exchange:
        """Take in an exchange that was sent with these credentials, and give it back."""
        if exchange.succeeded:
            self._granted.current.add(exchange.method)
        return exchange

    def denied(self, exchange: Exchange) -> bool:
        """Whether an answer denies access, so that it tells nothing about the cards.

        401 does. 403 does until a request of the same method has succeeded; from then on it
        refuses that one request, as any other 4xx would.
        """
        if exchange.status == HTTPStatus.FORBIDDEN:
            return exchange.method not in self._granted.current
        return exchange.status == HTTPStatus.UNAUTHORIZED
