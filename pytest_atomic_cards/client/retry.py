"""When to try again, and how long to wait first: one policy for tokens and for requests.

What may be repeated although its response was lost is decided by whoever knows that this is
harmless: see :func:`until_known`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, Self, TypeVar

from pytest_atomic_cards.client.deadline import Deadline
from pytest_atomic_cards.support.clock import REAL_CLOCK, Clock
from pytest_atomic_cards.support.errors import OutcomeUnknownError
from pytest_atomic_cards.support.randomness import TRUE_RANDOMNESS, Randomness

if TYPE_CHECKING:
    from collections.abc import Callable

Outcome = TypeVar("Outcome")

TRANSIENT: Final = frozenset(
    {
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
    }
)
"""Statuses that say nothing about the request itself, only about the moment it was sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How often to try, and how long to wait in between. All times are in seconds.

    The defaults ride out a restart or a deployment of some seconds: seven waits take 6 to 12 s in
    all, unless the target asks for longer ones.

    Args:
        attempts: Most attempts in all, including the first.
        base: Wait after the first attempt; it doubles after each further one.
        cap: Longest wait of our own choosing.
        retry_after_cap: Longest wait that a target's ``Retry-After`` is granted.
        timeouts: Most attempts that time out: each takes a whole time-out, and a target that let
            two of them pass is hanging.
        budget: No attempt is started after this much time: three waits of ``retry_after_cap``.
        sleep: Waits.
        clock: Time that only moves forward.
        wall_clock: Seconds since the epoch, to read a ``Retry-After`` that is a date.
        jitter: A number from 0 to 1; a wait of our own is at least half its length.
    """

    attempts: int = 8
    base: float = 0.1
    cap: float = 2.0
    retry_after_cap: float = 30.0
    timeouts: int = 2
    budget: float = 90.0
    sleep: Callable[[float], None] = REAL_CLOCK.sleep
    clock: Callable[[], float] = REAL_CLOCK.monotonic
    wall_clock: Callable[[], float] = REAL_CLOCK.timestamp
    jitter: Callable[[], float] = TRUE_RANDOMNESS.fraction

    @classmethod
    def by(cls, clock: Clock, randomness: Randomness) -> Self:
        """The default policy, with a clock and a source of randomness."""
        return cls(
            sleep=clock.sleep,
            clock=clock.monotonic,
            wall_clock=clock.timestamp,
            jitter=randomness.fraction,
        )

    def begin(self, deadline: Deadline | None = None) -> Backoff:
        """Start counting the attempts of one request, the first of which is about to be made.

        Args:
            deadline: When the run ends; no wait goes beyond it.
        """
        return Backoff(self, deadline or Deadline())


class Backoff:
    """The attempts of one request so far.

    Attributes:
        deadline: When the run ends.
        attempts: How many have been made, including the current one.
        gave_up: Why there is no further one, unless their number is the reason.
    """

    def __init__(self, policy: RetryPolicy, deadline: Deadline) -> None:
        self._policy = policy
        self.deadline = deadline
        self._started = policy.clock()
        self._timeouts = 0
        self.attempts = 1
        self.gave_up = ""

    def again(self, retry_after: str | None = None, *, timed_out: bool = False) -> bool:
        """Wait before another attempt.

        Args:
            retry_after: Value of the ``Retry-After`` header of the last response, if it had one.
            timed_out: Whether the last attempt timed out.

        Returns:
            Whether another attempt may be made; if not, there was no wait.
        """
        policy = self._policy
        self._timeouts += timed_out
        if self.attempts >= policy.attempts or self._timeouts >= policy.timeouts:
            return False
        wait = self._wait(retry_after)
        if policy.clock() - self._started + wait > policy.budget:
            self.gave_up = f"no further attempt starts after {policy.budget:g} s"
            return False
        if wait >= self.deadline.left:
            self.gave_up = f"the next attempt is due in {wait:.3g} s, {self.deadline.overrun}"
            return False
        policy.sleep(wait)
        self.attempts += 1
        return True

    def describe(self) -> str:
        """How many attempts there were, and why no more."""
        count = "1 attempt" if self.attempts == 1 else f"{self.attempts} attempts"
        return f"{count} ({self.gave_up})" if self.gave_up else count

    def _wait(self, retry_after: str | None) -> float:
        """Our own wait, or a longer one that the target asks for."""
        policy = self._policy
        own = min(policy.base * 2.0 ** (self.attempts - 1), policy.cap) * (1 + policy.jitter()) / 2
        asked = parse_retry_after(retry_after, policy.wall_clock()) if retry_after else None
        return max(own, min(asked or 0.0, policy.retry_after_cap))


def until_known(
    attempt: Callable[[], Outcome],
    changed: Callable[[OutcomeUnknownError], Outcome | None] | None = None,
    *,
    tries: int,
) -> Outcome:
    """The outcome of an attempt, which is made again as long as its response is lost.

    Args:
        attempt: Makes one attempt.
        changed: Looks for the effect after a lost response. Returns the outcome if there is one,
            and ``None`` if nothing changed. Without it every attempt must use fresh cards.
        tries: How many attempts to make.

    Raises:
        OutcomeUnknownError: Every response was lost.
    """
    for remaining in reversed(range(tries)):
        try:
            return attempt()
        except OutcomeUnknownError as error:
            outcome = changed(error) if changed else None
            if outcome is not None:
                return outcome
            if not remaining:
                raise
    raise AssertionError("tries must be positive")


def parse_retry_after(value: str, now: float) -> float | None:
    """Seconds that a ``Retry-After`` header asks to wait, or ``None`` if it cannot be read.

    Args:
        value: Seconds, or an HTTP date.
        now: Seconds since the epoch.

    Source: RFC 9110 › 10.2.3 Retry-After.
    """
    try:
        seconds = float(value)
    except ValueError:
        try:
            moment = parsedate_to_datetime(value)
            # "-0000" is UTC as well, but gives a time without a zone.
            seconds = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() - now
        except (ValueError, OverflowError):
            return None
    return None if math.isnan(seconds) else max(seconds, 0.0)
