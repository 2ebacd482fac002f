"""POST /oauth2/token, with the responses of Amazon Cognito.

Source: Authentication page; AWS documentation of Cognito › Token endpoint.
"""

from __future__ import annotations

import base64
import binascii
import secrets
from collections import deque
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from pytest_atomic_cards.sandbox.authorization import Credential, Grant
from pytest_atomic_cards.sandbox.refusal import Refusal

if TYPE_CHECKING:
    from pytest_atomic_cards.sandbox.behaviour import Behaviour
    from pytest_atomic_cards.sandbox.sandbox_clock import SandboxClock

_MINUTE: Final = 60_000
_PURGE_FROM: Final = 1_000
"""Tokens from which on expired ones are removed: a run seldom fetches as many, so that looking for
them costs nothing."""


class TokenRefusal(Refusal):
    """A refusal in the format of OAuth 2: the message is the error code."""


class TokenService:
    """Issues access tokens, and stores them and the credentials.

    Args:
        behaviour: The decisions.
        clock: Decides when tokens expire.
        lifetime: How long a token is valid.
        rate_limit: Most requests in a minute of the sandbox's clock; ``None`` for any number.
    """

    def __init__(
        self,
        behaviour: Behaviour,
        clock: SandboxClock,
        lifetime: timedelta,
        rate_limit: int | None,
    ) -> None:
        self.credentials: dict[str, Credential] = {}
        self.deleted: dict[str, Credential] = {}
        self.grants: dict[str, Grant] = {}
        self._behaviour = behaviour
        self._clock = clock
        self._lifetime = lifetime
        self._rate_limit = rate_limit
        self._requests: deque[int] = deque()

    def issue(self, header: str | None, query_string: str, body: bytes) -> dict[str, Any]:
        """The body of a token response.

        Raises:
            TokenRefusal: The request is invalid, or exceeds the rate limit.
        """
        now = self._clock.milliseconds()
        self._limit_rate(now)
        parameters = self._parameters(query_string, body)
        credential = self._client(header, parameters.get("client_id"))
        grant_type = parameters.get("grant_type")
        if not grant_type:
            raise TokenRefusal(400, "invalid_request")
        if grant_type != "client_credentials":
            raise TokenRefusal(400, "unsupported_grant_type")
        for token in self._behaviour.outdated_tokens(credential.client_id, self.grants):
            self.grants.pop(token, None)
        return self._grant(credential, now)

    def _grant(self, credential: Credential, now: int) -> dict[str, Any]:
        if len(self.grants) >= _PURGE_FROM:
            for token, grant in list(self.grants.items()):
                if grant.expires <= now:
                    self.grants.pop(token, None)
        token = secrets.token_urlsafe(32)
        self.grants[token] = Grant(credential, now + self._lifetime // timedelta(milliseconds=1))
        return self._behaviour.token_body(
            self._behaviour.issued_token(token), self._lifetime // timedelta(seconds=1)
        )

    def _parameters(self, query_string: str, body: bytes) -> dict[str, str]:
        behaviour = self._behaviour
        try:
            query = dict(behaviour.parameters(query_string))
            form = dict(behaviour.parameters(body.decode("latin-1")))
        except Refusal:
            raise TokenRefusal(400, "invalid_request") from None
        for place, parameters in (("query", query), ("form", form)):
            if not behaviour.reads_grant_type(place):
                parameters.pop("grant_type", None)
        return query | form

    def _client(self, header: str | None, client_id: str | None) -> Credential:
        scheme, _, encoded = (header or "").partition(" ")
        try:
            decoded = base64.b64decode(encoded.strip(), validate=True).decode()
        except (binascii.Error, ValueError):
            decoded = ""
        name, _, secret = decoded.partition(":")
        credential = self.credentials.get(name) or self._behaviour.deleted_credential(
            self.deleted.get(name)
        )
        if (
            scheme.lower() != "basic"
            or credential is None
            or client_id not in {None, name}
            or not self._behaviour.secret_matches(secret, credential.client_secret)
        ):
            raise TokenRefusal(400, "invalid_client")
        return credential

    def _limit_rate(self, now: int) -> None:
        if self._rate_limit is None:
            return
        while self._requests and self._requests[0] <= now - _MINUTE:
            self._requests.popleft()
        if len(self._requests) >= self._rate_limit:
            wait = (self._requests[0] + _MINUTE - now + 999) // 1_000 if self._requests else 60
            raise TokenRefusal(429, "too_many_requests", (("Retry-After", str(wait)),))
        self._requests.append(now)
