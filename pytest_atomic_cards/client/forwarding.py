"""ForwardingSession: sends the requests that an application under test has built."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from pytest_atomic_cards.client.request import Request
from pytest_atomic_cards.client.session import CardsSession
from pytest_atomic_cards.client.tokens import NoToken
from pytest_atomic_cards.client.transport import RawResponse

if TYPE_CHECKING:
    from collections.abc import Mapping

    import requests

    from pytest_atomic_cards.client.transport import NoResponse


class ForwardingSession(CardsSession):
    """A session that shares tokens, guard, rate limit and listeners with another one.

    The requests that it forwards are built, and if need be repeated, by somebody else.

    Args:
        session: The other one.
        http: Gives the transport instead of that of the other one.
    """

    def __init__(self, session: CardsSession, http: requests.Session) -> None:
        vars(self).update(vars(session))
        self._wire = self._wire.over(http)
        self._owns_http = False

    def forward(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str],
        body: bytes,
        *,
        adds_token: bool = True,
    ) -> RawResponse | NoResponse:
        """Send a request once, as it is; whether to repeat it is the application's decision.

        Args:
            method: HTTP method, upper case.
            target: Path below the root of the API, and query, exactly as the application sent them.
            headers: Its headers, except those of the connection.
            body: Its body.
            adds_token: Whether a request without ``Authorization`` gets a token, which is renewed
                once after a 401.

        Raises:
            AtomicCardsError: The guard refused it, the run is out of time, or there is no token.
        """
        signed = (
            adds_token
            and "authorization" not in map(str.lower, headers)
            and not isinstance(self.tokens, NoToken)
        )
        request = Request(method, f"{self._root}{target}", headers, body, signed=signed)
        self._check(request)
        exchange, response = self._attempt(request, None)
        if exchange.status == HTTPStatus.UNAUTHORIZED and self._renew_token(request, exchange):
            _, response = self._attempt(request, None)
        return response
