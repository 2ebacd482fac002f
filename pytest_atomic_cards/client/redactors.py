"""Redactors of one session, whose tokens change."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from pytest_atomic_cards.model.exchange import redact_headers
from pytest_atomic_cards.support.secrets.hidden import Hidden
from pytest_atomic_cards.support.secrets.redactor import Redactor

if TYPE_CHECKING:
    from pytest_atomic_cards.client.tokens import TokenSource

_KEPT: Final = 16
"""Redactors to reuse: one for each token of a test, which has few; building one takes long."""


class Redactors:
    """Redacts every secret that a session has sent or received.

    Args:
        tokens: Whose secrets never to show.
        secrets: What else never to show.
    """

    def __init__(self, tokens: TokenSource, secrets: frozenset[str]) -> None:
        self._tokens = tokens
        self._secrets = secrets
        self._redactor = lru_cache(_KEPT)(Redactor)

    def of(self, authorization: str | None) -> Redactor:
        """The redactor of a request, which also knows its own ``Authorization``."""
        secrets = self._tokens.secrets | self._secrets
        if authorization:
            secrets |= {Hidden(authorization.rpartition(" ")[2])}
        return self._redactor(secrets)


def redact_all(headers: Mapping[str, str], redactor: Redactor) -> dict[str, str]:
    """Headers without secrets, whether known by name or by value."""
    return {name: redactor.text(value) for name, value in redact_headers(headers).items()}
