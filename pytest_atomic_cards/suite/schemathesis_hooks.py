"""The rules as Schemathesis checks, for ``st run`` and for your own tests that use Schemathesis.

Enable them with one of these settings::

    export SCHEMATHESIS_HOOKS=pytest_atomic_cards.suite.schemathesis_hooks
    hooks = "pytest_atomic_cards.suite.schemathesis_hooks"       # in schemathesis.toml

or with ``import pytest_atomic_cards.suite.schemathesis_hooks`` in a ``conftest.py``. Then run::

    atomic-cards openapi > openapi.yaml
    st run openapi.yaml --url http://127.0.0.1:8080

Importing this module changes Schemathesis for the whole process:

*Checks.* The rules of :mod:`pytest_atomic_cards.rules` that need only one exchange
become checks with the same name, such as ``--checks cards_match_query``. Anything that a stale
listing could explain is not reported.

*Open questions.* What the documentation leaves open is not reported: accepting a malformed request
or refusing a well-formed one, the 4xx status for a missing token, the body of a refusal, the
responses to other methods, and a response without a body.

*Credentials.* If ``ATOMIC_CARDS_CLIENT_ID``, ``ATOMIC_CARDS_CLIENT_SECRET`` and
``ATOMIC_CARDS_TOKEN_URL`` are set (or ``ATOMIC_CARDS_ORG_ID``, for the vendor's token URL), a token
is fetched and kept until it expires. ``ATOMIC_CARDS_ENVIRONMENT_ID`` replaces every
``environmentId``.

*Safety.* A generated action can cancel every card of an environment. Set
``ATOMIC_FLOW_INVOCATION_ID`` to your own invocation, and each action is pinned to its cards.
Without it, actions are only sent to this machine, and starts of Action Flows never leave it.
``st run --exclude-method POST`` leaves the starts out, ``--include-method GET`` the actions too.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import urlsplit

import schemathesis
from schemathesis.core.failures import AcceptedNegativeData, Failure, MalformedJson
from schemathesis.openapi.checks import (
    AllowHeaderMismatch,
    JsonSchemaError,
    MissingContentType,
    MissingHeaderNotRejected,
    RejectedPositiveData,
    UndefinedContentType,
    UnsupportedMethodResponse,
)

from pytest_atomic_cards.client.tokens import ClientCredentials
from pytest_atomic_cards.model.exchange import Exchange
from pytest_atomic_cards.model.query import Attribute
from pytest_atomic_cards.model.resolution import resolve
from pytest_atomic_cards.model.settings import Settings
from pytest_atomic_cards.rules import AGREEMENT, SHAPE, CardHistory, Rule, objections
from pytest_atomic_cards.suite.generation.schema_responses import is_json
from pytest_atomic_cards.support.clock import REAL_CLOCK
from pytest_atomic_cards.support.errors import ScopeError

PIN: Final = "ATOMIC_FLOW_INVOCATION_ID"
"""Environment variable: the ``flowInvocationId`` that actions are pinned to."""

_OPEN: Final = (
    AcceptedNegativeData,
    AllowHeaderMismatch,
    RejectedPositiveData,
    UnsupportedMethodResponse,
)
_OPEN_WITHOUT_BODY: Final = (MalformedJson, MissingContentType)
_OPEN_OF_REFUSALS: Final = (JsonSchemaError, MalformedJson, UndefinedContentType)
_READS: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
_SETTINGS: Final = resolve({"target": "sandbox"}, lambda _: "")
"""The settings of the environment; Schemathesis itself decides the target."""


_RULES: Final = (*AGREEMENT, *SHAPE)
_NOTHING_KNOWN: Final = CardHistory()


def _check_of(name: str) -> Callable[..., None]:
    rules: list[Rule] = [rule for rule in _RULES if rule.name == name]

    def check(
        _context: schemathesis.CheckContext,
        response: schemathesis.Response,
        _case: schemathesis.Case[Any],
    ) -> None:
        for objection in objections(_exchange(response), rules, _NOTHING_KNOWN):
            raise AssertionError(f"expected {objection.expected}; {objection.actual}")

    check.__name__ = name
    return check


def _exchange(response: schemathesis.Response) -> Exchange:
    return Exchange(
        method=response.request.method or "",
        url=response.request.url or "",
        started=REAL_CLOCK.now(),
        elapsed=response.elapsed,
        status=response.status_code,
        response_headers={name: ", ".join(values) for name, values in response.headers.items()},
        response_body=response.content,
    )


@schemathesis.hook
def filter_failure(
    _context: schemathesis.HookContext,
    failure: Failure,
    _case: schemathesis.Case[Any],
    response: schemathesis.Response,
) -> bool:
    """Drop failures on what the documentation leaves open."""
    if isinstance(failure, _OPEN_WITHOUT_BODY) and not response.content:
        return False
    if isinstance(failure, UndefinedContentType):
        kinds = response.headers.get("content-type", [""])
        if is_json(kinds[0].partition(";")[0].strip().lower()):
            return False
    if isinstance(failure, (MissingHeaderNotRejected, *_OPEN_OF_REFUSALS)):
        return not 400 <= response.status_code < 500  # noqa: PLR2004 - any refusal will do
    return not isinstance(failure, _OPEN)


@schemathesis.hook
def before_call(
    _context: schemathesis.HookContext,
    case: schemathesis.Case[Any],
    kwargs: dict[str, Any],
) -> None:
    """Set the environment, and pin requests that could change cards to one invocation.

    Raises:
        ScopeError: The request could change other people's cards; it is not sent.
    """
    if _SETTINGS.environment_id:
        case.path_parameters |= {"environmentId": _SETTINGS.environment_id}
    if case.method in _READS:
        return
    pin = os.environ.get(PIN)
    if pin and case.method == "PUT":
        query: object = case.query  # that of a malformed request can be anything
        own = query if isinstance(query, Mapping) else {}
        case.query = {**own, Attribute.FLOW_INVOCATION_ID.value: pin}
    elif case.operation.app is None and not _is_here(
        kwargs.get("base_url") or case.operation.base_url
    ):
        raise ScopeError(
            f"refused to send {case.method} {case.path}, which could change other people's cards; "
            f"set {PIN} to your own invocation and add --exclude-method POST, or leave actions out "
            "with --include-method GET"
        )


def _is_here(url: str | None) -> bool:
    host = urlsplit(url or "").hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _authenticate(settings: Settings) -> None:
    token_url = settings.token_endpoint
    if not (token_url and settings.client_id and settings.client_secret):
        return
    credentials = ClientCredentials(
        token_url=token_url,
        client_id=settings.client_id,
        client_secret=settings.client_secret,
        grant_type_in=settings.grant_type_in,
        timeout=settings.timeout,
    )

    class Token:
        """Adds the token of the configured credentials to every request."""

        def get(self, _case: schemathesis.Case[Any], _context: schemathesis.AuthContext) -> str:
            return credentials.token()

        def set(
            self, case: schemathesis.Case[Any], data: str, _context: schemathesis.AuthContext
        ) -> None:
            case.headers["Authorization"] = f"Bearer {data}"

    schemathesis.auth()(Token)


for _name in dict.fromkeys(rule.name for rule in _RULES):
    schemathesis.check(_check_of(_name))
_authenticate(_SETTINGS)
