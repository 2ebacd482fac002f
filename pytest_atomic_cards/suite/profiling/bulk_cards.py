"""Bulk: more cards than any single request is documented to handle, and actions on them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

from pytest_atomic_cards.model.documented import DEFAULT_CANCEL, LARGEST_LIMIT
from pytest_atomic_cards.model.exchange import Exchange
from pytest_atomic_cards.model.lifecycle import Action, Status
from pytest_atomic_cards.model.query import CardQuery
from pytest_atomic_cards.suite.profiling.context import ProfilingContext
from pytest_atomic_cards.suite.profiling.observed_responses import updated
from pytest_atomic_cards.support.errors import OutcomeUnknownError

_CARDS: Final = LARGEST_LIMIT + DEFAULT_CANCEL + 3
"""Enough that a cancel of 1001 cards leaves more than 500 for a dismiss without ``limit``."""
_PAGES: Final = 20
"""Pages of 1000; enough for all cards even if a target caps pages at 100."""
_TRIES: Final = 4
"""Attempts of an action: four lost responses in a row are not a coincidence."""


@dataclass(frozen=True, slots=True)
class Batch:
    """One action on the bulk: how many cards it changed, and the exchange."""

    changed: int
    exchange: Exchange | None


class Bulk:
    """A large group of active cards. Each step follows the previous one.

    Args:
        context: Where they are seeded.

    Raises:
        SeedingError: The target cannot seed that many cards.
    """

    def __init__(self, context: ProfilingContext) -> None:
        self._scene = context
        self._group = context.supply.bulk(_CARDS)
        self._left = self._group.count

    @cached_property
    def listing(self) -> Exchange:
        """All cards, listed with ``limit=1001``."""
        with self._scene.part("Bulk.listing"):
            return self._scene.get(self._group.pin.replace(limit=LARGEST_LIMIT + 1))

    @cached_property
    def cancelled(self) -> Batch:
        """The active cards, cancelled with ``limit=1001``."""
        _ = self.listing
        with self._scene.part("Bulk.cancelled"):
            return self._act(Action.CANCEL, self._active.replace(limit=LARGEST_LIMIT + 1))

    @cached_property
    def dismissed(self) -> Batch:
        """The remaining active cards, dismissed without ``limit``."""
        _ = self.cancelled
        with self._scene.part("Bulk.dismissed"):
            return self._act(Action.DISMISS, self._active)

    @property
    def _active(self) -> CardQuery:
        return self._group.pin.replace(status=Status.ACTIVE, multiple=True)

    def _act(self, action: Action, query: CardQuery) -> Batch:
        """Act once; if the response is lost, count the changed cards by listing."""
        before = self._left
        for _ in range(_TRIES):
            try:
                exchange = self._scene.put(action, query)
            except OutcomeUnknownError as error:
                lost = error
                self._left = self._scene.probe.watch(self._count, lambda left: left < before)
                if self._left < before:
                    return Batch(before - self._left, error.exchange)
            else:
                changed = updated(exchange) if exchange.succeeded else 0
                self._left -= changed
                return Batch(changed, exchange)
        raise lost

    def _count(self) -> int:
        query = self._active.replace(multiple=False)
        return len(self._scene.cards.reader.find(query, _PAGES).cards)
