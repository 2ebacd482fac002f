"""The rate of requests of a run: what the user allows, and what the target accepts.

A target that limits requests refuses those beyond its limit with 429 or 503, with or without
``Retry-After``. The first refusals show where the limit is; the run then stays below it.
"""

from __future__ import annotations

import math
import threading
from collections import deque
from contextlib import suppress
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from pytest_atomic_cards.client.retry import parse_retry_after
from pytest_atomic_cards.support.clock import REAL_CLOCK
from pytest_atomic_cards.support.errors import SettingsError
from pytest_atomic_cards.support.shared_files import SharedJson

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

REFUSALS: Final = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})
"""Statuses of a limiter; nginx, for one, refuses with 503 unless configured otherwise."""

_CUT: Final = 0.6
"""Factor of a cut when refusals follow each other: from 500 a second to 10 in eight of them."""
_SMALL_CUT: Final = 0.85
"""Factor when the rate was accepted since the last cut, so that only growth made it too high."""
_FAST_GROWTH: Final = 0.15
"""Share by which the rate grows each second at first, as the first cuts may have gone too far."""
_GROWTH: Final = 0.03
"""The same once it has met the limit from below: back to it five seconds after a small cut, so that
a refusal, which costs a repeat, stays rare."""
_LEAST: Final = 0.5
"""Requests a second at least: below, the circuit breaker decides whether the target is down."""
_ENOUGH_CUTS: Final = 15
"""Cuts that reach any limit: from 500 a second to less than one."""
_OUTCOMES: Final = 20
"""Latest outcomes. If a quarter of them is still 503 after so many cuts, the target fails at
random, and a lower rate does not help."""
_WINDOW: Final = 64
"""Accepted requests that show the rate before the first refusal."""
_SHORTEST: Final = 0.01
"""Seconds in which accepted requests are counted at least, as a burst may take no time at all."""
_LONGEST_PAUSE: Final = 30.0
"""Seconds of a ``Retry-After`` that all requests wait for; the same as one request waits for."""


class AcceptedRate:
    """Spaces the requests of a run, faster or slower as the target accepts them.

    Threads and sessions may share it. The processes of a run share the rate through a file, and
    each sends its share of it.

    Args:
        max_rate: Most requests per second of the run, or ``None`` for no limit.
        workers: How many processes share the rate.
        file: A file in a private directory through which they share it.

    Raises:
        SettingsError: ``max_rate`` is not positive.
    """

    def __init__(
        self, max_rate: float | None = None, *, workers: int = 1, file: Path | None = None
    ) -> None:
        if max_rate is not None and not max_rate > 0:
            raise SettingsError(f"the highest request rate must be positive, not {max_rate}")
        self._most = max_rate or math.inf
        self._workers = workers
        self._file = SharedJson(file) if file else None
        self._lock = threading.Lock()
        self._accepted: deque[float] = deque(maxlen=_WINDOW)
        self._next = 0.0
        self._rate = math.inf
        self._changed = -math.inf
        self._cuts = 0
        self._is_grown = False
        self._growth = _FAST_GROWTH
        self._outcomes: deque[bool] = deque(maxlen=_OUTCOMES)
        self._fails_at_random = False
        self._refused: dict[int, int] = {}

    @property
    def rate(self) -> float:
        """Requests per second of the whole run; infinite while nothing limits them."""
        return min(self._most, self._rate)

    def wait(self, clock: Callable[[], float], sleep: Callable[[float], None]) -> float:
        """Wait until the next request may be sent; returns that moment.

        Args:
            clock: Seconds that only move forward.
            sleep: Waits.
        """
        self._refresh()
        now = clock()
        if self.rate == math.inf and not self._next:
            return now
        with self._lock:
            turn = max(now, self._next)
            self._next = turn + self._workers / self.rate
        if turn > now:
            sleep(turn - now)
        return turn

    def observe(self, sent: float, status: int, retry_after: str | None = None) -> None:
        """Learn from the response to a request.

        Args:
            sent: When it was sent, by the clock of :meth:`wait`.
            status: Its status.
            retry_after: The value of its ``Retry-After`` header.
        """
        with self._lock:
            if status in REFUSALS:
                now = REAL_CLOCK.timestamp()
                self._refuse(sent, status, parse_retry_after(retry_after or "", now) or 0.0)
            else:
                self._accept(sent)

    def describe(self) -> list[str]:
        """A line on what the run settled at, if the target refused requests for their rate."""
        if self._rate == math.inf:
            return []
        count, statuses = sum(self._refused.values()), " and ".join(map(str, self._refused))
        refused = f"{count} refused with HTTP {statuses}" if count else "others were refused"
        rate = f"{max(self._rate, _LEAST):.2g}"
        return [
            (
                f"the target limits the rate of requests ({refused}): the run settled at about "
                f"{rate} a second; --cards-max-rate {rate} starts with that"
            )
        ]

    def _accept(self, sent: float) -> None:
        self._accepted.append(sent)
        self._outcomes.append(False)
        if self._rate < math.inf and sent > self._changed:
            self._is_grown = True
            self._rate *= 1 + self._growth * min(sent - self._changed, 1.0)
            self._changed = sent

    def _refuse(self, sent: float, status: int, pause: float) -> None:
        self._outcomes.append(True)
        self._refused[status] = self._refused.get(status, 0) + 1
        self._next = max(self._next, sent + min(pause, _LONGEST_PAUSE))
        if sent <= self._changed:  # was sent at the rate before the last cut
            return
        self._cuts += 1
        if status == HTTPStatus.SERVICE_UNAVAILABLE and self._is_random():
            return
        if not self._accepted:  # it fails from the start, which shows no rate
            return
        if self._is_grown:
            self._growth = _GROWTH
        before = self._rate if self._rate < math.inf else min(self._most, self._recent(sent))
        self._rate = max(_LEAST, before * (_SMALL_CUT if self._is_grown else _CUT))
        self._is_grown = False
        self._changed = max(self._next, sent)
        self._next = max(self._next, sent + self._workers / self._rate)
        self._store()

    def _is_random(self) -> bool:
        """Whether refusals are as frequent as before, however low the rate is."""
        self._fails_at_random |= (
            self._cuts > _ENOUGH_CUTS and sum(self._outcomes) >= len(self._outcomes) / 4
        )
        if self._fails_at_random:
            self._rate = math.inf
        return self._fails_at_random

    def _recent(self, now: float) -> float:
        """Requests a second that were accepted lately, by all processes."""
        return len(self._accepted) * self._workers / max(now - self._accepted[0], _SHORTEST)

    def _refresh(self) -> None:
        """Take over the rate that another process has found since the last time."""
        if self._file is not None:
            with suppress(OSError, ValueError, TypeError):
                if rate := self._file.news():
                    self._rate = float(rate)

    def _store(self) -> None:
        if self._file is not None:
            with suppress(OSError):
                self._file.write(self._rate)
