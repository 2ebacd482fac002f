"""A complete exchange for tests."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from pytest_atomic_cards.model.exchange import Exchange

TOKEN = "tok-3.141"


def exchange(**changes: object) -> Exchange:
    """A complete exchange, with some fields changed."""
    fields: dict[str, Any] = {
        "method": "PUT",
        "url": "https://cards.test/v1/env%201/cards/complete?userId=a%20b&multiple=1",
        "started": datetime(2024, 1, 31, 12, tzinfo=UTC),
        "elapsed": 0.123456789,
        "request_headers": {
            "Authorization": f"Bearer {TOKEN}",
            "User-Agent": "suite/1 (it's)",
            "Content-Type": "application/json",
            "X-Other": "other",
        },
        "request_body": b'{"a": 1}',
        "status": 200,
        "response_headers": {"content-type": "application/json"},
        "response_body": b'{"data": []}',
    }
    return Exchange(**fields | changes)
