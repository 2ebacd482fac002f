"""Verdicts: which one prevails, and the exceptions that carry them."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise

import pytest

from pytest_atomic_cards.model.exchange import Exchange
from pytest_atomic_cards.rules.verdicts import (
    Inconclusive,
    Verdict,
    Violation,
    expect,
    not_exercised,
)
from pytest_atomic_cards.support.errors import SeedingError

EXCHANGE = Exchange("GET", "http://cards.test/v1/e/cards", datetime.now(UTC), 0.1, status=500)


def test_a_graver_verdict_weighs_more() -> None:
    """Violated prevails over drifted, over inconclusive, over held, over not exercised."""
    order = [
        Verdict.VIOLATED,
        Verdict.DRIFTED,
        Verdict.INCONCLUSIVE,
        Verdict.HELD,
        Verdict.NOT_EXERCISED,
    ]
    assert set(order) == set(Verdict)
    assert all(graver.weight > other.weight for graver, other in pairwise(order))


def test_an_expectation_that_fails_tells_both_sides() -> None:
    """A violation has what was expected, what happened, and the exchanges that show it."""
    expect(1 == 1, EXCHANGE, expected="sense", actual="nonsense")  # noqa: PLR0133
    with pytest.raises(Violation, match=r"^expected sense; nonsense$") as caught:
        expect([], EXCHANGE, expected="sense", actual="nonsense")
    assert (caught.value.expected, caught.value.actual) == ("sense", "nonsense")
    assert caught.value.exchanges == (EXCHANGE,)


def test_a_violation_fails_an_ordinary_test_too() -> None:
    """A violation is an assertion error."""
    assert issubclass(Violation, AssertionError)


@pytest.mark.parametrize("exchange", [EXCHANGE, None])
def test_an_error_is_wrapped_with_its_exchange(exchange: Exchange | None) -> None:
    """An undecided contract keeps the message and the exchange of the error."""
    wrapped = Inconclusive.because_of(SeedingError("the flow is not published", exchange))
    assert str(wrapped) == "the flow is not published"
    assert wrapped.exchanges == ((exchange,) if exchange else ())


def test_not_exercised_skips() -> None:
    """A contract that cannot be exercised ends as skipped, with the reason."""
    with pytest.raises(pytest.skip.Exception, match="no way to snooze"):
        not_exercised("no way to snooze")
