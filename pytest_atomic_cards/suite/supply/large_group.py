"""Groups of more cards than a page lists: one for the default page, one for any page."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from pytest_atomic_cards.model.documented import DEFAULT_CANCEL, DEFAULT_PAGE, LARGEST_LIMIT
from pytest_atomic_cards.model.settings import Settings
from pytest_atomic_cards.rules.verdicts import Violation
from pytest_atomic_cards.suite.probing.probe import Probe
from pytest_atomic_cards.support.errors import NotAvailableError
from pytest_atomic_cards.targets.seeding.listing_reader import Group

_LISTED: Final = LARGEST_LIMIT + 30
"""More cards than a page of ``limit=1000`` lists, and no whole number of pages of usual sizes."""
_CANCELLED: Final = LARGEST_LIMIT + 207
"""A default cancel leaves 707, enough to show a limit that is raised well above 500. One of 1000
would take 295 cards more, but a default run is to take at most 1,700."""
_EXCESSIVE: Final = 2 * LARGEST_LIMIT + DEFAULT_CANCEL + 2
"""A cancel above 1000 leaves enough for one of 1000, that for a default one, that for a repeat."""
_BY_DEFAULT_TWICE: Final = _EXCESSIVE + DEFAULT_CANCEL
"""The same after a cancel without limit of more than 1000 cards; where it need not be quick."""

_CROWD: Final = DEFAULT_PAGE + 5
"""Cards of a crowd: more than a page lists by default, and a few in case some are missing."""


def most_cards(settings: Settings, *, every_set: bool) -> int:
    """How many cards a run cancels: those for the largest limits only if they are worth it."""
    if settings.is_live:
        return _EXCESSIVE if settings.effort == "thorough" else _CANCELLED
    return _BY_DEFAULT_TWICE if every_set else _EXCESSIVE


class LargeGroup:
    """Seeds a large group when it is first needed; on a live target one serves both purposes.

    Args:
        probe: Of the environment.
        settings: Of the run.
        every_set: Whether the run tries all that a sandbox allows.
    """

    def __init__(self, probe: Probe, settings: Settings, *, every_set: bool) -> None:
        self._seed = probe.cards.seeder.seed_bulk
        self._is_shared = not probe.cards.backend.delivery_is_certain
        self._most = most_cards(settings, every_set=every_set)
        self._unchanged: Group | None = None

    def to_list(self) -> Group:
        """A group that nothing has changed; seeded anew after it was cancelled.

        Raises:
            NotAvailableError: The target does not create so many cards that belong together.
            SeedingError: It does not create so many cards.
        """
        if self._unchanged is None:
            self._unchanged = self._seed(self._most if self._is_shared else _LISTED)
        return self._unchanged

    def to_cancel(self) -> Group:
        """A group for whoever cancels it.

        Raises:
            NotAvailableError: As above.
            SeedingError: As above.
        """
        group = self.to_list() if self._is_shared else self._seed(self._most)
        self._unchanged = None if self._is_shared else self._unchanged
        return group


def seed_crowd(probe: Probe) -> Group:
    """More cards than a default page of 100 lists, as listings show them.

    Raises:
        NotAvailableError: Not all of them are listed; other contracts report that.
    """
    group = probe.cards.seeder.seed_bulk(_CROWD)
    if len(group.cards) >= group.count and not probe.cards.is_steerable:
        return group  # the wait has just listed them all
    try:
        found = probe.watch(
            lambda: probe.find(group.pin), lambda found: len(found.cards) >= group.count
        )
    except Violation as error:
        raise NotAvailableError(
            f"listing {group.count} cards failed, which other contracts report: {error}"
        ) from None
    if len(found.cards) < group.count:
        raise NotAvailableError(
            f"only {len(found.cards)} of {group.count} cards are on the pages of a listing"
        )
    return replace(group, cards=found.cards)
