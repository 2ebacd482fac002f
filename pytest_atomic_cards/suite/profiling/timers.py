"""Timers: cards with an expiry, an embargo or a snooze; seeded early, observed late."""

from __future__ import annotations

import operator
from datetime import timedelta
from enum import Enum
from functools import cached_property
from typing import Final

from pytest_atomic_cards.model.card_spec import CardSpec, Population
from pytest_atomic_cards.model.lifecycle import OPEN
from pytest_atomic_cards.suite.profiling.context import ProfilingContext
from pytest_atomic_cards.suite.time_experiment import SOON
from pytest_atomic_cards.support.errors import NotAvailableError, SeedingError
from pytest_atomic_cards.support.polling import poll
from pytest_atomic_cards.targets.seeding.listing_reader import Group
from pytest_atomic_cards.targets.seeding.seeder import Seeder

_LONG: Final = timedelta(hours=1)
"""An embargo or snooze that outlasts every run."""
_MARGIN: Final = timedelta(milliseconds=100)
"""Added to the wait for an expiry, so rounding and small clock skew do not matter."""


class Timed(Enum):
    """The timers of a card: an expiry that is due soon, an embargo or a snooze that lasts."""

    HELD = CardSpec(embargo=_LONG)
    SNOOZED = CardSpec(expires=SOON, snooze=_LONG)
    EMBARGOED = CardSpec(expires=SOON, embargo=_LONG)
    ACTIVE = CardSpec(expires=SOON)


class Timers:
    """A card of each kind of :class:`Timed`.

    The active one is seeded last: once it has expired, the others are due as well.

    Args:
        context: Where to observe them.
        seeder: Seeds them; the scene's if left out.
    """

    def __init__(self, context: ProfilingContext, seeder: Seeder | None = None) -> None:
        self._scene = context
        self._clock = context.cards.clock
        self._seeder = seeder or context.cards.seeder
        self._groups: dict[Timed, Group] = {}
        self._absent: dict[Timed, NotAvailableError | SeedingError] = {}
        if context.is_live:
            self._absent[Timed.SNOOZED] = NotAvailableError(
                "the public API has no way to snooze a card"
            )
        else:
            self._seed_if_possible(Timed.SNOOZED)
        self._began = self._clock.monotonic()
        kinds = (Timed.HELD, Timed.EMBARGOED, Timed.ACTIVE)
        try:
            self._seed(*kinds)
        except (NotAvailableError, SeedingError):
            for kind in kinds:
                self._seed_if_possible(kind)

    @classmethod
    def started(cls, context: ProfilingContext) -> Timers:
        """The same, with the timers requested from an Action Flow."""
        return context.once(cls) if context.is_live else cls(context, context.flow_seeder())

    def _seed_if_possible(self, kind: Timed) -> None:
        self._began = self._clock.monotonic()
        try:
            self._seed(kind)
        except (NotAvailableError, SeedingError) as error:
            self._absent[kind] = error

    def _seed(self, *kinds: Timed) -> None:
        groups = self._seeder.seed(*(Population((kind.value,)) for kind in kinds))
        self._groups |= zip(kinds, groups, strict=True)

    def has(self, kind: Timed) -> bool:
        """Whether the target provided a card of a kind with the requested timers.

        Raises:
            SeedingError: It could not be seeded.
        """
        try:
            self.group(kind)
        except NotAvailableError:
            return False
        return True

    def group(self, kind: Timed) -> Group:
        """The group of the card of a kind, as it was seeded.

        Raises:
            NotAvailableError: The target cannot provide such a card, or did not.
            SeedingError: It could not be seeded.
        """
        if kind in self._absent:
            raise self._absent[kind]
        return self._groups[kind]

    @cached_property
    def expired_at(self) -> float | None:
        """When the active card was first seen expired, by the monotonic clock, if it was."""
        with self._scene.part(f"{type(self._seeder.backend).__name__}.expired_at"):
            return self._expired_at()

    def _expired_at(self) -> float | None:
        group = self.group(Timed.ACTIVE)
        passed = timedelta(seconds=self._clock.monotonic() - self._began)
        self._scene.cards.pass_time(max(timedelta(0), SOON + _MARGIN - passed))
        patience = self._scene.patience
        if poll(lambda: self._is_open(group), operator.not_, patience, self._clock):
            return None
        return self._clock.monotonic()

    def expires(self, kind: Timed) -> bool:
        """Whether a card expired when the active one did.

        Raises:
            NotAvailableError: The active one did not, or the target cannot provide such a card.
        """
        group = self.group(kind)
        if self.expired_at is None:
            raise NotAvailableError("an active card did not expire at the requested time")
        if self._is_open(group):
            self._scene.rest(self.expired_at)
        self._scene.get(group.pin)
        return not self._is_open(group)

    def _is_open(self, group: Group) -> bool:
        return any(word in OPEN for word in self._scene.probe.states(group).values())
