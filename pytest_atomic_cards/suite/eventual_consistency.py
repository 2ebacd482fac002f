"""ChangeWatcher: how long to wait until a change of ours is visible, or surely would be.

Neither how soon a listing shows a change is documented, nor that all listings do so at once.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

from pytest_atomic_cards.support.polling import poll
from pytest_atomic_cards.support.recorder import PerCassette

if TYPE_CHECKING:
    from pytest_atomic_cards.model.exchange import Exchange
    from pytest_atomic_cards.targets.cards_fixture import Cards

Seen = TypeVar("Seen")

A_WHILE: Final = 1.5
"""Seconds that a live target is given where no change has been seen to take any."""
_LEAST_SECONDS: Final = 1.0


@dataclass(slots=True)
class _Lag:
    """What was learned of a target.

    Args:
        seconds: How long to wait for a change to become visible.
        longest: The longest that any change took so far.
        changed: When the last change was asked for, by the time of the world.
    """

    seconds: float
    longest: float = 0.0
    changed: float = -math.inf

    def shrink(self) -> None:
        """Take in that waiting was in vain."""
        least = min(_LEAST_SECONDS, self.seconds)
        self.seconds = max(least, 5 * self.longest, self.seconds / 3)


class ChangeWatcher:
    """Waits for one world, and learns from it.

    Args:
        cards: The world.
    """

    def __init__(self, cards: Cards) -> None:
        self._cards = cards
        self._lag = PerCassette(cards.recorder, lambda: _Lag(cards.backend.settling))
        cards.api.session.listeners.append(self._notice)

    def _notice(self, exchange: Exchange) -> None:
        if exchange.method != "GET":
            self._lag.current.changed = self._cards.clock.monotonic()

    def watch(self, look: Callable[[], Seen], reached: Callable[[Seen], bool]) -> Seen:
        """What is seen as soon as it is as awaited, or when patience has run out.

        A target that kept us waiting in vain gets less patience the next time, but never less
        than its changes have been seen to take.
        """
        clock, lag = self._cards.clock, self._lag.current
        began = clock.monotonic()
        seen = look()
        if reached(seen):
            return seen
        seen = poll(look, reached, lag.seconds, clock)
        if reached(seen):
            lag.longest = max(lag.longest, clock.monotonic() - began)
        else:
            lag.shrink()
        return seen

    def settle(self) -> None:
        """Wait until the last change of ours is twice as old as any took so far to be visible."""
        clock, lag = self._cards.clock, self._lag.current
        needed = max(2 * lag.longest, self._cards.seeder.unsteadiness)
        clock.sleep(max(0.0, needed - (clock.monotonic() - lag.changed)))

    def settle_surely(self) -> None:
        """Wait as :meth:`settle` does, on a live target a while even where no change took time.

        For what speaks against the target: a lag that was not seen yet may be behind it.
        """
        if not self._cards.backend.delivery_is_certain:
            self._cards.clock.sleep(A_WHILE)
        self.settle()
