"""Contracts that run out of time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_atomic_cards.rules.verdicts import Verdict

if TYPE_CHECKING:
    from contract_runs import RunContracts

    from pytest_atomic_cards.rules.finding import Finding

_SOURCE = """
from pytest_atomic_cards.plugin import ending_of

@pytest.fixture
def limit(pytestconfig):
    return ending_of(pytestconfig).limit

@pytest.fixture
def skipped(limit):
    limit.deadline.set(0, "too late")
    pytest.skip("nothing to exercise")

@requirement("QUERY-01")
def test_held(limit):
    pass

@requirement("QUERY-02")
def test_violated_in_time():
    raise Violation("a page", "none came", (EXCHANGE,))

@requirement("QUERY-03")
def test_that_swallows(limit):
    limit.deadline.set(0, "too late")

@requirement("QUERY-04")
def test_violated_too_late(limit):
    limit.deadline.set(0, "too late")
    raise Violation("a page", "none came", (EXCHANGE,))

@requirement("QUERY-05")
def test_skipped(skipped):
    pass

@requirement("QUERY-06")
def test_the_last_one(limit):
    limit._end = limit._clock()

@requirement("QUERY-07")
def test_never_run():
    raise ZeroDivisionError
"""


def test_what_runs_out_of_time_is_inconclusive(
    run_contracts: RunContracts, findings: list[Finding]
) -> None:
    """A contract without time left is inconclusive, whatever it found, and not begun at all."""
    result = run_contracts(_SOURCE, "--cards-max-time", "500")
    late, over = "out of time: too late", "out of time: time limit of 500 s reached"
    assert [(one.verdict, one.reason.partition(" (")[0]) for one in findings] == [
        (Verdict.HELD, ""),
        (Verdict.VIOLATED, "expected a page; none came"),
        (Verdict.INCONCLUSIVE, late),
        (Verdict.INCONCLUSIVE, late),
        (Verdict.INCONCLUSIVE, late),
        (Verdict.HELD, ""),
        (Verdict.INCONCLUSIVE, over),
    ]
    result.stdout.fnmatch_lines(
        ["atomic-cards: time limit of 500 s reached (--cards-max-time); tests not run: 1"]
    )
