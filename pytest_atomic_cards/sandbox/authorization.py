"""Access control: credentials, the tokens issued for them, and the checks of a request.

Source: Authentication page; API credential roles.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pytest_atomic_cards.sandbox.refusal import Refusal
from pytest_atomic_cards.support.secrets.hidden import Hidden

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_atomic_cards.model.profile import Profile

ROLES: Final = ("events", "workbench", "auth")
CARDS_ROLE: Final = "events"
_CHALLENGE: Final = (("WWW-Authenticate", "Bearer"),)
_UNAUTHORIZED: Final = 401


@dataclass(frozen=True, slots=True)
class Credential:
    """A client id and secret with the role they have in one environment."""

    client_id: str
    client_secret: str = field(repr=False)
    role: str
    environment_id: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "client_secret", Hidden(self.client_secret))


class Grant(NamedTuple):
    """An issued access token: whose it is, and when it expires in milliseconds."""

    credential: Credential
    expires: int


class AccessDecisions:
    """Decisions on access."""

    profile: Profile

    def check_user_agent(self, user_agent: str | None) -> None:
        """Refuses a request without a User-Agent. Source: Authentication page."""
        answer = self.profile.no_user_agent
        if not user_agent and answer != "accepted":
            raise Refusal(int(answer), "a User-Agent header is required")

    def authorise(
        self,
        header: str | None,
        grants: Mapping[str, Grant],
        credentials: Mapping[str, Credential],
        environment_id: str,
        now: int,
    ) -> None:
        """Refuses a request without access to the Cards API in an environment."""
        grant = self.identify(header, grants, credentials, now)
        self.check_environment(grant.credential.environment_id, environment_id)
        self.check_role(grant.credential.role)

    def identify(
        self,
        header: str | None,
        grants: Mapping[str, Grant],
        credentials: Mapping[str, Credential],
        now: int,
    ) -> Grant:
        """The grant of the token in an Authorization header."""
        if not header:
            raise _unauthorised(self.profile.no_token, "a bearer token is required")
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer":
            raise _unauthorised(self.profile.other_scheme, "a bearer token is required")
        grant = grants.get(token.strip())
        if grant is None or self.has_expired(grant.expires, now):
            raise _unauthorised(self.profile.bad_token, "the access token is invalid or expired")
        if not self.is_alive(grant.credential, credentials):
            raise _unauthorised(self.profile.bad_token, "the credential was deleted")
        return grant

    def has_expired(self, expires: int, now: int) -> bool:
        """Whether a token has expired."""
        return expires <= now

    def is_alive(self, credential: Credential, credentials: Mapping[str, Credential]) -> bool:
        """Whether the tokens of a credential are still valid."""
        return self.profile.deleted_credential == "lives" or credential.client_id in credentials

    def check_environment(self, own: str, asked: str) -> None:
        """Refuses a token in an environment for which it was not issued."""
        if own != asked:
            raise _unauthorised(
                self.profile.other_environment, "the access token is not for this environment"
            )

    def unknown_environment(self) -> Refusal:
        """The refusal of an environment that does not exist."""
        answer = self.profile.unknown_environment
        return _unauthorised(answer, "no such environment")

    def check_role(self, role: str) -> None:
        """Refuses a token whose role may not use the Cards API."""
        if role != CARDS_ROLE:
            raise _unauthorised(self.profile.wrong_role, f"the role {CARDS_ROLE} is required")

    def deleted_credential(self, credential: Credential | None) -> Credential | None:  # noqa: ARG002 - for faults
        """The credential that a deleted one still counts as: none."""
        return None

    def secret_matches(self, given: str, actual: str) -> bool:
        """Whether a client secret is correct."""
        return hmac.compare_digest(given.encode("utf-8", "replace"), actual.encode())

    def reads_grant_type(self, place: str) -> bool:
        """Whether grant_type is read from a place, ``query`` or ``form``."""
        return self.profile.grant_type_in in {"either", place}

    def outdated_tokens(self, client_id: str, grants: Mapping[str, Grant]) -> list[str]:  # noqa: ARG002 - for faults
        """The tokens that a new one for the client revokes."""
        return []

    def issued_token(self, token: str) -> str:
        """The token that a client receives."""
        return token

    def token_body(self, token: str, seconds: int) -> dict[str, Any]:
        """The body of a token response; the fields are those of Amazon Cognito."""
        if self.profile.token_fields == "access_token-only":  # noqa: S105
            return {"access_token": token}
        return {"access_token": token, "expires_in": seconds, "token_type": "Bearer"}


def _unauthorised(answer: str, message: str) -> Refusal:
    status = int(answer)
    return Refusal(status, message, _CHALLENGE if status == _UNAUTHORIZED else ())
