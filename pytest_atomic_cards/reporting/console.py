"""Console: a stream to write to in colour, for commands that run without pytest."""

from __future__ import annotations

import os
from typing import Final, TextIO

_CODES: Final = {"bold": 1, "light": 2, "red": 31, "green": 32, "yellow": 33}


class Console:
    """Writes to a stream, in colour where that is a terminal and ``NO_COLOR`` is not set."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._colour = stream.isatty() and not os.environ.get("NO_COLOR")

    def write(self, text: str, **style: bool) -> None:
        """Write a text."""
        codes = ";".join(str(_CODES[name]) for name, wanted in style.items() if wanted)
        self._stream.write(f"\033[{codes}m{text}\033[0m" if codes and self._colour else text)

    def line(self, text: str = "", **style: bool) -> None:
        """Write a line."""
        self.write(text, **style)
        self._stream.write("\n")
