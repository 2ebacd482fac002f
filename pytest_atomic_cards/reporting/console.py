"""Console: the lines that the reports of this package write, in colour where that is wanted."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Final, TextIO

from pytest_atomic_cards.support.printable import printable

Write = Callable[..., object]
"""Writes a text in a style, as ``TerminalReporter.write`` of pytest does."""

_CODES: Final = {"bold": 1, "light": 2, "red": 31, "green": 32, "yellow": 33}


class Console:
    """Writes nothing but printable lines.

    Args:
        write: Writes a text in a style: that of pytest's terminal, or :func:`written_to` a stream.
    """

    def __init__(self, write: Write) -> None:
        self._write = write

    def write(self, text: str, **style: bool) -> None:
        """Write a part of a line."""
        self._write(printable(text), **style)

    def line(self, text: str = "", **style: bool) -> None:
        """Write a line, or several that a text of our own is made of."""
        self._write(printable(text, lines=True), **style)
        self._write("\n")


def written_to(stream: TextIO) -> Write:
    """Writes to a stream, in colour where that is a terminal and ``NO_COLOR`` is not set."""
    coloured = stream.isatty() and not os.environ.get("NO_COLOR")

    def write(text: str, **style: bool) -> None:
        codes = ";".join(str(_CODES[name]) for name, wanted in style.items() if wanted)
        stream.write(f"\033[{codes}m{text}\033[0m" if codes and coloured else text)

    return write
