"""Missing cards: which starts may still send some, how long to wait, and what to report."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from pytest_atomic_cards.model.query import Attribute
from pytest_atomic_cards.support.clock import REAL_CLOCK
from pytest_atomic_cards.targets.seeding.ownership import Ownership
from pytest_atomic_cards.targets.seeding.starts import Start

_CREATION: Final = 3
"""How many times as long as the slowest other start one may take whose response was lost."""
_LEAST_CREATION: Final = 2.0
"""Seconds for such a start at least, if the cards of the others were listed at once."""


class MissingCards:
    """Decides whether cards of a start may still appear.

    Args:
        ownership: Knows which cards of a start were listed.
    """

    def __init__(self, ownership: Ownership) -> None:
        self._ownership = ownership
        self._slowest = 0.0

    def arrived(self, start: Start) -> None:
        """Note that all cards of a start are listed, and how long that took."""
        if start.begun:
            self._slowest = max(self._slowest, REAL_CLOCK.monotonic() - start.begun)

    def time_left(self, starts: Iterable[Start], until: float) -> float:
        """Seconds for which waiting for missing cards may still help.

        Args:
            starts: What may have sent them.
            until: When to stop waiting for starts whose response was known.
        """
        missing = list(filter(self.may_appear, starts))
        moments = [until, *(start.begun + self._creation for start in missing if _is_lost(start))]
        return max(moments) - REAL_CLOCK.monotonic() if missing else 0.0

    def may_appear(self, start: Start) -> bool:
        """Whether cards of a start may still appear."""
        if start.complete or start.untraceable:
            return False
        gone = self._creation and REAL_CLOCK.monotonic() > start.begun + self._creation
        return not (_is_lost(start) and gone)

    def describe(self, start: Start) -> str:
        """Which cards of a start were not seen, and why."""
        seen = self._ownership.provenance.count_of(start)
        what = f"{seen} of its {start.count} card(s) were listed and shown to be of this run"
        if start.invocation is None:
            return f"its response was lost, and {what}; it may or may not have been made"
        stranger = self._ownership.stranger_under(Attribute.FLOW_INVOCATION_ID, start.invocation)
        if stranger:
            return (
                f"its response named invocation {start.invocation}, which also holds a card of "
                f"customer {stranger}, so that nothing is done by it; {what}"
            )
        return f"accepted as invocation {start.invocation}, but only {what}; others may come late"

    @property
    def _creation(self) -> float:
        """Seconds after which the cards of a start are listed; 0 while that is not known."""
        return max(_LEAST_CREATION, _CREATION * self._slowest) if self._slowest else 0.0


def _is_lost(start: Start) -> bool:
    """Whether the response to a start of this process was lost."""
    return start.invocation is None and start.begun > 0
