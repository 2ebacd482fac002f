"""One connection to a target: exact URLs, tokens, time-outs, retries, redaction, the guard."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, Self

from pytest_atomic_cards.client.circuit_breaker import CircuitBreaker
from pytest_atomic_cards.client.deadline import Deadline, DeadlineClock
from pytest_atomic_cards.client.overlap import Listener, Overlap
from pytest_atomic_cards.client.rate_limit import AcceptedRate
from pytest_atomic_cards.client.redactors import Redactors, redact_all
from pytest_atomic_cards.client.request import (
    NO_BODY,
    SAFE_METHODS,
    Request,
    encode_json,
    headers_of,
    url_of,
)
from pytest_atomic_cards.client.response_views import unanswered
from pytest_atomic_cards.client.retry import TRANSIENT, RetryPolicy
from pytest_atomic_cards.client.scope_guard import Scope
from pytest_atomic_cards.client.tokens import NoToken
from pytest_atomic_cards.client.transport import (
    NoResponse,
    RawResponse,
    Wire,
    again,
    default_user_agent,
    learn_rate,
    open_http,
    shows_down,
)
from pytest_atomic_cards.model.exchange import Exchange
from pytest_atomic_cards.model.settings import DEFAULT_MAX_BODY
from pytest_atomic_cards.support.clock import REAL_CLOCK, Clock
from pytest_atomic_cards.support.randomness import TRUE_RANDOMNESS, Randomness
from pytest_atomic_cards.support.secrets.hidden import Hidden

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    import requests

    from pytest_atomic_cards.client.tokens import TokenSource

_PARTS: Final = {"GET": "the listing of", "PUT": "the actions of", "POST": "the flow start of"}
"""What each method is for. One of them may be down while the others are not."""

_VERSION: Final = "/v1"


class CardsSession:
    """Sends requests to one target. Threads may share it.

    Args:
        base_url: Root of the API, with or without the trailing ``/v1``.
        tokens: Where access tokens come from.
        http: Gives the transport, so that an in-process target can be mounted on it; one for the
            network if left out, which :meth:`close` closes.
        guard: Checks the final URL of every attempt, below everything else.
        timeout: Longest time for one exchange, in seconds: connection, request and response.
        max_body: Most bytes of one response, as sent and as unpacked.
        deadline: When the run ends, and every exchange and pause with it; never if left out.
        breaker: Knows which parts of the target are down; a new one if left out.
        retry: When to try again.
        user_agent: Value of the ``User-Agent`` header.
        rate: The rate of requests, which adapts to the target; a new one if left out.
        at_once: How many requests may be on their way at once, where they do not depend on each
            other; see :class:`~pytest_atomic_cards.client.overlap.Overlap`.
        secrets: What never to show, in addition to those of ``tokens``.
        clock: Measures the time of the session, and of whoever waits for its target.
        randomness: Source of the jitter of pauses.

    Attributes:
        clock: The time, with waits that end at the deadline.
        tokens: Where access tokens come from.
        early_refusals: Refusals of a token that had given access before and had not expired, when
            another one gave access to the same request.
        overlap: Sends requests that do not depend on each other.
        listeners: Called with the exchange of every attempt, in the thread that made it or, if it
            was one of several that overlapped, in the thread that asked for all of them.

    Raises:
        SettingsError: ``base_url`` is malformed.
    """

    def __init__(
        self,
        *,
        base_url: str,
        tokens: TokenSource,
        http: requests.Session | None = None,
        guard: Scope | None = None,
        timeout: float = 30.0,
        max_body: int = DEFAULT_MAX_BODY,
        deadline: Deadline | None = None,
        breaker: CircuitBreaker | None = None,
        retry: RetryPolicy | None = None,
        user_agent: str | None = None,
        rate: AcceptedRate | None = None,
        at_once: int = 1,
        secrets: frozenset[str] = frozenset(),
        clock: Clock = REAL_CLOCK,
        randomness: Randomness = TRUE_RANDOMNESS,
    ) -> None:
        self.deadline = deadline or Deadline()
        self.clock = DeadlineClock(clock, self.deadline)
        self._http = http or open_http()
        self._owns_http = http is None
        self.breaker = breaker or CircuitBreaker()
        self._wire = Wire(
            self._http,
            base_url,
            setting="ATOMIC_CARDS_API_URL",
            timeout=timeout,
            max_body=max_body,
            deadline=self.deadline,
        )
        self._root = self._wire.url.rstrip("/").removesuffix(_VERSION)
        self.tokens = tokens
        self._guard = guard
        self._user_agent = user_agent or default_user_agent()
        self.retry = retry or RetryPolicy.by(self.clock, randomness)
        self.rate = rate or AcceptedRate()
        self._redactors = Redactors(tokens, secrets)
        self._futile: set[tuple[str, str]] = set()
        self._accepted = Hidden()
        self.early_refusals: list[Exchange] = []
        self.listeners: list[Listener] = []
        self.overlap = Overlap(at_once, self.listeners)

    def send(
        self,
        method: str,
        path: str,
        parameters: Iterable[tuple[str, str]] = (),
        *,
        json: Any = NO_BODY,  # noqa: ANN401 - a JSON value
        body: bytes = b"",
        headers: Mapping[str, str | None] | None = None,
        authenticated: bool = True,
        user_agent: bool = True,
        repeatable: bool | None = None,
        unprocessed: Collection[int] = (),
    ) -> Exchange:
        """Send a request and return its final exchange, whatever the status.

        After a 401 the token is renewed once and the request repeated, as it was not processed.
        After 429, 502, 503, 504 and connection failures it is repeated if that is harmless. Once
        that has failed, the part of the target counts as down: see :class:`CircuitBreaker`.

        Args:
            method: HTTP method, upper case.
            path: Percent-encoded path below the root of the API, beginning with ``/v1``.
            parameters: Unencoded query parameters.
            json: Body to be sent as JSON.
            body: Body to be sent unchanged, if there is no ``json``.
            headers: Further headers; they override all others, and ``None`` removes one. If they
                include ``Authorization``, no token is fetched.
            authenticated: Whether to send an access token.
            user_agent: Whether to send a ``User-Agent``.
            repeatable: Whether sending the request again is harmless; by default true for GET, HEAD
                and OPTIONS.
            unprocessed: Statuses that mean that the target did nothing, so that the request may be
                repeated whatever its method.

        Raises:
            MisuseError: The request cannot be built, or the guard refused it.
            OutcomeUnknownError: A request that changes state got no usable response.
            TimeLimitError: The run is out of time, and nothing was changed.
            TransportError: There was no usable response, and nothing was changed.
            AtomicCardsError: No token could be fetched.
        """
        request = Request(
            method,
            url_of(self._root, path, parameters),
            headers_of(method, headers or {}, self._user_agent if user_agent else None),
            body if json is NO_BODY else encode_json(json),
            signed=authenticated
            and not isinstance(self.tokens, NoToken)
            and "authorization" not in map(str.lower, headers or {}),
        )
        repeatable = method in SAFE_METHODS if repeatable is None else repeatable
        part = f"{_PARTS.get(method, method)} {self._root}"
        in_doubt = False
        trial: float | None = None
        backoff = self.retry.begin(self.deadline)
        while True:
            self._check(request)
            trial = trial or self.breaker.admit(part)
            exchange, response = self._attempt(request, trial)
            if exchange.status != HTTPStatus.UNAUTHORIZED:
                self._note_access(request, exchange)
            elif self._renew_token(request, exchange):
                continue
            if exchange.status is not None and exchange.status not in TRANSIENT:
                self.breaker.succeeded(part)
                return exchange
            refused = exchange.status in unprocessed
            reached = isinstance(response, RawResponse) or response.sent
            in_doubt |= reached and not refused and method not in SAFE_METHODS
            may_repeat = (repeatable or refused) and trial is None
            if may_repeat and not self.breaker.circuit(part).is_open and again(backoff, response):
                continue
            if shows_down(response, backoff.attempts, is_trial=trial is not None):
                self.breaker.failed(part, exchange.describe())
            raise unanswered(exchange, backoff, in_doubt=in_doubt)

    def unguarded(self, reason: str) -> AbstractContextManager[None]:
        """Let requests of a ``with`` block pass the guard unchecked. See :meth:`Scope.unguarded`.

        Without a guard the warning is the same, so that a test behaves the same on every target.

        Raises:
            MisuseError: There is no reason.
        """
        return (self._guard or Scope()).unguarded(reason)

    def close(self) -> None:
        """Close the connections, if they were opened by this session."""
        if self._owns_http:
            self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"{type(self).__name__}(base_url={self._root!r})"

    def _check(self, request: Request) -> None:
        if self._guard is not None:
            self._guard.check(request.method, request.url, request.headers, request.body)

    def _attempt(
        self, request: Request, trial: float | None
    ) -> tuple[Exchange, RawResponse | NoResponse]:
        headers = dict(request.headers)
        if request.signed:
            request.token = Hidden(self.tokens.token())
            headers["Authorization"] = Hidden(f"Bearer {request.token}")
        sent = self.rate.wait(self.retry.clock, self.retry.sleep)
        started, clock = self.clock.now(), self.clock.monotonic()
        response = self._wire.exchange(
            request.method, request.url, headers, request.body, trial or math.inf
        )
        elapsed = self.clock.monotonic() - clock
        learn_rate(self.rate, sent, response)
        redactor = self._redactors.of(headers.get("Authorization"))
        exchange = Exchange(
            method=request.method,
            url=redactor.text(request.url),
            started=started,
            elapsed=elapsed,
            request_headers=redact_all(headers, redactor),
            request_body=redactor.content(request.body),
            **(
                {
                    "status": response.status,
                    "response_headers": redact_all(response.headers, redactor),
                    "response_body": redactor.content(response.body),
                }
                if isinstance(response, RawResponse)
                else {"error": redactor.text(response.reason)}
            ),
        )
        self.overlap.show(exchange)
        return exchange, response

    def _note_access(self, request: Request, exchange: Exchange) -> None:
        self._futile.discard(request.access)
        if request.signed and exchange.succeeded:
            self._accepted = request.token
            if request.refused is not None:
                self.early_refusals.append(request.refused)

    def _renew_token(self, request: Request, refusal: Exchange) -> bool:
        """Whether there is another token with which a refused request may be repeated.

        A target may respond with 401 for reasons that no new token cures. If one did not help, the
        next 401 for the same path does not fetch another, until that token has given access.
        """
        if not request.signed:
            return False
        if request.renewed:
            self._futile.add(request.access)
        if request.access in self._futile:
            return False
        request.renewed = True
        if request.token == self._accepted:
            request.refused = refusal
        return self.tokens.renew(request.token) != request.token
