"""The OAuth token endpoint: how to request a token, and what its refusals mean.

Source: Authentication page; token endpoint of Amazon Cognito.
"""

from __future__ import annotations

import base64
import json
import math
import re
from http import HTTPStatus
from typing import Any, Final, Literal
from urllib.parse import urlencode

from pytest_atomic_cards.client.circuit_breaker import CircuitBreaker
from pytest_atomic_cards.client.connection_failures import PROXY_LOGIN
from pytest_atomic_cards.client.response_views import redirection
from pytest_atomic_cards.client.retry import TRANSIENT, Backoff, RetryPolicy
from pytest_atomic_cards.client.transport import (
    NoResponse,
    RawResponse,
    Wire,
    again,
    default_user_agent,
    shows_down,
)
from pytest_atomic_cards.support.errors import (
    AtomicCardsError,
    ContractBrokenError,
    RefusedError,
    SettingsError,
    TimeLimitError,
    TransportError,
)
from pytest_atomic_cards.support.secrets.hidden import Hidden
from pytest_atomic_cards.support.secrets.redactor import Redactor

GrantTypeIn = Literal["auto", "query", "form"]

DOCUMENTED_LIFETIME: Final = 3600.0
"""Seconds that an access token lives. Source: Authentication page."""

HEADER_SAFE: Final = re.compile(r"[\x21-\x7e]+")
"""What a token may consist of."""

SETTING: Final = "ATOMIC_CARDS_TOKEN_URL"
"""The setting that holds its URL."""
_NOT_THERE: Final = frozenset((HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED))
_NOT_NEEDED: Final = (
    ", or set ATOMIC_CARDS_TOKEN to a token, or ATOMIC_CARDS_ACCESS=none if none is needed"
)
_CREDENTIALS: Final = "ATOMIC_CARDS_CLIENT_ID and ATOMIC_CARDS_CLIENT_SECRET"
_PLACES: Final[dict[GrantTypeIn, tuple[GrantTypeIn, ...]]] = {
    "auto": ("query", "form"),
    "query": ("query",),
    "form": ("form",),
}
_MISPLACED: Final = frozenset({400, 404, 405, 411, 415})
_MISREAD: Final = frozenset({"invalid_request", "unsupported_grant_type"})
"""Responses that may mean that the endpoint expects ``grant_type`` elsewhere: statuses, and errors
with any status."""
_BAD_CREDENTIALS: Final = frozenset({"invalid_client", "unauthorized_client"})
_SHOWN: Final = 300
"""Characters of a refusal to show: the documented errors fit, and a page of HTML does not flood."""


class TokenEndpointClient:
    """Requests tokens with the OAuth 2 client-credentials grant.

    Args:
        wire: Sends requests to it.
        client_id: Id of the API credential.
        client_secret: Secret of the API credential.
        grant_type_in: Where to put ``grant_type``; see :class:`ClientCredentials`.
        breaker: Knows whether the endpoint is down.
        retry: When to try again.
        user_agent: Value of the ``User-Agent`` header.

    Raises:
        SettingsError: A value is missing or malformed.
    """

    def __init__(
        self,
        wire: Wire,
        client_id: str,
        client_secret: Hidden,
        *,
        grant_type_in: GrantTypeIn,
        breaker: CircuitBreaker,
        retry: RetryPolicy,
        user_agent: str | None,
    ) -> None:
        if not client_id or not client_secret or ":" in client_id:
            raise SettingsError(f"{_CREDENTIALS} must be set, and the id must not hold a colon")
        self._wire = wire
        self._breaker = breaker
        self._part = f"the token endpoint {self._wire.url}"
        self._credential = f"{self._part} (client id {client_id})"
        basic = Hidden(base64.b64encode(f"{client_id}:{client_secret}".encode()).decode())
        self.secrets = frozenset({client_secret, basic})
        self.response_fields: frozenset[str] = frozenset()
        """The names of the fields in the last response that may have held a token."""
        self._redactor = Redactor(self.secrets)
        self._headers = {
            "Authorization": Hidden(f"Basic {basic}"),
            "Content-Type": "application/x-www-form-urlencoded",
            "User-Agent": user_agent or default_user_agent(),
            "Accept": "application/json",
        }
        self._parameters = urlencode({"grant_type": "client_credentials", "client_id": client_id})
        self._places = _PLACES[grant_type_in]
        self._retry = retry

    @property
    def url(self) -> str:
        """The token endpoint."""
        return self._wire.url

    @property
    def accepted_place(self) -> str | None:
        """Where ``grant_type`` goes, or ``None`` if that is not known yet."""
        return self._places[0] if len(self._places) == 1 else None

    def learn(self, place: str) -> None:
        """Learn from another process where ``grant_type`` goes, unless that is known already."""
        self._places = tuple(one for one in self._places if one == place) or self._places

    def fetch(self) -> tuple[str, float]:
        """A new token, and how many seconds it lives.

        Raises:
            SettingsError: The credentials were refused.
            RefusedError: The request was refused for another reason.
            ContractBrokenError: The response held no usable token.
            TransportError: There was no response.
        """
        self._breaker.admit(self._credential)
        refusals = []
        for place in self._places:
            response = self._ask(place)
            if HTTPStatus.OK <= response.status < HTTPStatus.MULTIPLE_CHOICES:
                self._places = (place,)
                self._breaker.succeeded(self._credential)
                return self._read(response)
            refusals.append(response)
            if response.status not in _MISPLACED and _error_of(response) not in _MISREAD:
                break
        error = self._refused(refusals)
        if isinstance(error, SettingsError):
            self._breaker.failed(self._credential, str(error), refused=True)
        raise error

    def _ask(self, place: GrantTypeIn) -> RawResponse:
        in_query = place == "query"
        url = f"{self.url}?{self._parameters}" if in_query else self.url
        body = b"" if in_query else self._parameters.encode()
        trial = self._breaker.admit(self._part)
        backoff = self._retry.begin(self._wire.deadline)
        while True:
            response = self._wire.exchange("POST", url, self._headers, body, trial or math.inf)
            if isinstance(response, RawResponse) and response.status not in TRANSIENT:
                self._breaker.succeeded(self._part)
                return response
            if trial is None and again(backoff, response):
                continue
            error = self._unavailable(response, backoff)
            if shows_down(response, backoff.attempts, is_trial=trial is not None):
                self._breaker.failed(self._part, self._last(response))
            raise error

    def _read(self, response: RawResponse) -> tuple[str, float]:
        self.response_fields = frozenset(_json_object(response.body)) or self.response_fields
        token, lifetime = _token_in(response.body)
        if token is None:
            raise ContractBrokenError(
                f"the token endpoint at {self._wire.host} answered HTTP {response.status}, but "
                f"without a JSON object that holds a usable access_token; check {SETTING}"
            )
        return token, lifetime

    def _refused(self, refusals: list[RawResponse]) -> AtomicCardsError:
        response = next((one for one in refusals if _blames_credentials(one)), refusals[-1])
        what = f"the token endpoint at {self._wire.host} answered {self._describe(response)}"
        if _blames_credentials(response):
            return SettingsError(f"{what}: it refuses the credentials; check {_CREDENTIALS}")
        if response.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return TransportError(f"{what}; try again later, or check {SETTING}")
        if response.status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
            return RefusedError(f"{what}; {PROXY_LOGIN}")
        if response.status < HTTPStatus.BAD_REQUEST:
            return ContractBrokenError(f"{what} instead of a token; check {SETTING}")
        hint = _NOT_NEEDED if response.status in _NOT_THERE else ""
        return RefusedError(f"{what}; check {SETTING}{hint}")

    def _unavailable(self, response: RawResponse | NoResponse, backoff: Backoff) -> TransportError:
        kind = TimeLimitError if self._wire.deadline.has_passed else TransportError
        return kind(
            f"no token from the endpoint at {self._wire.host} after {backoff.describe()}, "
            f"at last: {self._last(response)}; check {SETTING}"
        )

    def _last(self, response: RawResponse | NoResponse) -> str:
        if isinstance(response, RawResponse):
            return self._describe(response)
        return self._redactor.text(response.reason)

    def _describe(self, response: RawResponse) -> str:
        fields = _json_object(response.body)
        words = [fields[name] for name in ("error", "error_description") if name in fields]
        text = ", ".join(map(str, words)) or response.body.decode("utf-8", "replace")
        location = redirection(response.status, response.headers)
        shown = self._redactor.text(f"{location} {text}".strip())[:_SHOWN]
        return f"HTTP {response.status} {shown}".rstrip()


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _token_in(body: bytes) -> tuple[Hidden | None, float]:
    fields = _json_object(body)
    value = fields.get("access_token")
    usable = isinstance(value, str) and HEADER_SAFE.fullmatch(value)
    return Hidden(value) if usable else None, _lifetime(fields.get("expires_in"))


def _lifetime(expires_in: object) -> float:
    try:
        seconds = float(expires_in)  # type: ignore[arg-type] # anything but a number is caught
    except (TypeError, ValueError, OverflowError):
        return DOCUMENTED_LIFETIME
    return seconds if seconds > 0 and math.isfinite(seconds) else DOCUMENTED_LIFETIME


def _blames_credentials(response: RawResponse) -> bool:
    error = _error_of(response)
    denied = response.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}
    return error in _BAD_CREDENTIALS or (denied and error not in _MISREAD)


def _error_of(response: RawResponse) -> str:
    return str(_json_object(response.body).get("error"))
