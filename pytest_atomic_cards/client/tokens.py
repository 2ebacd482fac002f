"""Access tokens: where they come from, and how one is shared instead of fetched for each request.

Source: Authentication page (tokens should be reused until they expire).
"""

from __future__ import annotations

import hashlib
import threading
from contextlib import nullcontext
from typing import TYPE_CHECKING, Final, Protocol

from pytest_atomic_cards.client.circuit_breaker import CircuitBreaker
from pytest_atomic_cards.client.deadline import Deadline, DeadlineClock
from pytest_atomic_cards.client.retry import RetryPolicy
from pytest_atomic_cards.client.token_cache import IssuedToken, TokenCache
from pytest_atomic_cards.client.token_endpoint import (
    HEADER_SAFE,
    SETTING,
    GrantTypeIn,
    TokenEndpointClient,
)
from pytest_atomic_cards.client.transport import Wire, open_http
from pytest_atomic_cards.model.settings import DEFAULT_MAX_BODY
from pytest_atomic_cards.support.clock import REAL_CLOCK
from pytest_atomic_cards.support.errors import MisuseError, NotAvailableError
from pytest_atomic_cards.support.randomness import TRUE_RANDOMNESS
from pytest_atomic_cards.support.secrets.hidden import Hidden

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import requests

_TOKENS_REMEMBERED: Final = 8
"""Tokens to redact: a response may repeat one that another thread has renewed in the meantime."""


class TokenSource(Protocol):
    """Gives access tokens to a session. Called from several threads at once."""

    @property
    def secrets(self) -> frozenset[str]:
        """All strings that must never be shown, including the issued tokens."""
        ...

    def token(self) -> str:
        """A token to send now."""
        ...

    def renew(self, stale: str) -> str:
        """A token other than ``stale``, which the target refused; the same if there is none."""
        ...


class StaticToken:
    """One given token that is never renewed.

    Raises:
        MisuseError: It is empty, or holds a character that no header can carry.
    """

    def __init__(self, token: str) -> None:
        token = Hidden(token)
        if not HEADER_SAFE.fullmatch(token):
            raise MisuseError("a token must be visible ASCII characters without a space")
        self._token = token

    @property
    def secrets(self) -> frozenset[str]:
        """The token."""
        return frozenset({self._token})

    def token(self) -> str:
        """The token."""
        return self._token

    def renew(self, stale: str) -> str:  # noqa: ARG002 - there is no other token
        """The same token."""
        return self._token

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class NoToken:
    """No token: the target does not ask for one, and no request has an Authorization header."""

    secrets: frozenset[str] = frozenset()

    def token(self) -> str:
        """Refuse.

        Raises:
            NotAvailableError: Always.
        """
        raise NotAvailableError("this target is accessed without a token (ATOMIC_CARDS_ACCESS)")

    def renew(self, stale: str) -> str:  # noqa: ARG002 - there is none
        """Refuse.

        Raises:
            NotAvailableError: Always.
        """
        return self.token()


class ClientCredentials:
    """Fetches tokens with the OAuth 2 client-credentials grant, as few as possible.

    One token is shared by all threads and, through ``cache``, by all processes of a run, until
    shortly before it expires.

    Args:
        token_url: The token endpoint.
        client_id: Id of the API credential.
        client_secret: Secret of the API credential.
        grant_type_in: Where to put ``grant_type``: in the URL's query, as in the vendor's example;
            in the form, as Cognito documents; or in whichever of the two is accepted first.
        http: Gives the transport; one for the network if left out.
        timeout: Longest time for one exchange, in seconds.
        max_body: Most bytes of one response, as sent and as unpacked.
        deadline: When the run ends, and every exchange and pause with it; never if left out.
        breaker: Knows whether the endpoint is down; a new one if left out.
        cache: A file in a private directory that the processes of a run share.
        clock: Seconds since the epoch.
        retry: When to try again.
        user_agent: Value of the ``User-Agent`` header.

    Raises:
        SettingsError: A value is missing or malformed.
    """

    def __init__(
        self,
        *,
        token_url: str,
        client_id: str,
        client_secret: str,
        grant_type_in: GrantTypeIn = "auto",
        http: requests.Session | None = None,
        timeout: float = 30.0,
        max_body: int = DEFAULT_MAX_BODY,
        deadline: Deadline | None = None,
        breaker: CircuitBreaker | None = None,
        cache: Path | None = None,
        clock: Callable[[], float] = REAL_CLOCK.timestamp,
        retry: RetryPolicy | None = None,
        user_agent: str | None = None,
    ) -> None:
        client_secret = Hidden(client_secret)
        deadline = deadline or Deadline()
        retry = retry or RetryPolicy.by(DeadlineClock(REAL_CLOCK, deadline), TRUE_RANDOMNESS)
        self._endpoint = TokenEndpointClient(
            Wire(
                http or open_http(),
                token_url,
                setting=SETTING,
                timeout=timeout,
                max_body=max_body,
                deadline=deadline,
            ),
            client_id,
            client_secret,
            grant_type_in=grant_type_in,
            breaker=breaker or CircuitBreaker(),
            retry=retry,
            user_agent=user_agent,
        )
        self._client_id = client_id
        self._clock = clock
        self._lock = threading.Lock()
        self._held: IssuedToken | None = None
        self._given_out: tuple[str, ...] = ()
        self._cache = cache and TokenCache(
            cache,
            owner=hashlib.sha256(f"{token_url}\n{client_id}\n{client_secret}".encode()).hexdigest(),
            patience=2 * (retry.budget + timeout),
            deadline=deadline,
        )

    @property
    def secrets(self) -> frozenset[str]:
        """The client secret, alone and as sent, and the last few tokens."""
        return self._endpoint.secrets.union(self._given_out)

    @property
    def response_fields(self) -> frozenset[str]:
        """The names of the fields in the last response with a token; none if it was not fetched."""
        return self._endpoint.response_fields

    def token(self) -> str:
        """The current token; fetched if there is none or it is about to expire.

        Raises:
            SettingsError: The token endpoint refused the credentials, or the cache is not writable.
            RefusedError: The endpoint refused the request for another reason.
            ContractBrokenError: Its response held no usable token.
            TransportError: There was no response.
        """
        return self.issued().value

    def issued(self) -> IssuedToken:
        """The current token, with when it was issued.

        Raises:
            AtomicCardsError: As for :meth:`token`.
        """
        held = self._held
        if held is not None and held.usable(self._clock()):
            return held
        return self._obtain(unlike=None)

    def adopt(self, token: IssuedToken) -> None:
        """Use a token that another process has fetched, unless there is one already.

        Raises:
            SettingsError: The cache is not writable.
        """
        self._obtain(unlike=None, otherwise=lambda: token)

    def renew(self, stale: str) -> str:
        """A token other than ``stale``; fetched only if nobody else has fetched one already.

        Raises:
            AtomicCardsError: As for :meth:`token`.
        """
        return self._obtain(unlike=stale).value

    def __repr__(self) -> str:
        name = type(self).__name__
        return f"{name}(token_url={self._endpoint.url!r}, client_id={self._client_id!r})"

    def _obtain(
        self, unlike: str | None, otherwise: Callable[[], IssuedToken] | None = None
    ) -> IssuedToken:
        with self._lock:
            held = self._held
            if held is None or not self._is_usable(held, unlike):
                with self._cache.exclusive() if self._cache else nullcontext():
                    self._held = held = self._shared_or(otherwise or self._fetched, unlike)
                self._given_out = (held.value, *self._given_out)[:_TOKENS_REMEMBERED]
            return held

    def _shared_or(self, make: Callable[[], IssuedToken], unlike: str | None) -> IssuedToken:
        shared = self._cache.load() if self._cache else None
        if shared is not None:
            self._endpoint.learn(shared.grant_type_in)
            if self._is_usable(shared, unlike):
                return shared
        fresh = make()
        if self._cache:
            self._cache.store(fresh)
        return fresh

    def _fetched(self) -> IssuedToken:
        issued = self._clock()
        value, lifetime = self._endpoint.fetch()
        return IssuedToken(value, issued, lifetime, self._endpoint.accepted_place or "")

    def _is_usable(self, token: IssuedToken, unlike: str | None) -> bool:
        return token.usable(self._clock()) and token.value != unlike
