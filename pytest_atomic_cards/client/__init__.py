"""Client of the Cards API: tokens, session with scope guard, typed operations."""

from pytest_atomic_cards.client.action_flows import ActionFlows, FlowMode, FlowTarget, Invocation
from pytest_atomic_cards.client.cards_api import CardsApi
from pytest_atomic_cards.client.drain import DrainProgress, DrainReport
from pytest_atomic_cards.client.retry import RetryPolicy
from pytest_atomic_cards.client.scope_guard import Scope, ScopeWarning
from pytest_atomic_cards.client.session import CardsSession
from pytest_atomic_cards.client.token_endpoint import GrantTypeIn
from pytest_atomic_cards.client.tokens import (
    ClientCredentials,
    StaticToken,
    TokenSource,
)
from pytest_atomic_cards.client.transport import open_http

__all__ = [
    "ActionFlows",
    "CardsApi",
    "CardsSession",
    "ClientCredentials",
    "DrainProgress",
    "DrainReport",
    "FlowMode",
    "FlowTarget",
    "GrantTypeIn",
    "Invocation",
    "RetryPolicy",
    "Scope",
    "ScopeWarning",
    "StaticToken",
    "TokenSource",
    "open_http",
]
