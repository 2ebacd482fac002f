"""Generated contracts: how many cases, which ones, and their outcomes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import strategies as st

from pytest_atomic_cards.model.exchange import Exchange
from pytest_atomic_cards.model.settings import Settings
from pytest_atomic_cards.rules.verdicts import Inconclusive, Violation, expect
from pytest_atomic_cards.suite.generation.generated_cases import Effort
from pytest_atomic_cards.support.clock import REAL_CLOCK
from pytest_atomic_cards.support.errors import (
    ContractBrokenError,
    NotAvailableError,
    SeedingError,
    TransportError,
)

EXCHANGE = Exchange("GET", "http://cards.test/v1/e/cards", datetime.now(UTC), 0.1, status=503)


def cases_of(effort: Effort, usual: int = 40) -> list[Any]:
    """The cases of a contract that never fails."""
    seen: list[Any] = []
    effort.for_all(st.integers(), st.text(), usual=usual)(lambda *case: seen.append(case))
    return seen


@pytest.mark.parametrize(
    ("settings", "usual", "examples"),
    [
        (Settings(), 40, 40),
        (Settings(effort="quick"), 40, 8),
        (Settings(effort="quick"), 12, 3),
        (Settings(effort="quick"), 1, 1),
        (Settings(effort="thorough"), 40, 400),
        (Settings(examples=7), 40, 7),
        (Settings(examples=7, effort="thorough"), 40, 7),
    ],
)
def test_how_many_cases(settings: Settings, usual: int, examples: int) -> None:
    """Effort scales the usual number of cases, never below one; a given number replaces it."""
    effort = Effort.of(settings)
    assert effort.examples(usual) == examples
    assert len(cases_of(effort, usual)) == examples


def test_the_same_seed_gives_the_same_cases() -> None:
    """Two runs with the same seed have the same cases; a run with another seed does not."""
    assert cases_of(Effort(seed=3)) == cases_of(Effort(seed=3))
    assert cases_of(Effort(seed=3)) != cases_of(Effort(seed=4))


@pytest.mark.parametrize("error", [TransportError, SeedingError, ContractBrokenError])
def test_an_error_ends_the_run_at_once(error: type[Exception]) -> None:
    """After an error of the target nothing is shrunk or repeated."""
    asked = []

    def body(number: int) -> None:
        asked.append(number)
        if len(asked) == 3:
            raise error("no usable answer", EXCHANGE)

    with pytest.raises(Inconclusive, match="no usable answer") as caught:
        Effort().for_all(st.integers(), usual=40)(body)
    assert len(asked) == 3
    assert caught.value.exchanges == (EXCHANGE,)


def test_what_a_target_cannot_give_ends_the_run_at_once() -> None:
    """A contract whose case is not available is not exercised, instead of failed."""

    def body(_: int) -> None:
        raise NotAvailableError("no such cards")

    with pytest.raises(pytest.skip.Exception, match="no such cards"):
        Effort().for_all(st.integers(), usual=40)(body)


def test_a_violation_that_does_not_come_again_is_told() -> None:
    """A violation counts even if the same case passes the next time."""
    asked = []

    def body(number: int) -> None:
        asked.append(number)
        expect(len(asked) != 3, EXCHANGE, expected="the same", actual="once something else")

    with pytest.raises(Violation, match="once something else"):
        Effort().for_all(st.integers(), usual=40)(body)


def test_a_violation_is_shrunk_to_the_smallest_case() -> None:
    """A report shows the fewest and plainest values that violate the requirement."""

    def body(numbers: list[int], word: str) -> None:
        expect(
            sum(numbers) < 1_000 or "x" not in word,
            EXCHANGE,
            expected="a small sum",
            actual=f"{numbers} and {word}",
        )

    lists, words = st.lists(st.integers(0, 500)), st.text("xyz")
    with pytest.raises(Violation) as caught:
        Effort().for_all(lists, words, usual=2_000)(body)
    assert caught.value.actual == "[500, 500] and x"
    assert caught.value.exchanges == (EXCHANGE,)


def test_a_slow_target_ends_the_shrinking(monkeypatch: pytest.MonkeyPatch) -> None:
    """After the time limit for shrinking, the smallest violation so far is reported."""
    now = [0.0]
    monkeypatch.setattr(REAL_CLOCK, "monotonic", lambda: now[0])
    asked: list[int] = []

    def body(number: int) -> None:
        now[0] += 3.0
        asked.append(number)
        expect(number < 1_000, expected="a small number", actual=str(number))

    with pytest.raises(Violation) as caught:
        Effort().for_all(st.integers(0, 10**9), usual=200)(body)
    failing = [number for number in asked if number >= 1_000]
    assert int(caught.value.actual) == min(failing)
    assert len(failing) < 10
