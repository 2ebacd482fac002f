"""A clock that skips each wait, so that what tests wait for happens at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_atomic_cards.support import clock

if TYPE_CHECKING:
    import pytest

_REAL = clock._time


class FlyingTime:
    """Time that passes as usual, and by each wait, which takes none.

    It stands for the module ``time`` and for the wall clock of ``support/clock.py``, from which
    everything in this process has the time: waits, deadlines, tokens and sandboxes.
    """

    def __init__(self) -> None:
        self._ahead = 0.0
        self._wall = clock._wall_clock.read() - _REAL.perf_counter()

    def perf_counter(self) -> float:
        """Seconds that only move forward."""
        now: float = _REAL.perf_counter() + self._ahead
        return now

    def read(self) -> float:
        """Seconds since the epoch."""
        return self._wall + self.perf_counter()

    def sleep(self, seconds: float) -> None:
        """Let the time pass, and other threads run."""
        self._ahead += seconds
        _REAL.sleep(0)


def let_time_fly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Skip all waits of this process until the end of a test."""
    flying = FlyingTime()
    monkeypatch.setattr(clock, "_time", flying)
    monkeypatch.setattr(clock, "_wall_clock", flying)
