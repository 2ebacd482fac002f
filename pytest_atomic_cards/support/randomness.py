"""Randomness: what is made up on the way, such as ids, so that a replay makes up the same."""

from __future__ import annotations

import random
import secrets
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

_TOKEN_BITS: Final = 48
_FRACTION_BITS: Final = 53
_LEAST_NUMBER: Final = 10**15


class Randomness:
    """Values that nobody else makes up."""

    def bits(self, count: int) -> int:
        """A whole number of so many bits."""
        return secrets.randbits(count)

    def token(self) -> str:
        """Twelve hexadecimal digits, by which one id differs from all others."""
        return f"{self.bits(_TOKEN_BITS):012x}"

    def number(self) -> str:
        """Sixteen decimal digits that a double can hold, for the same use."""
        return str(_LEAST_NUMBER + self.bits(_TOKEN_BITS))

    def fraction(self) -> float:
        """A number from 0 to 1."""
        return self.bits(_FRACTION_BITS) / (1 << _FRACTION_BITS)


TRUE_RANDOMNESS: Final = Randomness()
"""The chance of everything that is neither recorded nor replayed."""


class SeededChance(Randomness):
    """The same values in the same order from the same seed, on every version of Python.

    Args:
        seed: Where they start.
    """

    def __init__(self, seed: str) -> None:
        self._random = random.Random(seed)  # noqa: S311 - nothing secret

    def bits(self, count: int) -> int:
        """A whole number of so many bits."""
        return self._random.getrandbits(count)


class CurrentRandomness(Randomness):
    """The chance of what is going on at each moment.

    Args:
        current: Gives that chance.
    """

    def __init__(self, current: Callable[[], Randomness]) -> None:
        self._current = current

    def bits(self, count: int) -> int:
        """A whole number of so many bits."""
        return self._current().bits(count)
