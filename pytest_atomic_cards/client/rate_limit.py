"""An upper bound on the rate of requests of all threads."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from pytest_atomic_cards.support.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable


class Pace:
    """Spaces requests evenly.

    Args:
        max_rate: Most requests per second, or ``None`` for no limit.
        clock: Seconds that only move forward.
        sleep: Waits.

    Raises:
        SettingsError: ``max_rate`` is not positive.
    """

    def __init__(
        self,
        max_rate: float | None,
        *,
        clock: Callable[[], float],
        sleep: Callable[[float], None],
    ) -> None:
        if max_rate is not None and not max_rate > 0:
            raise SettingsError(f"the highest request rate must be positive, not {max_rate}")
        self._interval = 1 / max_rate if max_rate else 0.0
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._next = 0.0

    def wait(self) -> None:
        """Return when the next request may be sent."""
        if not self._interval:
            return
        with self._lock:
            now = self._clock()
            turn = max(now, self._next)
            self._next = turn + self._interval
        if turn > now:
            self._sleep(turn - now)
