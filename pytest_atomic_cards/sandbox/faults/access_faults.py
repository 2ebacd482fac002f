"""Faults of authentication: which tokens are accepted, and how they are issued."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

from pytest_atomic_cards.sandbox.faults.fault import Faults, Original, constant
from pytest_atomic_cards.sandbox.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_atomic_cards.sandbox.authorization import Credential, Grant

FAULTS: Final = Faults("authentication")
_KNOWN: Final = 8
"""Characters: enough to identify a token, so only the rest of it goes unchecked."""
_EARLY: Final = 30 * 60_000
"""Milliseconds: half of a token's hour, far more than any client's safety margin."""
_REFUSALS: Final = frozenset({401, 403})

FAULTS.add("token-not-checked", "Requests need no token.", {"authorise": constant(None)})


@FAULTS.replacing("authorise")
def missing_token_accepted(original: Original[None], header: str | None, *rest: Any) -> None:  # noqa: ANN401
    """Requests without a token are served; wrong tokens are refused."""
    if header:
        original(header, *rest)


@FAULTS.replacing("authorise")
def any_token_accepted(original: Original[None], header: str | None, *rest: Any) -> None:  # noqa: ANN401
    """Any token is accepted, even one that was never issued."""
    try:
        original(header, *rest)
    except Refusal as refusal:
        if not header or refusal.status not in _REFUSALS:
            raise


@FAULTS.replacing("identify")
def token_known_by_beginning(
    original: Original[Grant],
    header: str | None,
    grants: Mapping[str, Grant],
    *rest: Any,  # noqa: ANN401
) -> Grant:
    """Only the first characters of a token are checked."""
    begun = (header or "")[: len("Bearer ") + _KNOWN]
    whole = next((token for token in grants if f"Bearer {token}".startswith(begun)), None)
    known = f"Bearer {whole}" if whole and len(begun) > _KNOWN else header
    return original(known, grants, *rest)


@FAULTS.replacing("identify")
def token_cut_short_accepted(
    original: Original[Grant],
    header: str | None,
    grants: Mapping[str, Grant],
    *rest: Any,  # noqa: ANN401
) -> Grant:
    """A token that lacks its last characters is accepted."""
    given = (header or "").removeprefix("Bearer ")
    whole = (token for token in grants if token.startswith(given) and len(token) > len(given))
    token = next(whole, None) if len(given) > _KNOWN else None
    return original(f"Bearer {token}" if token else header, grants, *rest)


FAULTS.add(
    "expired-token-accepted", "A token never expires.", {"has_expired": constant(value=False)}
)


@FAULTS.replacing("has_expired")
def token_expires_early(original: Original[bool], expires: int, now: int) -> bool:
    """A token expires half an hour before expires_in has passed."""
    return original(expires - _EARLY, now)


FAULTS.add("any-role-accepted", "A token of any role is accepted.", {"check_role": constant(None)})
FAULTS.add(
    "other-environment-accepted",
    "A token of one environment is accepted in another.",
    {"check_environment": constant(None)},
)


def _refused_with(status: int, original: Original[None], *rest: Any) -> None:  # noqa: ANN401
    try:
        original(*rest)
    except Refusal as refusal:
        raise Refusal(status, refusal.message) from None


FAULTS.add(
    "no-access-is-500",
    "A request without access gives a server error.",
    {"authorise": partial(_refused_with, 500)},
)
FAULTS.add(
    "no-access-is-400",
    "A request without access is refused with 400 instead of 401 or 403.",
    {"authorise": partial(_refused_with, 400)},
)
FAULTS.add(
    "wrong-secret-accepted",
    "The token endpoint issues tokens for a wrong secret.",
    {"secret_matches": constant(value=True)},
)


@FAULTS.replacing("deleted_credential")
def deleted_credential_accepted(_: Original[None], credential: Credential) -> Credential:
    """The token endpoint issues tokens for a deleted credential."""
    return credential


@FAULTS.replacing("check_user_agent")
def missing_user_agent_gives_500(_: Original[None], user_agent: str | None) -> None:
    """A request without a User-Agent gives a server error."""
    if not user_agent:
        raise Refusal(500, "the request has no User-Agent")


@FAULTS.replacing("issued_token")
def issued_token_refused(original: Original[str], token: str) -> str:
    """The token endpoint issues tokens that are not accepted."""
    return original(token)[::-1]


@FAULTS.replacing("outdated_tokens")
def new_token_ends_old(
    _: Original[list[str]], client_id: str, grants: Mapping[str, Grant]
) -> list[str]:
    """A new token revokes the earlier ones of the same client."""
    return [token for token, grant in grants.items() if grant.credential.client_id == client_id]


@FAULTS.replacing("token_body")
def token_response_lacks_token(original: Original[dict[str, Any]], *args: Any) -> dict[str, Any]:  # noqa: ANN401
    """A token response has no access_token."""
    body = original(*args)
    body.pop("access_token", None)
    return body
