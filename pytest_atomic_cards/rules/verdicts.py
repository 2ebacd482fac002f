"""Verdicts: what a run can say of a requirement, and the exceptions that carry them.

A contract passes (held), or ends with one of these exceptions. *Could not tell* is never a pass
and never a skip.
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
    """What a run says of one requirement."""

    HELD = "held"
    VIOLATED = "violated"
    DRIFTED = "drifted"
    NOT_EXERCISED = "not exercised"
    COULD_NOT_TELL = "could not tell"

    @property
    def weight(self) -> int:
        """Which of several verdicts on one requirement prevails: the heaviest."""
        return _WEIGHTS.index(self)


_WEIGHTS = (
    Verdict.NOT_EXERCISED,
    Verdict.HELD,
    Verdict.COULD_NOT_TELL,
    Verdict.DRIFTED,
    Verdict.VIOLATED,
)


class Violation(AssertionError):  # noqa: N818 - named for what it is, not for its mechanism
    """The target broke a requirement.

    Args:
        expected: What the requirement demands.
        came: What the target did instead.
        exchanges: The requests and responses that show it, the telling one last.
    """

    def __init__(
        self,
        expected: str,
        came: str,
        exchanges: Sequence[Exchange] = (),
    ) -> None:
        self.expected = printable(expected)
        self.came = printable(came)
        super().__init__(f"expected {self.expected}; {self.came}")
        self.exchanges = tuple(exchanges)


class CouldNotTell(BaseException):
    """A contract could not be decided.

    Not an ``Exception``, so that Hypothesis ends a generated contract at once instead of
    shrinking a failure that is not the target's.
    """

    def __init__(self, reason: str, exchanges: Sequence[Exchange] = ()) -> None:
        super().__init__(printable(reason, lines=True))
        self.exchanges = tuple(exchanges)

    @classmethod
    def because_of(cls, error: AtomicCardsError) -> CouldNotTell:
        """Wrap an error of the transport, the seeding or an unreadable body."""
        return cls(str(error), (error.exchange,) if error.exchange else ())


def expect(
    condition: object,
    *exchanges: Exchange,
    expected: str,
    came: str,
) -> None:
    """Raise :class:`Violation` unless ``condition`` is true."""
    if not condition:
        raise Violation(expected, came, exchanges)


def not_exercised(reason: str) -> NoReturn:
    """End a contract that this target gives no way to exercise."""
    pytest.skip(reason)


def give_up(error: AtomicCardsError) -> NoReturn:
    """End a contract, and the generation of cases for it, at what is no fault of the target's.

    Raises:
        CouldNotTell: The target could not be asked.
    """
    if isinstance(error, NotAvailableError):
        not_exercised(str(error))
    raise CouldNotTell.because_of(error) from error
