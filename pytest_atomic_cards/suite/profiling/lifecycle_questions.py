"""Open questions about the lifecycle: what cancel affects, and what happens without an action."""

from __future__ import annotations

from pytest_atomic_cards.model.lifecycle import Action, Status
from pytest_atomic_cards.suite.profiling.context import ProfilingContext
from pytest_atomic_cards.suite.profiling.observed_responses import updated
from pytest_atomic_cards.suite.profiling.observers import late_observer, observer
from pytest_atomic_cards.suite.profiling.timers import (
    EXPIRING,
    EXPIRING_EMBARGOED,
    EXPIRING_SNOOZED,
    Timers,
)
from pytest_atomic_cards.support.errors import NotAvailableError


@observer
def cancel_embargoed(context: ProfilingContext) -> str:
    """Cancel an embargoed card."""
    return _cancelled_in(context, Status.EMBARGOED)


@observer
def cancel_snoozed(context: ProfilingContext) -> str:
    """Cancel a snoozed card."""
    return _cancelled_in(context, Status.SNOOZED)


def _cancelled_in(context: ProfilingContext, state: Status) -> str:
    group, card = context.supply.card(state)
    exchange = context.put(Action.CANCEL, group.single(card))
    has_body = exchange.succeeded and exchange.response_body
    return "allowed" if has_body and updated(exchange) else "refused"


@late_observer
def expiry_while_embargoed(context: ProfilingContext) -> str:
    """Look at an embargoed card after its expiry time."""
    return _at_expiry(context, EXPIRING_EMBARGOED)


@late_observer
def expiry_while_snoozed(context: ProfilingContext) -> str:
    """Look at a snoozed card after its expiry time."""
    return _at_expiry(context, EXPIRING_SNOOZED)


def _at_expiry(context: ProfilingContext, name: str) -> str:
    return "expires" if context.once(Timers).expires(name) else "waits"


@late_observer
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
