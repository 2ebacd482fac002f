"""What a response to an action says of the cards that it matched."""

from __future__ import annotations

from http import HTTPStatus

from pytest_atomic_cards.model.exchange import Exchange


def updated(exchange: Exchange) -> int:
    """How many cards a response says were changed; one for a success without a count."""
    if not exchange.succeeded:
        return 0
    try:
        return int(exchange.json()["summary"]["updated"])
    except (TypeError, KeyError, ValueError):
        return 1


def is_refusal(exchange: Exchange) -> bool:
    """Whether the target refused a request."""
    return (
        exchange.status is not None
        and HTTPStatus.BAD_REQUEST <= exchange.status < HTTPStatus.INTERNAL_SERVER_ERROR
    )
