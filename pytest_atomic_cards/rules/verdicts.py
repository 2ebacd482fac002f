"""Verdicts: the outcomes of a requirement, and the exceptions that carry them.

A contract passes (held), or ends with one of these exceptions. *Inconclusive* is neither a pass nor
a skip.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import NoReturn

import pytest

from pytest_atomic_cards.model.exchange import Exchange
from pytest_atomic_cards.support.errors import AtomicCardsError, NotAvailableError
from pytest_atomic_cards.support.printable import printable


class Verdict(StrEnum):
    """The outcome of one requirement in a run."""

    HELD = "held"
    VIOLATED = "violated"
    DRIFTED = "drifted"
    NOT_EXERCISED = "not exercised"
    INCONCLUSIVE = "inconclusive"

    @property
    def weight(self) -> int:
        """The weight of a verdict: of several on one requirement the heaviest prevails."""
        return _WEIGHTS.index(self)


_WEIGHTS = (
    Verdict.NOT_EXERCISED,
    Verdict.HELD,
    Verdict.INCONCLUSIVE,
    Verdict.DRIFTED,
    Verdict.VIOLATED,
)


class Violation(AssertionError):  # noqa: N818 - named for what it is, not for its mechanism
    """The target violated a requirement.

    Args:
        expected: What the requirement demands.
        actual: What the target did instead.
        exchanges: The exchanges that show it, the decisive one last.
    """

    def __init__(
        self,
        expected: str,
        actual: str,
        exchanges: Sequence[Exchange] = (),
    ) -> None:
        self.expected = printable(expected)
        self.actual = printable(actual)
        super().__init__(f"expected {self.expected}; {self.actual}")
        self.exchanges = tuple(exchanges)


class Inconclusive(BaseException):
    """A contract could not be decided.

    Not an ``Exception``, so Hypothesis ends a generated contract at once instead of shrinking a
    failure that is not the target's.
    """

    def __init__(self, reason: str, exchanges: Sequence[Exchange] = ()) -> None:
        super().__init__(printable(reason, lines=True))
        self.exchanges = tuple(exchanges)

    @classmethod
    def because_of(cls, error: AtomicCardsError) -> Inconclusive:
        """Wrap a transport error, a seeding error or an unreadable body."""
        return cls(str(error), (error.exchange,) if error.exchange else ())


def expect(
    condition: object,
    *exchanges: Exchange,
    expected: str,
    actual: str,
) -> None:
    """Raise :class:`Violation` unless ``condition`` is true."""
    if not condition:
        raise Violation(expected, actual, exchanges)


def not_exercised(reason: str) -> NoReturn:
    """Skip a contract that cannot be exercised on this target."""
    pytest.skip(reason)


def give_up(error: AtomicCardsError) -> NoReturn:
    """End a contract, and the generation of its cases, after an error that is not a violation.

    Raises:
        Inconclusive: The target did not respond, or access was denied.
    """
    if isinstance(error, NotAvailableError):
        not_exercised(str(error))
    raise Inconclusive.because_of(error) from error


def is_foreseen(error: BaseException) -> bool:
    """Whether an error shows something of the target, and not a bug in a test."""
    return isinstance(error, AtomicCardsError | Violation)
