"""Open questions of the lifecycle: what cancel may end, and what the platform does by itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pytest_atomic_cards.model.lifecycle import Action, Status
from pytest_atomic_cards.suite.profiling.context import Observer, Scene
from pytest_atomic_cards.suite.profiling.observed_responses import updated
from pytest_atomic_cards.suite.profiling.timers import Timed, Timers
from pytest_atomic_cards.support.errors import NotAvailableError


def cancel_embargoed(scene: Scene) -> str:
    """Cancel an embargoed card."""
    return _cancelled_in(scene, Status.EMBARGOED)


def cancel_snoozed(scene: Scene) -> str:
    """Cancel a snoozed card."""
    return _cancelled_in(scene, Status.SNOOZED)


def _cancelled_in(scene: Scene, state: Status) -> str:
    group, card = scene.supply.card(state)
    exchange = scene.put(Action.CANCEL, group.single(card))
    has_body = exchange.succeeded and exchange.response_body
    return "allowed" if has_body and updated(exchange) else "refused"


def expiry_while_embargoed(scene: Scene) -> str:
    """Look at an embargoed card after its expiry time."""
    return _at_expiry(scene, Timed.EMBARGOED)


def expiry_while_snoozed(scene: Scene) -> str:
    """Look at a snoozed card after its expiry time."""
    return _at_expiry(scene, Timed.SNOOZED)


def _at_expiry(scene: Scene, kind: Timed) -> str:
    return "expires" if scene.once(Timers).expires(kind) else "waits"


def updated_by_system(scene: Scene) -> str:
    """Compare ``updated`` of a card before and after it expired by itself."""
    timers = scene.once(Timers)
    group = timers.group(Timed.ACTIVE)
    before = group.cards[0]
    timers.expires(Timed.ACTIVE)
    after = scene.probe.look(group, before)
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
