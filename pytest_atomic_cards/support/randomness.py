"""Randomness: the source of generated values such as ids, so that a replay generates the same."""

from __future__ import annotations

import random
import secrets
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

_TOKEN_BITS: Final = 48
"""Bits of a token: among a million ids a collision has a chance of one in 500, and runs seed far
fewer on one target."""
_FRACTION_BITS: Final = 53
"""Bits of precision of a double."""
_LEAST_NUMBER: Final = 10**15
"""So that all numbers have 16 digits, and a double holds them exactly."""


class Randomness:
    """A source of unpredictable values."""

    def bits(self, count: int) -> int:
        """A random integer of ``count`` bits."""
        return secrets.randbits(count)

    def token(self) -> str:
        """Twelve hexadecimal digits that make an id unique."""
        return f"{self.bits(_TOKEN_BITS):012x}"

    def number(self) -> str:
        """Sixteen decimal digits that a double can hold, for the same purpose."""
        return str(_LEAST_NUMBER + self.bits(_TOKEN_BITS))

    def fraction(self) -> float:
        """A number from 0 to 1."""
        return self.bits(_FRACTION_BITS) / (1 << _FRACTION_BITS)


TRUE_RANDOMNESS: Final = Randomness()
"""The source of everything that is neither recorded nor replayed."""


class SeededChance(Randomness):
    """The same values in the same order from the same seed, on every version of Python.

    Args:
        seed: Determines the values.
    """

    def __init__(self, seed: str) -> None:
        self._random = random.Random(seed)  # noqa: S311 - nothing secret

    def bits(self, count: int) -> int:
        """A random integer of ``count`` bits."""
        return self._random.getrandbits(count)


class CurrentRandomness(Randomness):
    """Delegates to the source that is current at each moment.

    Args:
        current: Returns that source.
    """

    def __init__(self, current: Callable[[], Randomness]) -> None:
        self._current = current

    def bits(self, count: int) -> int:
        """A random integer of ``count`` bits."""
        return self._current().bits(count)
