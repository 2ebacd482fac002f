"""BatchedSetup: the actions of several contracts, made together."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pytest_atomic_cards.rules.verdicts import Violation
from pytest_atomic_cards.suite.probing.batched_setup import BatchedSetup
from pytest_atomic_cards.support.errors import NotAvailableError, OutcomeUnknownError


def losing(times: int) -> Callable[[], str]:
    """A trial whose response is lost some times, and then arrives."""
    left = iter(range(times))

    def trial() -> str:
        if next(left, None) is not None:
            raise OutcomeUnknownError("the answer was lost")
        return "an outcome"

    return trial


def test_all_are_made_before_any_is_looked_at() -> None:
    """All trials are made first, in the given order."""
    made: list[str] = []
    trials = BatchedSetup({name: lambda name=name: made.append(name) for name in ("one", "two")})
    assert made == ["one", "two"]
    assert trials["one"] is None


@pytest.mark.parametrize("error", [NotAvailableError("none"), Violation("this", "that")])
def test_one_that_fails_concerns_nobody_else(error: Exception) -> None:
    """The error of a trial is raised when its outcome is read."""

    def fail() -> str:
        raise error

    trials = BatchedSetup({"bad": fail, "good": lambda: "an outcome"})
    assert trials["good"] == "an outcome"
    for _ in range(2):
        with pytest.raises(type(error)) as raised:
            _ = trials["bad"]
        assert raised.value is error


def test_one_whose_answer_is_lost_is_made_again() -> None:
    """A trial is repeated after a lost response, up to a limit."""
    trials = BatchedSetup({"twice": losing(2), "for ever": losing(99)})
    assert trials["twice"] == "an outcome"
    with pytest.raises(OutcomeUnknownError, match="the answer was lost"):
        _ = trials["for ever"]
