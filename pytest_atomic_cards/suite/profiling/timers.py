"""Timers: cards with an expiry, an embargo or a snooze; seeded early, observed late."""

from __future__ import annotations

from functools import cached_property
from typing import Final

from pytest_atomic_cards.model.card_spec import CardSpec
from pytest_atomic_cards.model.lifecycle import OPEN
from pytest_atomic_cards.suite.experiments.time_experiment import LONG, SOON, TimeExperiment
from pytest_atomic_cards.suite.probing.expected_states import States
from pytest_atomic_cards.suite.profiling.context import ProfilingContext
from pytest_atomic_cards.support.errors import NotAvailableError, NotListedError
from pytest_atomic_cards.targets.seeding.seeder import Seeder

HELD: Final = "long embargo"
EXPIRING: Final = "expiry"
EXPIRING_EMBARGOED: Final = "expiry under embargo"
EXPIRING_SNOOZED: Final = "expiry while snoozed"
_TIMERS: Final = {
    EXPIRING_SNOOZED: (CardSpec(expires=SOON, snooze=LONG),),
    HELD: (CardSpec(embargo=LONG),),
    EXPIRING_EMBARGOED: (CardSpec(expires=SOON, embargo=LONG),),
    EXPIRING: (CardSpec(expires=SOON),),
}
"""The active card is seeded last: once it has expired, the others are due as well."""


class Timers(TimeExperiment):
    """A card of each kind.

    Args:
        context: Where to observe them.
        seeder: Seeds them; that of the context if left out.
    """

    def __init__(self, context: ProfilingContext, seeder: Seeder | None = None) -> None:
        self._context = context
        self._seeds = type((seeder or context.cards.seeder).backend).__name__
        super().__init__(context.probe, _TIMERS, seeder)

    @classmethod
    def started(cls, context: ProfilingContext) -> Timers:
        """The same, with the timers requested from an Action Flow."""
        return context.once(cls) if context.is_live else cls(context, context.flow_seeder())

    def has(self, name: str) -> bool:
        """Whether the target provided a card with the requested timers.

        Raises:
            NotListedError: No listing shows whether it did.
            SeedingError: It could not be seeded.
        """
        try:
            self.group(name)
        except NotListedError:
            raise
        except NotAvailableError:
            return False
        return True

    @cached_property
    def has_expired(self) -> bool:
        """Whether the active card expired at the requested time."""
        with self._context.part(f"{self._seeds}.has_expired"):
            group = self.group(EXPIRING)
            self.pass_time()
            return not _is_open(self.probe.states_once(group, lambda now: not _is_open(now)))

    def expires(self, name: str) -> bool:
        """Whether a card expired when the active one did.

        Raises:
            NotAvailableError: The active one did not, or the target cannot provide such a card.
        """
        group = self.group(name)
        if not self.has_expired:
            raise NotAvailableError("an active card did not expire at the requested time")
        if _is_open(self.probe.states(group)):
            self.probe.settle_surely()
        self._context.get(group.pin)
        return not _is_open(self.probe.states(group))


def _is_open(states: States) -> bool:
    return any(word in OPEN for word in states.values())
