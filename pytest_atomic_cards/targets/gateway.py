"""Gateway: the one place through which an application under test reaches the target.

It is a WSGI application: served on loopback for clients in any process and language, or called in
this process by an adapter. Whatever the client, its requests take the way of those that the
``cards`` fixture sends: scope guard, token, rate limit, recorder, and the listeners such as the
monitor. Network faults act before it, where the client can see their effect.
"""

from __future__ import annotations

import json
import threading
import warnings
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from requests.utils import DEFAULT_ACCEPT_ENCODING

from pytest_atomic_cards.client.connection_failures import Failure
from pytest_atomic_cards.client.transport import NoResponse, RawResponse, Wire
from pytest_atomic_cards.rules.verdicts import Inconclusive
from pytest_atomic_cards.sandbox.app import TOKEN_PATH
from pytest_atomic_cards.sandbox.control_endpoint import PREFIX
from pytest_atomic_cards.sandbox.faulty_network import REQUEST_URI, FaultyNetwork
from pytest_atomic_cards.sandbox.in_process_adapter import SandboxAdapter
from pytest_atomic_cards.sandbox.loopback_only import check_local
from pytest_atomic_cards.sandbox.loopback_server import LoopbackServer
from pytest_atomic_cards.sandbox.refusal import Refusal
from pytest_atomic_cards.sandbox.request_body import read_body
from pytest_atomic_cards.support.errors import (
    AtomicCardsError,
    CardsWarning,
    MisuseError,
    ScopeError,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from _typeshed.wsgi import StartResponse, WSGIEnvironment

    from pytest_atomic_cards.client.forwarding import ForwardingSession
    from pytest_atomic_cards.model.network_faults import NetworkFaults

AS_IT_IS: Final = "cards.as_it_is"
"""Key of a WSGI environment: true for a request that gets no token if it has none."""
TOKEN_LIFETIME: Final = 60
"""Seconds that a token from the gateway is said to be valid. It is valid for longer: the session
renews it that long before its end, and an application may ask the gateway as often as it likes."""

_OF_THE_CONNECTION: Final = frozenset(
    {
        "connection",
        "content-encoding",  # bodies of responses are unpacked
        "content-length",
        "date",  # the server has its own
        "expect",
        "host",
        "keep-alive",
        "proxy-authorization",
        "proxy-connection",
        "server",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
"""Headers that are about one connection, and not passed on. Source: RFC 9110 › 7.6.1."""
_NOT_SENT: Final = _OF_THE_CONNECTION - {"content-encoding"} | {"accept-encoding"}
_UNREACHED: Final = {
    Failure.TIMED_OUT: HTTPStatus.GATEWAY_TIMEOUT,
    Failure.BROKEN: HTTPStatus.BAD_GATEWAY,
    Failure.PERMANENT: HTTPStatus.BAD_GATEWAY,
}
_LOCKED_OUT: Final = (
    "the last request of the application got a 401: pass_time has ended the life of the token that "
    "it has from cards.token() or cards.environ. Give it another, or let it fetch one after a 401"
)

_ENDED: Final = (
    "the test that this {} belongs to has ended, and its cards are gone: every test has its own "
    "cards, so make the client in the test, or in a fixture of the same scope as cards"
)


class Gateway:
    """Passes requests of an application on to the target, and what it responds back.

    Args:
        session: Sends them, without network faults.
        faults: The faults of the network before the gateway.
        token_endpoint: Where requests for a token go; if left out, the gateway responds to them
            itself, with the token of the session.
    """

    def __init__(
        self, session: ForwardingSession, faults: NetworkFaults, token_endpoint: Wire | None = None
    ) -> None:
        self._session = session
        self._token_endpoint = token_endpoint
        self._faults = faults
        self._lock = threading.Lock()
        self._server: LoopbackServer | None = None
        self._refused: set[str] = set()
        self._given: set[str] = set()
        self._aged: frozenset[str] = frozenset()
        self._is_locked_out = False
        self._is_closed = False
        self._troubles: list[BaseException] = []

    @property
    def url(self) -> str:
        """Its root on loopback; served from the first time that this is used.

        Raises:
            MisuseError: The gateway is closed.
        """
        with self._lock:
            if self._is_closed:
                raise MisuseError(_ENDED.format("URL"))
            if self._server is None:
                server = LoopbackServer(FaultyNetwork(self._local, self._faults))
                server.start()
                self._server = server
            return self._server.url

    def adapter(self) -> SandboxAdapter:
        """A transport adapter of ``requests`` that calls it in this process, for any host."""
        return SandboxAdapter(self, self._faults)

    def token(self) -> str:
        """A token that the target accepts now, as far as can be known without trying it."""
        tokens = self._session.tokens
        token = tokens.token()
        token = tokens.renew(token) if token in self._refused else token
        self._given.add(token)
        return token

    def time_passed(self) -> None:
        """Expect that the tokens which were given out have expired."""
        self._aged = frozenset(self._given)

    def close(self) -> None:
        """Stop serving; requests in progress are finished first, and later ones are an error."""
        with self._lock:
            server, self._server = self._server, None
        if server is not None:
            server.stop()
        self._is_closed = True

    def raise_trouble(self) -> None:
        """Report what kept a request of the application from the target.

        Warns if the application did not notice that its token had expired.

        Raises:
            AtomicCardsError: The scope guard refused one.
            Inconclusive: One was not recorded.
        """
        is_locked_out, self._is_locked_out = self._is_locked_out, False
        if is_locked_out:
            warnings.warn(_LOCKED_OUT, CardsWarning, stacklevel=2)
        troubles, self._troubles = self._troubles, []
        for trouble in troubles:
            raise trouble

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request. Source: PEP 3333.

        Raises:
            MisuseError: The gateway is closed, and an adapter in this process was kept.
        """
        if self._is_closed:
            raise MisuseError(_ENDED.format("adapter, transport or sandbox"))
        try:
            response = self._respond(environ)
        except Refusal as refusal:
            response = _message(refusal.status, refusal.message)
        except (AtomicCardsError, Inconclusive) as error:
            response = self._refusal(error)
        if isinstance(response, NoResponse):
            response = _message(_UNREACHED[response.failure], response.reason)
        phrase = next((one.phrase for one in HTTPStatus if one == response.status), "Unknown")
        kept = [pair for pair in response.headers.items() if pair[0] not in _OF_THE_CONNECTION]
        start_response(f"{response.status} {phrase}", kept)
        return [response.body]

    def _local(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve a request from this machine; pages of a website could use our token otherwise."""
        try:
            check_local(environ)
        except Refusal as refusal:
            start_response(f"{refusal.status} Forbidden", [("Content-Type", "application/json")])
            return [json.dumps({"message": refusal.message}).encode()]
        return self(environ, start_response)

    def _respond(self, environ: WSGIEnvironment) -> RawResponse | NoResponse:
        method, target, body = environ["REQUEST_METHOD"], _target(environ), read_body(environ)
        headers, path = _headers(environ), target.partition("?")[0]
        if path == TOKEN_PATH:
            return self._respond_with_token(method, target, headers, body)
        if path.startswith(PREFIX):
            raise Refusal(404, "the controls of the sandbox are not part of the API")
        adds_token = not environ.get(AS_IT_IS)
        response = self._session.forward(method, target, headers, body, adds_token=adds_token)
        if isinstance(response, RawResponse):
            token = headers.get("Authorization", "").rpartition(" ")[2]
            self._note_access(token, is_refused=response.status == HTTPStatus.UNAUTHORIZED)
        return response

    def _note_access(self, token: str, *, is_refused: bool) -> None:
        self._is_locked_out = is_refused and token in self._aged
        if is_refused:
            self._refused.add(token)

    def _respond_with_token(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes
    ) -> RawResponse | NoResponse:
        endpoint = self._token_endpoint
        if endpoint is not None:
            url = endpoint.url + target.removeprefix(TOKEN_PATH)
            return endpoint.exchange(method, url, headers, body)
        if method != "POST":
            raise Refusal(405, "use POST")
        token = {"access_token": self.token(), "expires_in": TOKEN_LIFETIME, "token_type": "Bearer"}
        return _json(HTTPStatus.OK, token)

    def _refusal(self, error: AtomicCardsError | Inconclusive) -> RawResponse:
        """The response to a request that did not reach the target, and why it did not."""
        is_refused = isinstance(error, ScopeError)
        if is_refused or isinstance(error, Inconclusive):
            self._troubles.append(error)
        status = HTTPStatus.FORBIDDEN if is_refused else HTTPStatus.BAD_GATEWAY
        return _message(status, str(error))


def _target(environ: WSGIEnvironment) -> str:
    """Path and query as they were sent; a server that does not show them has decoded the path."""
    if REQUEST_URI in environ:
        return str(environ[REQUEST_URI])
    query = environ.get("QUERY_STRING", "")
    path = quote(environ.get("PATH_INFO", "").encode("latin-1"))
    return f"{path}?{query}" if query else path


def _headers(environ: WSGIEnvironment) -> dict[str, str]:
    named = {
        name.removeprefix("HTTP_").replace("_", "-").replace("?", "_").title(): value
        for name, value in environ.items()
        if name.startswith("HTTP_") or (name == "CONTENT_TYPE" and value)
    }
    kept = {name: value for name, value in named.items() if name.lower() not in _NOT_SENT}
    return kept | {"Accept-Encoding": DEFAULT_ACCEPT_ENCODING}


def _message(status: int, text: str) -> RawResponse:
    return _json(status, {"message": text})


def _json(status: int, document: Any) -> RawResponse:  # noqa: ANN401 - a JSON value
    return RawResponse(status, {"content-type": "application/json"}, json.dumps(document).encode())
