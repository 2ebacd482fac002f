"""How often the suite makes an attempt again: after a lost response, or a passing server error."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from pytest_atomic_cards.model.exchange import Exchange

LOST_RESPONSES: Final = 4
"""Attempts: four lost responses in a row are not a coincidence."""
EVERY_SECOND_LOST: Final = 8
"""Attempts: even if every second response is lost, one arrives in 255 of 256 cases."""
PASSING_ERRORS: Final = 3
"""Requests before a server error counts: a passing failure hardly occurs three times in a row."""


def until_served(ask: Callable[[], Exchange]) -> Exchange:
    """The exchange, made again after a server error: only one that persists counts."""
    for _ in range(PASSING_ERRORS):
        exchange = ask()
        if not exchange.is_server_error:
            break
    return exchange
