"""TimeLimit: how long a run may take, and what ends it before all of its tests have run."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from pytest_atomic_cards.support.clock import REAL_CLOCK, Clock

if TYPE_CHECKING:
    from pytest_atomic_cards.client.deadline import Deadline
    from pytest_atomic_cards.model.settings import Settings

_MAX_TIME: Final = 1_800.0
"""Seconds for a check of a live target: twice the 807 s that it takes on a slow target, which
responds after 100 ms and lists new cards after a second."""
_PATIENCE: Final = 120.0
"""Seconds that a check may take without a result. A hostile target uses them up, as well as some
that a few results give back, and those for clean-up: less than 5 minutes in all. The longest test
on the slow target above takes 35 s."""
_REFILL: Final = 15.0
"""Seconds of patience that each result gives back: ten times what a test takes on average on the
slow target, so that a few tests that wait for the whole ``seed_timeout`` do not end a run in which
others get results."""
_LONGER: Final = {"thorough": 10.0}
"""How many times as long a check may take at an effort, for its additional cases."""
_CLEAN_UP: Final = 90.0
"""Seconds for clean-up after the last test; on the slow target a whole check needs 72 s."""
_INTERRUPTED: Final = 10.0
"""Seconds for clean-up after a signal. pytest-xdist's workers are killed after 15 s."""


class TimeLimit:
    """Sets the deadline that everything in a run shares.

    A run ends after a given time, or when its patience is used up: that decreases with time, and
    each result gives some of it back. So it does not matter how a target wastes time: by silence,
    slow responses, or cards that are never listed.

    Args:
        deadline: Is set here, for the tests and for the clean-up after each of them.
        seconds: Seconds until no more tests are run.
        patience: Seconds until no more tests are run while there are no results.
        refill: Seconds of patience that a result gives back.
        clock: Measures the time, from now on.

    Attributes:
        interrupted: The signal that ended the run, if one did.
        refused: How many tests were not run for lack of time.
    """

    def __init__(
        self,
        deadline: Deadline,
        *,
        seconds: float = math.inf,
        patience: float = math.inf,
        refill: float = _REFILL,
        clock: Clock = REAL_CLOCK,
    ) -> None:
        self.deadline = deadline
        self._clock = clock.monotonic
        self._seconds, self._patience, self._refill = seconds, patience, refill
        self._end, self._given_up = self._clock() + seconds, self._clock() + patience
        self._results = 0
        self.interrupted = ""
        self.refused = 0
        self.begin_test()

    @classmethod
    def of_check(cls, deadline: Deadline, settings: Settings) -> TimeLimit:
        """The limit of a run of the contract suite against a live target."""
        longer = _LONGER.get(settings.effort, 1.0)
        return cls(
            deadline,
            seconds=settings.max_time or _MAX_TIME * longer,
            # A limit that was set is what the user wants; paced requests take long on any target.
            patience=math.inf if settings.max_time or settings.max_rate else _PATIENCE * longer,
            refill=_REFILL * longer,
        )

    @property
    def reason(self) -> str:
        """Why no more tests are run; empty while they are."""
        if self.interrupted:
            return f"interrupted by {self.interrupted}"
        if min(self._end, self._given_up) > self._clock():
            return ""
        return self._limits()[1]

    def begin_test(self) -> None:
        """Let a test send requests until the run's limit."""
        self._set(0.0)

    def begin_clean_up(self) -> None:
        """Let clean-up send requests for some more time."""
        self._set(_CLEAN_UP)

    def take_result(self) -> None:
        """Regain patience with a target that gave a result."""
        self._results += 1
        self._given_up = min(self._given_up + self._refill, self._clock() + self._patience)

    def refuse_test(self) -> None:
        """Refuse to run a test for which there is no time left.

        Raises:
            TimeLimitError: There is none.
        """
        if self.deadline.has_passed:
            self.refused += 1
            self.deadline.check()

    def interrupt(self, name: str) -> None:
        """Leave only some seconds for clean-up.

        Args:
            name: The signal that was received.
        """
        self.interrupted = name
        self.deadline.set(_INTERRUPTED, self.reason)

    def _set(self, more: float) -> None:
        if not self.interrupted:
            moment, reason = self._limits()
            self.deadline.set(moment + more - self._clock(), reason)

    def _limits(self) -> tuple[float, str]:
        """The moment at which tests end, and why."""
        if self._end <= self._given_up:
            return self._end, f"time limit of {self._seconds:g} s reached (--cards-max-time)"
        return self._given_up, (
            f"the target takes too long: {self._results} results, and more than "
            f"{self._patience:g} s spent without one"
        )
