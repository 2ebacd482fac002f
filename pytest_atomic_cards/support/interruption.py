"""Interruption: after one signal a run cleans up for some seconds, a second ends it at once."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from types import FrameType

_SIGNALS: Final = [
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
]


class Interruption:
    """Turns the first signal that would end the process into one :exc:`KeyboardInterrupt`.

    It is raised once, so that it cannot interrupt the clean-up that follows. A second signal ends
    the process at once; what is still open then stays in the journal.

    Args:
        limit: Called with the name of the signal, before anything is raised.
        repeated: Whether a second SIGINT ends the process. A worker of pytest-xdist gets another
            SIGINT from execnet 5 s after its controller is done.
    """

    def __init__(self, limit: Callable[[str], None], *, repeated: bool = True) -> None:
        self._limit = limit
        self._repeated = repeated
        self._shields = 0
        self.signal = ""
        """The name of the signal, once there was one."""

    @contextmanager
    def handled(self) -> Iterator[None]:
        """Handle signals inside the context, except for those that the parent process ignores.

        ``nohup`` ignores SIGHUP, and a shell without job control ignores SIGINT.
        """
        before: dict[signal.Signals, Any] = {}
        for number in _SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:
                before[number] = signal.signal(number, self._handle) or signal.SIG_DFL
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    @contextmanager
    def shielded(self) -> Iterator[None]:
        """Let an interrupted clean-up run to its end, which the limit makes earlier."""
        self._shields += 1
        try:
            yield
        finally:
            self._shields -= 1

    def shield(self) -> None:
        """Raise nothing from now on, as the run is about to end."""
        self._shields += 1

    def raise_if_due(self) -> None:
        """Raise what a shield deferred, or other code swallowed.

        Raises:
            KeyboardInterrupt: There was a signal, and no clean-up is under way.
        """
        if self.signal and not self._shields:
            raise KeyboardInterrupt(self.signal)

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        if not self.signal:
            self.signal = signal.Signals(number).name
            self._limit(self.signal)
            self.raise_if_due()
        elif self._repeated or number != signal.SIGINT:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
