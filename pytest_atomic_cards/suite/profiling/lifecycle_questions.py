"""Open questions about the lifecycle: what cancel affects, and what happens without an action."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pytest_atomic_cards.model.lifecycle import Action, Status
from pytest_atomic_cards.suite.profiling.context import Observer, ProfilingContext
from pytest_atomic_cards.suite.profiling.observed_responses import updated
from pytest_atomic_cards.suite.profiling.timers import (
    EXPIRING,
    EXPIRING_EMBARGOED,
    EXPIRING_SNOOZED,
    Timers,
)
from pytest_atomic_cards.support.errors import NotAvailableError


def cancel_embargoed(context: ProfilingContext) -> str:
    """Cancel an embargoed card."""
    return _cancelled_in(context, Status.EMBARGOED)


def cancel_snoozed(context: ProfilingContext) -> str:
    """Cancel a snoozed card."""
    return _cancelled_in(context, Status.SNOOZED)


def _cancelled_in(context: ProfilingContext, state: Status) -> str:
    group, card = context.supply.card(state)
    exchange = context.put(Action.CANCEL, group.single(card))
    has_body = exchange.succeeded and exchange.response_body
    return "allowed" if has_body and updated(exchange) else "refused"


def expiry_while_embargoed(context: ProfilingContext) -> str:
    """Look at an embargoed card after its expiry time."""
    return _at_expiry(context, EXPIRING_EMBARGOED)


def expiry_while_snoozed(context: ProfilingContext) -> str:
    """Look at a snoozed card after its expiry time."""
    return _at_expiry(context, EXPIRING_SNOOZED)


def _at_expiry(context: ProfilingContext, name: str) -> str:
    return "expires" if context.once(Timers).expires(name) else "waits"


def updated_by_system(context: ProfilingContext) -> str:
    """Compare ``updated`` of a card before and after it expired."""
    timers = context.once(Timers)
    group = timers.group(EXPIRING)
    before = group.cards[0]
    timers.expires(EXPIRING)
    after = context.probe.look(group, before)
    if after.status != Status.EXPIRED or None in {before.updated, after.updated}:
        raise NotAvailableError("no listing shows when an expired card was updated")
    return "no" if after.updated == before.updated else "yes"


OBSERVERS: Final[Mapping[str, Observer]] = {
    observer.__name__: observer
    for observer in (
        cancel_embargoed,
        cancel_snoozed,
        expiry_while_embargoed,
        expiry_while_snoozed,
        updated_by_system,
    )
}
