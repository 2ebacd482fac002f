"""Attempts that are made again: after a lost response, or after a passing server error."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

from pytest_atomic_cards.model.exchange import Exchange
from pytest_atomic_cards.support.errors import OutcomeUnknownError

Outcome = TypeVar("Outcome")

LOST_RESPONSES: Final = 4
"""Attempts: four lost responses in a row are not a coincidence."""
EVERY_SECOND_LOST: Final = 8
"""Attempts: even if every second response is lost, one arrives in 255 of 256 cases."""
PASSING_ERRORS: Final = 3
"""Requests before a server error counts: a passing failure hardly occurs three times in a row."""


def until_known(
    attempt: Callable[[], Outcome],
    changed: Callable[[OutcomeUnknownError], Outcome | None] | None = None,
    tries: int = LOST_RESPONSES,
) -> Outcome:
    """The outcome of an attempt, which is made again as long as its response is lost.

    Args:
        attempt: Makes one attempt.
        changed: Looks for the effect after a lost response. Returns the outcome if there is one,
            and ``None`` if nothing changed. Without it every attempt must use fresh cards.
        tries: How many attempts to make.

    Raises:
        OutcomeUnknownError: Every response was lost.
    """
    for remaining in reversed(range(tries)):
        try:
            return attempt()
        except OutcomeUnknownError as error:
            outcome = changed(error) if changed else None
            if outcome is not None:
                return outcome
            if not remaining:
                raise
    raise AssertionError("tries must be positive")


def until_served(ask: Callable[[], Exchange]) -> Exchange:
    """The exchange, made again after a server error: only one that persists counts."""
    for _ in range(PASSING_ERRORS):
        exchange = ask()
        if not exchange.is_server_error:
            break
    return exchange
