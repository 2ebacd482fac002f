"""Requests that an application sends through the gateway."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import requests

if TYPE_CHECKING:
    from pytest_atomic_cards import Cards


TIMEOUT = 30
get = partial(requests.get, timeout=TIMEOUT)
put = partial(requests.put, timeout=TIMEOUT)
post = partial(requests.post, timeout=TIMEOUT)


def cards_url(cards: Cards, path: str = "") -> str:
    """The URL of the cards of an environment, or of an action on them."""
    return f"{cards.url}/v1/{cards.environment_id}/cards{path}"


def listed(response: requests.Response) -> list[str]:
    """The ids that a listing shows."""
    assert response.status_code == 200, response.text
    return [card["cardInstanceId"] for card in response.json()["data"]]
