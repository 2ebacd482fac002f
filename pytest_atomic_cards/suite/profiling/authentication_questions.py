"""Open questions about authentication: how a request is refused, and how tokens are requested.

Questions that need other credentials or environments can only be observed on the sandbox.
"""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus
from typing import Any, Final

from pytest_atomic_cards.client.retry import RetryPolicy
from pytest_atomic_cards.client.sandbox_controls import ApiCredential
from pytest_atomic_cards.client.token_endpoint import GrantTypeIn
from pytest_atomic_cards.client.tokens import TokenSource
from pytest_atomic_cards.suite.profiling.context import ProfilingContext
from pytest_atomic_cards.suite.profiling.observers import observer
from pytest_atomic_cards.support.errors import AtomicCardsError, NotAvailableError, TransportError
from pytest_atomic_cards.support.secrets.hidden import Hidden

_REFUSALS: Final = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})
_COGNITO: Final = frozenset({"access_token", "expires_in", "token_type"})
_PLACES: Final[tuple[GrantTypeIn, ...]] = ("query", "form")


@observer
def no_token(context: ProfilingContext) -> str:
    """List without an Authorization header."""
    return _status(context, authenticated=False)


@observer
def bad_token(context: ProfilingContext) -> str:
    """List with an invented token."""
    return _status(context, **_bearer(context.probe.invented()))


@observer
def other_scheme(context: ProfilingContext) -> str:
    """List with an invented token under another scheme."""
    header = Hidden(f"Basic {context.probe.invented()}")
    return _status(context, headers={"Authorization": header})


@observer
def unknown_environment(context: ProfilingContext) -> str:
    """List in an environment that does not exist."""
    exchange = context.probe.raw(
        "GET", "/cards", context.still.pin, environment_id=context.probe.invented()
    )
    context.evidence = exchange
    return str(exchange.status)


@observer
def wrong_role(context: ProfilingContext) -> str:
    """List with a token of another role."""
    credential = context.cards.controls.create_credential("workbench")
    return _status(context, **_bearer(_token(context, credential)))


@observer
def other_environment(context: ProfilingContext) -> str:
    """List with a token of another environment."""
    controls, other = context.cards.controls, f"other-{context.cards.randomness.token()}"
    controls.create_environment(other)
    return _status(context, **_bearer(_token(context, controls.create_credential("events", other))))


@observer
def no_user_agent(context: ProfilingContext) -> str:
    """List without a User-Agent."""
    status = _status(context, user_agent=False)
    return "accepted" if status == str(HTTPStatus.OK.value) else status


@observer
def deleted_credential(context: ProfilingContext) -> str:
    """List with a token whose credential has just been deleted."""
    controls = context.cards.controls
    credential = controls.create_credential()
    bearer = _bearer(_token(context, credential))
    controls.delete_credential(credential.client_id)
    exchange = context.send("GET", "/cards", context.still.pin, **bearer)
    if exchange.succeeded:
        return "lives"
    return "dies" if exchange.status in _REFUSALS else str(exchange.status)


@observer
def token_fields(context: ProfilingContext) -> str:
    """Read the field names of a token response."""
    names = context.once(_TokenRequests).fields
    if names == {"access_token"}:
        return "access_token-only"
    return "cognito" if names == _COGNITO else ", ".join(sorted(names))


@observer
def grant_type_in(context: ProfilingContext) -> str:
    """Request a token with ``grant_type`` in the query, and another with it in the form."""
    accepted = context.once(_TokenRequests).accepted
    return "either" if len(accepted) > 1 else accepted[0]


class _TokenRequests:
    """One token request for each place of ``grant_type``. Few, as too many get HTTP 429.

    Attributes:
        accepted: Where ``grant_type`` was accepted.
        fields: The names of the fields in the last response with a token.

    Raises:
        NotAvailableError: No token was issued.
        TransportError: There was no usable response.
    """

    def __init__(self, context: ProfilingContext) -> None:
        client_id, client_secret = _credentials(context)
        retry = RetryPolicy.by(context.cards.clock, context.cards.randomness)
        self.accepted: list[str] = []
        self.fields: frozenset[str] = frozenset()
        for place in _PLACES:
            source = context.cards.authenticate(
                client_id=client_id,
                client_secret=client_secret,
                grant_type_in=place,
                retry=replace(retry, attempts=2),
            )
            if _gets_token(source):
                self.accepted.append(place)
            self.fields = source.response_fields or self.fields
        if not self.accepted:
            raise NotAvailableError("no token is issued, with grant_type in the query or the form")


def _gets_token(source: TokenSource) -> bool:
    try:
        source.token()
    except TransportError:
        raise
    except AtomicCardsError:
        return False
    return True


def _credentials(context: ProfilingContext) -> tuple[str, str]:
    if context.is_live:
        settings = context.settings
        return settings.client_id or "", Hidden(settings.client_secret or "")
    credential = context.cards.controls.create_credential()
    return credential.client_id, Hidden(credential.client_secret)


def _token(context: ProfilingContext, credential: ApiCredential) -> str:
    source = context.cards.authenticate(
        client_id=credential.client_id, client_secret=credential.client_secret
    )
    return Hidden(source.token())


def _bearer(token: str) -> dict[str, Any]:
    return {"headers": {"Authorization": Hidden(f"Bearer {token}")}}


def _status(context: ProfilingContext, **how: Any) -> str:  # noqa: ANN401 - passed on
    return str(context.send("GET", "/cards", context.still.pin, **how).status)
