"""Clock: the clock for polling, pauses and deadlines; a replay has one that need not wait.

Tests fake the time: freezegun replaces the functions of ``time`` in all modules, time-machine
changes what its wall clocks return, and many tests patch ``time.sleep``. None of that may move the
clock of a sandbox, the lifetime of a token, or the limit of a wait. So this is the only module that
reads the time, and it does so where such fakes have no effect.
"""

from __future__ import annotations

import atexit
import math
import sqlite3
import threading
from datetime import UTC, datetime, timedelta
from importlib.machinery import BuiltinImporter
from importlib.util import module_from_spec
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NOW: Final = "SELECT julianday('now')"
_JULIAN_DAY_OF_EPOCH: Final = 2_440_587.5
_SECONDS_IN_DAY: Final = 86_400
_DECIMALS: Final = 3
_MILLISECOND: Final = 0.001


def _copy_of_time() -> Any:  # noqa: ANN401 - a module
    """Another instance of the module ``time``, whose functions no other code can replace."""
    spec = BuiltinImporter.find_spec("time")
    if spec is None or spec.loader is None:
        raise ImportError("time is not a built-in module of this Python")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


_time: Final = _copy_of_time()


class _WallClock:
    """The time of day, as SQLite reads it from the operating system, which takes a microsecond.

    Python's own functions cannot be used: time-machine changes them in all instances of ``time``
    and ``datetime``. SQLite has a resolution of a millisecond; within one, the time advances by the
    performance counter, so that exchanges in quick succession do not seem to overlap.
    """

    def __init__(self) -> None:
        self._sqlite = sqlite3.connect(":memory:", check_same_thread=False)
        atexit.register(self._sqlite.close)  # Python 3.13 warns of connections left open
        self._offset = -math.inf

    def read(self) -> float:
        """Seconds since the epoch."""
        (day,) = self._sqlite.execute(_NOW).fetchone()
        shown = round((day - _JULIAN_DAY_OF_EPOCH) * _SECONDS_IN_DAY, _DECIMALS)
        ticks: float = _time.perf_counter()
        self._offset = min(max(self._offset, shown - ticks), shown + _MILLISECOND - ticks)
        return ticks + self._offset


_wall_clock: Final = _WallClock()


class Clock:
    """A clock and a way to wait: the real time, even while a test fakes the time."""

    def monotonic(self) -> float:
        """Seconds that only move forward."""
        seconds: float = _time.perf_counter()
        return seconds

    def sleep(self, seconds: float) -> None:
        """Wait."""
        _time.sleep(seconds)

    def now(self) -> datetime:
        """The time of day, UTC."""
        return _EPOCH + timedelta(seconds=self.timestamp())

    def timestamp(self) -> float:
        """The time of day, in seconds since the epoch."""
        return _wall_clock.read()


REAL_CLOCK: Final = Clock()
"""The clock of everything that is neither recorded nor replayed."""


class EventClock(Clock):
    """Time that advances only by exchanges and waits, so that a replay can repeat it.

    A decision that depends on this time is the same in a replay as in the recording: both have the
    same exchanges at the same times, and the same waits between them.

    Args:
        began: When the recording began, UTC.
        sleep: Waits in real time, for a recording; not needed for a replay.
    """

    def __init__(self, began: datetime, sleep: Callable[[float], None] | None = None) -> None:
        self._began = began
        self._sleep = sleep
        self._passed = 0.0
        self._lock = threading.Lock()

    def monotonic(self) -> float:
        """The end of the last event, in seconds since the epoch, comparable across recordings."""
        return self._began.timestamp() + self._passed

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        if self._sleep is not None:
            self._sleep(seconds)
        with self._lock:
            self._passed += seconds

    def now(self) -> datetime:
        """The time of day at the end of the last event, UTC."""
        return self._began + timedelta(seconds=self._passed)

    def timestamp(self) -> float:
        """The time of day at the end of the last event, in seconds since the epoch."""
        return self.now().timestamp()

    def happened(self, started: float, elapsed: float) -> None:
        """Advance to the end of an exchange.

        Args:
            started: When it was sent, in seconds from the beginning.
            elapsed: How many seconds it took.
        """
        with self._lock:
            self._passed = max(self._passed, started) + elapsed


class CurrentClock(Clock):
    """Delegates to the clock that is current at each moment.

    Args:
        current: Returns that clock.
    """

    def __init__(self, current: Callable[[], Clock]) -> None:
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

    def timestamp(self) -> float:
        """The time of day, in seconds since the epoch."""
        return self._current().timestamp()
