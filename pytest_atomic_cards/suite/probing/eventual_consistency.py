"""ChangeWatcher: how long to wait until our own change is visible, or certainly would be.

Eventual consistency is not documented: neither how soon a listing shows a change, nor whether all
listings show it at the same time.
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

A_WHILE: Final = 2.0
"""Seconds after which whatever a target does late has shown, even if nothing was late so far: a
lagging listing, an action that takes effect later, a timer that was not stopped. No lag is
documented; a longer wait would prolong every doubtful contract of a live run."""
_LEAST_SECONDS: Final = 1.0
"""Seconds that a wait is not shortened below: a lag may be longer than all observed ones."""
_MARGIN: Final = 2
"""Times the longest observed lag after which a change must be visible: lags vary from request to
request, but seldom by more than that."""
_LAGS_AFTER_TIMEOUT: Final = 5
"""Times the longest observed lag that a wait keeps after a timeout: one change that stays invisible
says little of how late others are."""
_SHRINK: Final = 3
"""By what a wait is divided after a timeout: it saves most of the time if further changes stay
invisible, too."""


@dataclass(slots=True)
class _Lag:
    """The observed lag of a target.

    Args:
        seconds: How long to wait for a change to become visible.
        least: Seconds that a wait is not shortened below, unless it began with less.
        longest: The longest time that a change took so far.
        changed: When the last change was requested, by the clock of the environment.
    """

    seconds: float
    least: float
    longest: float = 0.0
    changed: float = -math.inf

    def shrink(self) -> None:
        """Wait less the next time, after a timeout."""
        least = min(self.least, self.seconds)
        lags = _LAGS_AFTER_TIMEOUT * self.longest
        self.seconds = max(least, lags, self.seconds / _SHRINK)


class ChangeWatcher:
    """Waits for the changes in one environment, and learns from its lag.

    Args:
        cards: The environment.
        least: Seconds that a wait is not shortened below after timeouts.
    """

    def __init__(self, cards: Cards, least: float = _LEAST_SECONDS) -> None:
        self._cards = cards
        self._lag = PerCassette(cards.recorder, lambda: _Lag(cards.backend.settling, least))
        cards.api.session.listeners.append(self._notice)

    def _notice(self, exchange: Exchange) -> None:
        if exchange.method != "GET":
            self._lag.current.changed = self._cards.clock.monotonic()

    def watch(self, look: Callable[[], Seen], reached: Callable[[Seen], bool]) -> Seen:
        """The first result of ``look`` that satisfies ``reached``, or the last before the timeout.

        After a timeout the next wait is shorter, but never shorter than the longest observed lag.
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
        """Wait until our last change must have become visible, judging by the longest lag."""
        clock, lag = self._cards.clock, self._lag.current
        needed = max(_MARGIN * lag.longest, self._cards.seeder.listing_lag)
        clock.sleep(max(0.0, needed - (clock.monotonic() - lag.changed)))

    def settle_surely(self) -> None:
        """Wait like :meth:`settle`, and on a live target for :data:`A_WHILE` in any case.

        Use it before reporting a violation, which a lag that was not observed yet may explain.
        """
        if not self._cards.backend.delivery_is_certain:
            self._cards.clock.sleep(A_WHILE)
        self.settle()
