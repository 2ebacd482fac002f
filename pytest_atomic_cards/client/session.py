"""One connection to a target: exact URLs, tokens, time-outs, retries, redaction, the guard."""

from __future__ import annotations

import json as json_codec
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, Self

from requests.structures import CaseInsensitiveDict
from requests.utils import DEFAULT_ACCEPT_ENCODING

from pytest_atomic_cards.chance import TRUE_CHANCE, Chance
from pytest_atomic_cards.client.deadline import Deadline
from pytest_atomic_cards.client.pace import Pace
from pytest_atomic_cards.client.redaction import Hidden, Redactor
from pytest_atomic_cards.client.retry import TRANSIENT, RetryPolicy
from pytest_atomic_cards.client.scope import Guard, Scope
from pytest_atomic_cards.client.transport import Answer, Wire, default_user_agent, open_http
from pytest_atomic_cards.errors import MisuseError, OutcomeUnknownError, TransportError
from pytest_atomic_cards.exchange import Exchange, redact_headers
from pytest_atomic_cards.query import encode_parameters
from pytest_atomic_cards.timeline import REAL_TIME, Timeline

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    import requests

    from pytest_atomic_cards.client.tokens import TokenSource

NO_BODY: Final[Any] = object()
"""Stands for a request without a JSON body, as ``None`` is JSON's null."""

Listener = Callable[[Exchange], None]

_SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_VERSION: Final = "/v1"
_PATH: Final = re.compile(r"(?:/(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-F]{2})*)+")
_HEADER_VALUE: Final = re.compile(r"[^\0\r\n\u0100-\U0010ffff]*")
_REDACTORS_KEPT: Final = 16


@dataclass(slots=True)
class _Request:
    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes
    signed: bool
    token: Hidden = field(default=Hidden(), repr=False)
    renewed: bool = False

    @property
    def access(self) -> tuple[str, str]:
        """The token, and the path that it is to open."""
        return self.token, self.url.partition("?")[0]


class CardsSession:
    """Sends requests to one target. Threads may share it.

    Args:
        base_url: Root of the API, with or without the trailing ``/v1``.
        tokens: Where access tokens come from.
        http: Gives the transport, so that an in-process target can be mounted on it; one for the
            network if left out, which :meth:`close` closes.
        guard: Sees the final URL of every attempt, below everything else.
        timeout: Seconds to wait for a connection, and for each part of an answer.
        retry: When to try again.
        user_agent: Value of the ``User-Agent`` header.
        max_rate: Most requests a second, or ``None`` for no limit.
        timeline: The time by which the session, and whoever waits for its target, goes.
        chance: Where the jitter of pauses comes from.
        deadline: When nothing more is sent; none if left out.

    Attributes:
        tokens: Where access tokens come from.
        listeners: Called with the exchange of every attempt, in the thread that made it.

    Raises:
        SettingsError: ``base_url`` or ``max_rate`` is malformed.
    """

    def __init__(
        self,
        *,
        base_url: str,
        tokens: TokenSource,
        http: requests.Session | None = None,
        guard: Guard | None = None,
        timeout: float = 30.0,
        retry: RetryPolicy | None = None,
        user_agent: str | None = None,
        max_rate: float | None = None,
        timeline: Timeline = REAL_TIME,
        chance: Chance = TRUE_CHANCE,
        deadline: Deadline | None = None,
    ) -> None:
        self.timeline = timeline
        self._deadline = deadline or Deadline()
        self._http = http or open_http()
        self._owns_http = http is None
        self._wire = Wire(self._http, base_url, setting="ATOMIC_CARDS_API_URL", timeout=timeout)
        self._root = self._wire.url.rstrip("/").removesuffix(_VERSION)
        self.tokens = tokens
        self._guard = guard
        self._user_agent = user_agent or default_user_agent()
        self.retry = retry or RetryPolicy.by(timeline, chance)
        self._pace = Pace(max_rate, clock=self.retry.clock, sleep=self.retry.sleep)
        self._redactors: dict[frozenset[str], Redactor] = {}
        self._futile: set[tuple[str, str]] = set()
        self._is_down = False
        self.listeners: list[Listener] = []

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

        A 401 renews the token once and repeats the request, as it was not processed. 429, 502,
        503, 504 and connection failures are repeated where that is harmless; the latter not once
        that was in vain, until the target answers again.

        Args:
            method: HTTP method, upper case.
            path: Percent-encoded path below the root of the API, beginning with ``/v1``.
            parameters: Unencoded query parameters.
            json: Body to be sent as JSON.
            body: Body to be sent as it is, if there is no ``json``.
            headers: Further headers; they win over all others, and ``None`` removes one. With an
                ``Authorization`` among them no token is fetched.
            authenticated: Whether to send an access token.
            user_agent: Whether to send a ``User-Agent``.
            repeatable: Whether to send the request again is harmless; by default GET, HEAD and
                OPTIONS are.
            unprocessed: Statuses by which this target says that it did nothing, so that the
                request may be sent again whatever its method.

        Raises:
            MisuseError: The request cannot be put together, or the guard refused it.
            OutcomeUnknownError: No usable answer came to a request that changes state.
            TransportError: No usable answer came, and nothing was changed.
            AtomicCardsError: There was no token to be had.
        """
        request = _Request(
            method,
            self._url(path, parameters),
            self._headers(method, headers or {}, user_agent=user_agent),
            body if json is NO_BODY else encode_json(json),
            signed=authenticated and "authorization" not in map(str.lower, headers or {}),
        )
        repeatable = method in _SAFE_METHODS if repeatable is None else repeatable
        in_doubt = False
        backoff = self.retry.begin()
        while True:
            exchange, reached = self._attempt(request)
            if exchange.status != HTTPStatus.UNAUTHORIZED:
                self._futile.discard(request.access)
            elif self._renew_token(request):
                continue
            self._is_down &= exchange.status is None
            if exchange.status is not None and exchange.status not in TRANSIENT:
                return exchange
            refused = exchange.status in unprocessed
            in_doubt |= reached and not refused and method not in _SAFE_METHODS
            retry_after = exchange.response_headers.get("retry-after")
            if (repeatable or refused) and not self._is_down and backoff.again(retry_after):
                continue
            self._is_down |= exchange.status is None and backoff.attempts > 1
            raise _unanswered(exchange, backoff.attempts, in_doubt=in_doubt)

    def unguarded(self, reason: str) -> AbstractContextManager[None]:
        """Let requests of this thread pass the guard unchecked, with a :class:`ScopeWarning`.

        Without a guard the warning is the same, so that a test behaves alike on every target.

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

    def _url(self, path: str, parameters: Iterable[tuple[str, str]]) -> str:
        if not _PATH.fullmatch(path):
            raise MisuseError(f"{path!r} is not a percent-encoded path that begins with a slash")
        query = encode_parameters(list(parameters))
        return f"{self._root}{path}?{query}" if query else f"{self._root}{path}"

    def _headers(
        self, method: str, extra: Mapping[str, str | None], *, user_agent: bool
    ) -> dict[str, str]:
        headers: CaseInsensitiveDict[str | None] = CaseInsensitiveDict(
            {"Accept": "*/*", "Accept-Encoding": DEFAULT_ACCEPT_ENCODING}
        )
        if user_agent:
            headers["User-Agent"] = self._user_agent
        if method not in _SAFE_METHODS:
            headers["Content-Type"] = "application/json"
        headers.update(extra)
        for name, value in headers.items():
            if value is not None and not _HEADER_VALUE.fullmatch(value):
                raise MisuseError(f"header {name!r} holds a character that no header can carry")
        return {name: value for name, value in headers.items() if value is not None}

    def _attempt(self, request: _Request) -> tuple[Exchange, bool]:
        self._deadline.check()
        if self._guard is not None:
            self._guard.check(request.method, request.url, request.headers)
        headers = dict(request.headers)
        if request.signed:
            request.token = Hidden(self.tokens.token())
            headers["Authorization"] = Hidden(f"Bearer {request.token}")
        self._pace.wait()
        started, clock = self.timeline.now(), self.timeline.monotonic()
        answer = self._wire.exchange(request.method, request.url, headers, request.body)
        elapsed = self.timeline.monotonic() - clock
        redactor = self._redactor(headers.get("Authorization"))
        exchange = Exchange(
            method=request.method,
            url=redactor.text(request.url),
            started=started,
            elapsed=elapsed,
            request_headers=_redact(headers, redactor),
            request_body=redactor.content(request.body),
            **(
                {
                    "status": answer.status,
                    "response_headers": _redact(answer.headers, redactor),
                    "response_body": redactor.content(answer.body),
                }
                if isinstance(answer, Answer)
                else {"error": redactor.text(answer.reason)}
            ),
        )
        for listener in tuple(self.listeners):
            listener(exchange)
        return exchange, isinstance(answer, Answer) or answer.sent

    def _renew_token(self, request: _Request) -> bool:
        """Whether there is another token with which a request that was refused may be repeated.

        A target may answer 401 for reasons that no new token cures. Where one did not help, the
        next 401 for the same path does not fetch another, until that token has opened it.
        """
        if not request.signed:
            return False
        if request.renewed:
            self._futile.add(request.access)
        if request.access in self._futile:
            return False
        request.renewed = True
        return self.tokens.renew(request.token) != request.token

    def _redactor(self, authorization: str | None) -> Redactor:
        secrets = self.tokens.secrets
        if authorization:
            secrets |= {Hidden(authorization.rpartition(" ")[2])}
        redactor = self._redactors.get(secrets)
        if redactor is None:
            if len(self._redactors) >= _REDACTORS_KEPT:
                self._redactors.clear()
            redactor = self._redactors[secrets] = Redactor(secrets)
        return redactor


def encode_json(value: Any) -> bytes:  # noqa: ANN401 - a JSON value
    """A value as UTF-8 JSON.

    Raises:
        MisuseError: It cannot be expressed in JSON (RFC 8259), such as NaN or a set.
    """
    try:
        return json_codec.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise MisuseError(f"the body cannot be sent as JSON: {error}") from None


def _redact(headers: Mapping[str, str], redactor: Redactor) -> dict[str, str]:
    return {name: redactor.text(value) for name, value in redact_headers(headers).items()}


def _unanswered(exchange: Exchange, attempts: int, *, in_doubt: bool) -> TransportError:
    what = f"{exchange.method} {exchange.url}"
    last = exchange.describe()
    if in_doubt:
        return OutcomeUnknownError(
            f"{what} may or may not have been applied: {last}. It is not sent again by itself; "
            "list the cards to see their state before you decide",
            exchange,
        )
    count = "1 attempt" if attempts == 1 else f"{attempts} attempts"
    return TransportError(f"{what} got no usable answer in {count}, at last: {last}", exchange)
