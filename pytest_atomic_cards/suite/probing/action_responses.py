"""Responses to actions: expected to be a success, and read."""

from __future__ import annotations

from pytest_atomic_cards.model.cards import ActionResponse
from pytest_atomic_cards.model.exchange import Exchange
from pytest_atomic_cards.model.lifecycle import Action
from pytest_atomic_cards.model.query import CardQuery
from pytest_atomic_cards.rules.verdicts import expect
from pytest_atomic_cards.support.errors import ContractBrokenError, NotAvailableError


def expect_done(exchange: Exchange, action: Action, query: CardQuery) -> None:
    """Expect an action to have succeeded."""
    expect(
        exchange.succeeded,
        exchange,
        expected=f"{action} {query} to succeed",
        actual=f"the response was HTTP {exchange.status}",
    )


def response_of(exchange: Exchange) -> ActionResponse:
    """The body of an action's response.

    Raises:
        ContractBrokenError: The response to complete is not as sampled; the shape contracts judge
            that.
        NotAvailableError: The response to dismiss or cancel, which are not sampled, is different.
    """
    try:
        return ActionResponse.from_body(exchange.json())
    except ContractBrokenError as error:
        action = exchange.path.rpartition("/")[2]
        if action != Action.COMPLETE and exchange.succeeded:
            reason = f"the response to {action} is not like that to complete: {error}"
            raise NotAvailableError(reason, exchange) from None
        raise ContractBrokenError(str(error), exchange) from None
