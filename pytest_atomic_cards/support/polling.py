"""Poll instead of sleeping: ask again, with growing pauses, until done or out of patience."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

from pytest_atomic_cards.support.clock import REAL_CLOCK, Clock

Answer = TypeVar("Answer")

_FIRST_PAUSE: Final = 0.01
_LONGEST_PAUSE: Final = 0.5
_LEAST_ASKED: Final = 3


def poll(
    ask: Callable[[], Answer],
    done: Callable[[Answer], bool],
    patience: float,
    clock: Clock = REAL_CLOCK,
) -> Answer:
    """Ask at once, and again until the answer is ``done`` or ``patience`` seconds have passed.

    On a machine so busy that one question takes all the time, a few are asked all the same.

    Returns:
        The last answer, whether done or not.
    """
    deadline = clock.monotonic() + patience
    pause = _FIRST_PAUSE
    asked = 1
    while not done(answer := ask()) and (asked < _LEAST_ASKED or clock.monotonic() < deadline):
        clock.sleep(pause)
        pause = min(pause * 1.5, _LONGEST_PAUSE)
        asked += 1
    return answer
