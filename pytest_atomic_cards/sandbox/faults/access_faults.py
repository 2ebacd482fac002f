"""Faults of authentication: which tokens are accepted, and how they are issued."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

from pytest_atomic_cards.sandbox.faults.fault import Fault, Original, Wrapper, constant
from pytest_atomic_cards.sandbox.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_atomic_cards.sandbox.authorization import Grant

_AREA: Final = "authentication"
_KNOWN: Final = 8
"""Characters: enough to identify a token, so only the rest of it goes unchecked."""
_EARLY: Final = 30 * 60_000
"""Milliseconds: half of a token's hour, far more than any client's safety margin."""
_REFUSALS: Final = frozenset({401, 403})


def _without_header_anyone(original: Original, header: str | None, *rest: Any) -> None:  # noqa: ANN401
    if header:
        original(header, *rest)


def _with_any_token(original: Original, header: str | None, *rest: Any) -> None:  # noqa: ANN401
    try:
        original(header, *rest)
    except Refusal as refusal:
        if not header or refusal.status not in _REFUSALS:
            raise


def _signature_unchecked(
    original: Original,
    header: str | None,
    grants: Mapping[str, Grant],
    *rest: Any,  # noqa: ANN401
) -> Grant:
    """Identifies a token by its first characters."""
    begun = (header or "")[: len("Bearer ") + _KNOWN]
    whole = next((token for token in grants if f"Bearer {token}".startswith(begun)), None)
    known = f"Bearer {whole}" if whole and len(begun) > _KNOWN else header
    grant: Grant = original(known, grants, *rest)
    return grant


def _cut_short(
    original: Original,
    header: str | None,
    grants: Mapping[str, Grant],
    *rest: Any,  # noqa: ANN401
) -> Grant:
    """Identifies a token that lacks its last characters."""
    given = (header or "").removeprefix("Bearer ")
    whole = (token for token in grants if token.startswith(given) and len(token) > len(given))
    token = next(whole, None) if len(given) > _KNOWN else None
    grant: Grant = original(f"Bearer {token}" if token else header, grants, *rest)
    return grant


def _refused_with(status: int, original: Original, *rest: Any) -> None:  # noqa: ANN401
    try:
        original(*rest)
    except Refusal as refusal:
        raise Refusal(status, refusal.message) from None


def _all_of_client(original: Original, client_id: str, grants: Mapping[str, Grant]) -> list[str]:
    del original
    return [token for token, grant in grants.items() if grant.credential.client_id == client_id]


def _fails_without_user_agent(_original: Original, user_agent: str | None) -> None:
    if not user_agent:
        raise Refusal(500, "the request has no User-Agent")


def _body_without(name: str, original: Original, token: str, seconds: int) -> dict[str, Any]:
    body: dict[str, Any] = original(token, seconds)
    body.pop(name, None)
    return body


_CHECKS: Final[tuple[tuple[str, str, str, Wrapper], ...]] = (
    ("token-not-checked", "Requests need no token.", "authorise", constant(None)),
    (
        "missing-token-accepted",
        "Requests without a token are served; wrong tokens are refused.",
        "authorise",
        _without_header_anyone,
    ),
    (
        "any-token-accepted",
        "Any token is accepted, even one that was never issued.",
        "authorise",
        _with_any_token,
    ),
    (
        "token-known-by-beginning",
        "Only the first characters of a token are checked.",
        "identify",
        _signature_unchecked,
    ),
    (
        "token-cut-short-accepted",
        "A token that lacks its last characters is accepted.",
        "identify",
        _cut_short,
    ),
    ("expired-token-accepted", "A token never expires.", "has_expired", constant(value=False)),
    (
        "token-expires-early",
        "A token expires half an hour before expires_in has passed.",
        "has_expired",
        lambda original, expires, now: original(expires - _EARLY, now),
    ),
    ("any-role-accepted", "A token of any role is accepted.", "check_role", constant(None)),
    (
        "other-environment-accepted",
        "A token of one environment is accepted in another.",
        "check_environment",
        constant(None),
    ),
    (
        "no-access-is-500",
        "A request without access gives a server error.",
        "authorise",
        partial(_refused_with, 500),
    ),
    (
        "no-access-is-400",
        "A request without access is refused with 400 instead of 401 or 403.",
        "authorise",
        partial(_refused_with, 400),
    ),
    (
        "wrong-secret-accepted",
        "The token endpoint issues tokens for a wrong secret.",
        "secret_matches",
        constant(value=True),
    ),
    (
        "deleted-credential-accepted",
        "The token endpoint issues tokens for a deleted credential.",
        "deleted_credential",
        lambda _original, credential: credential,
    ),
    (
        "missing-user-agent-gives-500",
        "A request without a User-Agent gives a server error.",
        "check_user_agent",
        _fails_without_user_agent,
    ),
    (
        "issued-token-refused",
        "The token endpoint issues tokens that are not accepted.",
        "issued_token",
        lambda original, token: original(token)[::-1],
    ),
    (
        "new-token-ends-old",
        "A new token revokes the earlier ones of the same client.",
        "outdated_tokens",
        _all_of_client,
    ),
    (
        "token-response-lacks-token",
        "A token response has no access_token.",
        "token_body",
        partial(_body_without, "access_token"),
    ),
)

FAULTS: Final = tuple(
    Fault(name, _AREA, text, {seam: wrapper}) for name, text, seam, wrapper in _CHECKS
)
