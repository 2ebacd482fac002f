"""Reading responses: which cards are listed, and how many an action counts."""

from __future__ import annotations

from pytest_atomic_cards.model.cards import cards_of
from pytest_atomic_cards.model.exchange import Exchange
from pytest_atomic_cards.suite.probing.action_responses import response_of
from pytest_atomic_cards.support.errors import NotAvailableError
from pytest_atomic_cards.targets.seeding.listing_reader import Group, key_of


def listed(exchange: Exchange) -> set[str]:
    """The keys of the listed cards; empty if the listing was refused or has no body.

    Raises:
        ContractBrokenError: The body is not as documented.
    """
    if not exchange.succeeded or not exchange.response_body:
        return set()
    return {key_of(card) for card in cards_of(exchange.json())}


def keys(group: Group) -> set[str]:
    """The keys of the cards of a group."""
    return {key_of(card) for card in group.cards}


def updated(exchange: Exchange) -> int:
    """``summary.updated`` of an action.

    Raises:
        NotAvailableError: There is none.
        ContractBrokenError: The body is not as documented.
    """
    return _counted(exchange, "updated")


def total(exchange: Exchange) -> int:
    """``summary.total`` of an action.

    Raises:
        NotAvailableError: There is none.
        ContractBrokenError: The body is not as documented.
    """
    return _counted(exchange, "total")


def _counted(exchange: Exchange, name: str) -> int:
    count: int | None = getattr(response_of(exchange).summary, name)
    if count is None:
        raise NotAvailableError(f"the response has no summary.{name}", exchange)
    return count
