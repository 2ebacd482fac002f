"""Progress: what is going on right now, for a person who waits at a terminal.

Whatever takes long says so with :func:`activity`. Nobody hears it unless somebody has asked to,
with :func:`shown_on`.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from threading import Lock
from typing import Final, TextIO

Update = Callable[[int], None]
"""Takes how much of an activity is done."""

_PATIENCE: Final = 2.0
"""Seconds after which an activity is shown."""
_PAUSE: Final = 0.2
"""Seconds between two looks of a line."""
_ERASE: Final = "\r\x1b[K"


class LiveLine:
    """One line of a terminal that shows what is going on, and is erased when it is over.

    Args:
        write: Writes to the terminal.
        column: Where the cursor stands; what stands to the left of it is left alone.
        clock: Seconds, to count from.
        width: Columns of the terminal.
    """

    def __init__(
        self,
        write: Callable[[str], object],
        *,
        column: Callable[[], int] = lambda: 0,
        clock: Callable[[], float] = time.monotonic,
        width: Callable[[], int] = lambda: shutil.get_terminal_size().columns,
    ) -> None:
        self._write = write
        self._column = column
        self._clock = clock
        self._width = width
        self._lock = Lock()
        self._active: list[str] = []
        self._back = ""
        self._drawn_at: float | None = None

    @contextmanager
    def activity(self, what: str, total: int | None) -> Iterator[Update]:
        """Show an activity, the last one begun where several are under way."""
        began = self._clock()
        self._active.append(what)

        def update(done: int) -> None:
            now = self._clock()
            of = "" if total is None else f" of {total:,}"
            with self._lock:
                if self._active[-1:] == [what] and now - began >= _PATIENCE:
                    self._draw(f"{what}: {done:,}{of}, {now - began:.0f} s", now)

        try:
            yield update
        finally:
            with self._lock:
                self._active.remove(what)
                self.erase()

    def erase(self) -> None:
        """Leave the terminal as it was found."""
        if self._drawn_at is not None:
            self._write(_ERASE + self._back)
            self._drawn_at = None

    def _draw(self, text: str, now: float) -> None:
        begin = _ERASE
        if self._drawn_at is None:
            column = self._column()
            begin, self._back = ("\n", f"\x1b[A\x1b[{column + 1}G") if column else (_ERASE, "")
        elif now - self._drawn_at < _PAUSE:
            return
        self._write(begin + text[: self._width() - 1])
        self._drawn_at = now


_line: LiveLine | None = None


@contextmanager
def activity(what: str, total: int | None = None) -> Iterator[Update]:
    """Say that something begins which may take long; yields what to call as it goes on.

    Args:
        what: What is going on, such as ``seeding cards``.
        total: How much of it there is, if that is known.
    """
    if _line is None:
        yield _nobody
    else:
        with _line.activity(what, total) as update:
            yield update


def _nobody(done: int) -> None:
    """Take in progress that nobody wants to see."""


@contextmanager
def shown_on(line: LiveLine | None) -> Iterator[None]:
    """Show activities on a line while the context lasts, or nowhere."""
    global _line  # noqa: PLW0603 - a process has one terminal
    before, _line = _line, line
    try:
        yield
    finally:
        _line = before


def line_on(stream: TextIO) -> LiveLine | None:
    """A line on a stream, if that is a terminal on which a line can be erased again."""

    def write(text: str) -> None:
        stream.write(text)
        stream.flush()

    return LiveLine(write) if is_terminal(stream) else None


def is_terminal(stream: TextIO, environ: Mapping[str, str] = os.environ) -> bool:
    """Whether a line on a stream can be erased again."""
    return stream.isatty() and environ.get("TERM", "") not in {"", "dumb"}
