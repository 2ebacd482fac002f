"""Progress: what is going on right now, for a person who waits at a terminal.

Whatever takes long reports it with :func:`activity`. It is shown only inside :func:`shown_on`.
"""

from __future__ import annotations

import os
import shutil
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from threading import Lock
from typing import Final, TextIO

from pytest_atomic_cards.support.clock import REAL_CLOCK
from pytest_atomic_cards.support.printable import printable

Update = Callable[[int], None]
"""Called with how much of an activity is done."""

_DELAY: Final = 2.0
"""Seconds after which an activity is shown: nobody worries about a shorter one."""
_PAUSE: Final = 0.2
"""Seconds between two updates of a line: faster ones cannot be read."""
_ERASE: Final = "\r\x1b[K"


class Line(ABC):
    """A line that shows what is going on, and is erased afterwards.

    Args:
        clock: Returns the time, in seconds.
    """

    def __init__(self, clock: Callable[[], float] = REAL_CLOCK.monotonic) -> None:
        self._clock = clock
        self._lock = Lock()
        self._active: list[str] = []
        self._shown_at: float | None = None

    @abstractmethod
    def show(self, text: str) -> None:
        """Replace the text that is shown."""

    @abstractmethod
    def hide(self) -> None:
        """Remove the text that is shown."""

    @contextmanager
    def activity(self, what: str, total: int | None) -> Iterator[Update]:
        """Show an activity; of several, the one begun last."""
        began = self._clock()
        self._active.append(what)

        def update(done: int) -> None:
            now = self._clock()
            of = "" if total is None else f" of {total:,}"
            with self._lock:
                if (
                    self._active[-1:] == [what]
                    and now - began >= _DELAY
                    and (self._shown_at is None or now - self._shown_at >= _PAUSE)
                ):
                    self.show(printable(f"{what}: {done:,}{of}, {now - began:.0f} s"))
                    self._shown_at = now

        try:
            yield update
        finally:
            with self._lock:
                self._active.remove(what)
                self.erase()

    def erase(self) -> None:
        """Hide the line until the next update."""
        if self._shown_at is not None:
            self.hide()
            self._shown_at = None


class LiveLine(Line):
    """A line of a terminal, which is restored afterwards.

    Args:
        write: Writes to the terminal.
        column: Returns the column of the cursor; the text to the left of it is kept.
        clock: Returns the time, in seconds.
        width: Returns the columns of the terminal.
    """

    def __init__(
        self,
        write: Callable[[str], object],
        *,
        column: Callable[[], int] = lambda: 0,
        clock: Callable[[], float] = REAL_CLOCK.monotonic,
        width: Callable[[], int] = lambda: shutil.get_terminal_size().columns,
    ) -> None:
        super().__init__(clock)
        self._write = write
        self._column = column
        self._width = width
        self._back: str | None = None

    def show(self, text: str) -> None:
        """Draw a text on the line, or below it if the line is in use."""
        begin = _ERASE
        if self._back is None:
            column = self._column()
            begin, self._back = ("\n", f"\x1b[A\x1b[{column + 1}G") if column else (_ERASE, "")
        self._write(begin + text[: self._width() - 1])

    def hide(self) -> None:
        """Restore the terminal."""
        if self._back is not None:
            self._write(_ERASE + self._back)
            self._back = None


class RelayedLine(Line):
    """A line that another process shows.

    Args:
        send: Sends a text to it; an empty one hides the line.
    """

    def __init__(self, send: Callable[[str], object]) -> None:
        super().__init__()
        self._send = send

    def show(self, text: str) -> None:
        """Send a text."""
        with suppress(OSError):  # the other process is gone
            self._send(text)

    def hide(self) -> None:
        """Send an empty text."""
        self.show("")


_line: Line | None = None


@contextmanager
def activity(what: str, total: int | None = None) -> Iterator[Update]:
    """Report an activity that may take long; yields a function to call with its progress.

    Args:
        what: What is going on, such as ``seeding cards``.
        total: How much there is to do, if that is known.
    """
    if _line is None:
        yield _ignore
    else:
        with _line.activity(what, total) as update:
            yield update


def _ignore(done: int) -> None:
    """Ignore progress that is not shown."""


@contextmanager
def shown_on(line: Line | None) -> Iterator[None]:
    """Show activities on a line inside the context, or nowhere."""
    global _line  # noqa: PLW0603 - a process has one terminal
    before, _line = _line, line
    try:
        yield
    finally:
        _line = before


def erase_line() -> None:
    """Hide what is shown, so that something can be printed in its place."""
    if _line is not None:
        _line.erase()


def line_on(stream: TextIO) -> LiveLine | None:
    """A line on a stream, if that is a terminal on which a line can be erased."""

    def write(text: str) -> None:
        stream.write(text)
        stream.flush()

    return LiveLine(write) if is_terminal(stream) else None


def is_terminal(stream: TextIO, environ: Mapping[str, str] = os.environ) -> bool:
    """Whether a line on a stream can be erased."""
    return stream.isatty() and environ.get("TERM", "") not in {"", "dumb"}
