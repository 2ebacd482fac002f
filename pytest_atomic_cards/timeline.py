"""Timeline: the time by which polling, pauses and deadlines go, so that a replay need not wait."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable


class Timeline:
    """A clock, and a way to wait by it: the real time."""

    def monotonic(self) -> float:
        """Seconds that only move forward."""
        return time.perf_counter()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)

    def now(self) -> datetime:
        """The time of day, UTC."""
        return datetime.now(UTC)

    def timestamp(self) -> float:
        """The time of day, in seconds since the epoch."""
        return self.now().timestamp()


REAL_TIME: Final = Timeline()
"""The time of everything that is neither recorded nor replayed."""

_GLANCE: Final = 0.25
"""Seconds after which a wait looks whether there is time left: a signal handler that shortens the
time cannot wake the thread that it interrupts."""


class EventTime(Timeline):
    """Time that moves by what happens in it and by nothing else, so that it can pass again.

    A decision that hangs on this time is the same in a replay as it was in the recording: both see
    the same exchanges at the same times, and the same waits between them.

    Args:
        began: When the recording began, UTC.
        sleep: Really waits, for a recording; a replay does not.
    """

    def __init__(self, began: datetime, sleep: Callable[[float], None] | None = None) -> None:
        self._began = began
        self._sleep = sleep
        self._passed = 0.0
        self._lock = threading.Lock()

    def monotonic(self) -> float:
        """The end of what happened last, in seconds since the epoch, also of other recordings."""
        return self._began.timestamp() + self._passed

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        if self._sleep is not None:
            self._sleep(seconds)
        with self._lock:
            self._passed += seconds

    def now(self) -> datetime:
        """The time of day at the end of what happened last, UTC."""
        return self._began + timedelta(seconds=self._passed)

    def happened(self, started: float, elapsed: float) -> None:
        """Move on to the end of an exchange.

        Args:
            started: When it was sent, in seconds from the beginning.
            elapsed: How many seconds it took.
        """
        with self._lock:
            self._passed = max(self._passed, started) + elapsed


class LimitedTime(Timeline):
    """A time in which no wait goes on when there is no time left.

    Args:
        timeline: The time.
        left: Gives the seconds that are left, which may become fewer during a wait.
    """

    def __init__(self, timeline: Timeline, left: Callable[[], float]) -> None:
        self._timeline = timeline
        self._left = left

    def monotonic(self) -> float:
        """Seconds that only move forward."""
        return self._timeline.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait, at most as long as there is time left."""
        while seconds > 0 and (left := self._left()):
            pause = min(seconds, left, _GLANCE)
            self._timeline.sleep(pause)
            seconds -= pause

    def now(self) -> datetime:
        """The time of day, UTC."""
        return self._timeline.now()


class CurrentTime(Timeline):
    """The time of what is going on at each moment.

    Args:
        current: Gives that time.
    """

    def __init__(self, current: Callable[[], Timeline]) -> None:
        self._current = current

    def monotonic(self) -> float:
        """Seconds that only move forward."""
        return self._current().monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        self._current().sleep(seconds)

    def now(self) -> datetime:
        """The time of day, UTC."""
        return self._current().now()
