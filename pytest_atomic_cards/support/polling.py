"""Polling instead of sleeping: ask again, with growing pauses, until done or out of time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

from pytest_atomic_cards.support.clock import REAL_CLOCK, Clock

Answer = TypeVar("Answer")

_FIRST_PAUSE: Final = 0.01
"""Seconds: the sandbox, the usual target, is ready at once, and tests should not wait for it."""
_LONGEST_PAUSE: Final = 0.5
"""Seconds: what takes long is noticed soon enough, with few requests."""
_LEAST_ASKED: Final = 3
"""Questions to ask even if the time is over: a machine may be so busy that one takes all of it."""


def poll(
    ask: Callable[[], Answer],
    done: Callable[[Answer], bool],
    seconds: float,
    clock: Clock = REAL_CLOCK,
) -> Answer:
    """Ask at once, and again until the answer is ``done`` or ``seconds`` have passed.

    Returns:
        The last answer, whether done or not.
    """
    deadline = clock.monotonic() + seconds
    pause = _FIRST_PAUSE
    asked = 1
    while not done(answer := ask()) and (asked < _LEAST_ASKED or clock.monotonic() < deadline):
        clock.sleep(pause)
        pause = min(pause * 1.5, _LONGEST_PAUSE)
        asked += 1
    return answer
