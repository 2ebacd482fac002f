"""Writes the lines of reports, in colour on a terminal."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Final, TextIO

from pytest_atomic_cards.support.printable import printable

Write = Callable[..., object]
"""Writes text in a style, like pytest's ``TerminalReporter.write``."""

_CODES: Final = {"bold": 1, "light": 2, "red": 31, "green": 32, "yellow": 33}


class Console:
    """Writes only printable lines.

    Args:
        write: Writes text in a style: that of pytest's terminal, or :func:`written_to` a stream.
    """

    def __init__(self, write: Write) -> None:
        self._write = write

    def write(self, text: str, **style: bool) -> None:
        """Write part of a line."""
        self._write(printable(text), **style)

    def line(self, text: str = "", **style: bool) -> None:
        """Write a line, or several if the text of a report has line ends."""
        self._write(printable(text, lines=True), **style)
        self._write("\n")


def written_to(stream: TextIO) -> Write:
    """Write to a stream, in colour if it is a terminal and ``NO_COLOR`` is not set."""
    coloured = stream.isatty() and not os.environ.get("NO_COLOR")

    def write(text: str, **style: bool) -> None:
        codes = ";".join(str(_CODES[name]) for name, wanted in style.items() if wanted)
        stream.write(f"\033[{codes}m{text}\033[0m" if codes and coloured else text)

    return write
