"""A string that tracebacks, containers and assertion messages do not show."""

from __future__ import annotations

import re
from typing import Final, SupportsIndex

REDACTED: Final = "[redacted]"
"""Replaces a secret wherever something is shown or recorded."""

_UNREADABLE: Final = re.compile(r"(base \d+|to float): .*", re.DOTALL)


def without_value(error: Exception) -> str:
    """The message of an error, without the text that ``int`` or ``float`` could not read."""
    return _UNREADABLE.sub(r"\1", str(error))


class Hidden(str):
    """A secret that can be sent like any string and hides when it is shown.

    Its ``repr`` is ``'[redacted]'``, also inside local variables of tracebacks, dataclasses and
    dictionaries. Slices and concatenations are hidden as well, and ``splitlines`` gives one
    redacted line, which is what a failed comparison prints.

    ``str()``, f-strings and ``encode()`` give the value, because that is how it is sent.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return repr(REDACTED)

    def __getitem__(self, key: SupportsIndex | slice) -> Hidden:
        return Hidden(super().__getitem__(key))

    def __add__(self, other: str) -> Hidden:
        return Hidden(super().__add__(other))

    def __radd__(self, other: str) -> Hidden:
        return Hidden(other.__add__(str(self)))

    def splitlines(self, keepends: bool = False) -> list[str]:  # noqa: ARG002, FBT001, FBT002
        """One redacted line, as pytest compares strings by line and prints them."""
        return [REDACTED]
