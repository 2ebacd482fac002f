"""Deadline: how long a run may still take, shared by everything in it that waits."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from pytest_atomic_cards.support.clock import REAL_CLOCK, Clock, CurrentClock
from pytest_atomic_cards.support.errors import TimeLimitError

if TYPE_CHECKING:
    from collections.abc import Callable

STEP: Final = 0.25
"""Seconds after which every wait checks whether the deadline has been tightened: a signal handler
that tightens it cannot wake the thread that it interrupts, and nobody notices so short a delay."""


class Deadline:
    """The moment after which nothing more is sent. Threads may share it.

    Args:
        clock: Measures the time. A deadline limits real time, even while a run is recorded.

    Attributes:
        reason: What set it; empty if nothing has.
    """

    def __init__(self, clock: Clock = REAL_CLOCK) -> None:
        self._clock = clock
        self._moment = math.inf
        self.reason = ""

    def set(self, seconds: float, reason: str) -> None:
        """Replace the deadline.

        Args:
            seconds: Time left from now; ``math.inf`` for no limit.
            reason: What set it, for error messages, such as ``--cards-max-time 600``.
        """
        self._moment = self._clock.monotonic() + seconds
        self.reason = reason

    @property
    def overrun(self) -> str:
        """For messages: how little time is left, and what set the deadline."""
        return f"and {self.left:.3g} s are left: {self.reason}"

    @property
    def left(self) -> float:
        """Seconds left: ``math.inf`` without a limit, 0 once it has passed."""
        return max(0.0, self._moment - self._clock.monotonic())

    @property
    def has_passed(self) -> bool:
        """Whether no time is left."""
        return not self.left

    def pause(self, seconds: float, sleep: Callable[[float], None]) -> None:
        """Wait, but not beyond the deadline, even if it is tightened meanwhile.

        Args:
            seconds: How long to wait.
            sleep: Waits.
        """
        while seconds > 0 and not self.has_passed:
            step = min(seconds, STEP, self.left)
            sleep(step)
            seconds -= step

    def check(self) -> None:
        """Return if there is time left.

        Raises:
            TimeLimitError: There is none.
        """
        if self.has_passed:
            raise TimeLimitError(f"out of time: {self.reason}")


class DeadlineClock(CurrentClock):
    """A clock whose waits end at a deadline.

    Args:
        clock: The time.
        deadline: Ends every wait.
    """

    def __init__(self, clock: Clock, deadline: Deadline) -> None:
        super().__init__(lambda: clock)
        self._deadline = deadline

    def sleep(self, seconds: float) -> None:
        """Wait, but not beyond the deadline."""
        self._deadline.pause(seconds, super().sleep)
