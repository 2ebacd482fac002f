"""Poll instead of sleeping: ask again, with growing pauses, until done or out of patience."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, TypeVar

Answer = TypeVar("Answer")

_FIRST_PAUSE: Final = 0.01
_LONGEST_PAUSE: Final = 0.5


def poll(
    ask: Callable[[], Answer],
    done: Callable[[Answer], bool],
    patience: float,
    sleep: Callable[[float], None] = time.sleep,
) -> Answer:
    """Ask at once, and again until the answer is ``done`` or ``patience`` seconds have passed.

    Returns:
        The last answer, whether done or not.
    """
    deadline = time.monotonic() + patience
    pause = _FIRST_PAUSE
    while not done(answer := ask()) and time.monotonic() < deadline:
        sleep(pause)
        pause = min(pause * 1.5, _LONGEST_PAUSE)
    return answer
