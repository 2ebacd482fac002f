"""Bulk: more cards than any single request is documented to handle, and actions on them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

from pytest_atomic_cards.client.retry import until_known
from pytest_atomic_cards.model.documented import DEFAULT_CANCEL, LARGEST_LIMIT
from pytest_atomic_cards.model.exchange import Exchange
from pytest_atomic_cards.model.lifecycle import Action, Status
from pytest_atomic_cards.model.query import CardQuery
from pytest_atomic_cards.suite.probing.retrying import LOST_RESPONSES
from pytest_atomic_cards.suite.profiling.context import ProfilingContext
from pytest_atomic_cards.suite.profiling.observed_responses import updated
from pytest_atomic_cards.support.errors import NotAvailableError, OutcomeUnknownError

_CARDS: Final = LARGEST_LIMIT + DEFAULT_CANCEL + 3
"""Enough that a cancel of 1001 cards leaves more than 500 for a dismiss without ``limit``."""


@dataclass(frozen=True, slots=True)
class BulkAction:
    """One action on the bulk: how many cards it changed, of how many, and the exchange."""

    changed: int
    before: int
    exchange: Exchange | None


class Bulk:
    """A large group of active cards. Each step follows the previous one.

    Args:
        context: Where they are seeded.

    Raises:
        NotAvailableError: They are too many for the effort of the run.
        SeedingError: The target cannot seed that many cards.
    """

    def __init__(self, context: ProfilingContext) -> None:
        self._context = context
        settings = context.settings
        if settings.is_live and settings.effort != "thorough":
            raise NotAvailableError(
                f"it needs {_CARDS:,} cards, which --cards-effort thorough creates"
            )
        self._group = context.supply.bulk(_CARDS)
        self._left = self._group.count

    @cached_property
    def listing(self) -> Exchange:
        """All cards, listed with ``limit=1001``."""
        with self._context.part("Bulk.listing"):
            return self._context.get(self._group.pin.replace(limit=LARGEST_LIMIT + 1))

    @cached_property
    def cancelled(self) -> BulkAction:
        """The active cards, cancelled with ``limit=1001``."""
        _ = self.listing
        with self._context.part("Bulk.cancelled"):
            return self._act(Action.CANCEL, self._active.replace(limit=LARGEST_LIMIT + 1))

    @cached_property
    def dismissed(self) -> BulkAction:
        """The remaining active cards, dismissed without ``limit``."""
        _ = self.cancelled
        with self._context.part("Bulk.dismissed"):
            return self._act(Action.DISMISS, self._active)

    @property
    def _active(self) -> CardQuery:
        return self._group.pin.replace(status=Status.ACTIVE, multiple=True)

    def _act(self, action: Action, query: CardQuery) -> BulkAction:
        """Act once; if the response is lost, count the changed cards by listing."""
        before = self._left

        def act() -> BulkAction:
            exchange = self._context.put(action, query)
            changed = updated(exchange) if exchange.succeeded else 0
            self._left -= changed
            return BulkAction(changed, before, exchange)

        def counted(error: OutcomeUnknownError) -> BulkAction | None:
            probe = self._context.probe
            self._left = probe.watch(lambda: probe.count_active(query), lambda left: left < before)
            changed = before - self._left
            return BulkAction(changed, before, error.exchange) if changed > 0 else None

        return until_known(act, counted, tries=LOST_RESPONSES)
