"""ContractLimit: contracts and observations end when the time of a run is over."""

from __future__ import annotations

from collections.abc import Generator
from typing import Final

import pytest

from pytest_atomic_cards.rules.finding import Finding
from pytest_atomic_cards.rules.verdicts import Verdict
from pytest_atomic_cards.suite.profiling.observation import Observation
from pytest_atomic_cards.suite.running.result_hooks import results_in
from pytest_atomic_cards.targets.time_limit import TimeLimit

_NO_RESULT: Final = frozenset({Verdict.NOT_EXERCISED, Verdict.INCONCLUSIVE})


class ContractLimit:
    """Ends the tests of the contract suite in time, in the process that runs them.

    Args:
        limit: The time limit of the run.
    """

    def __init__(self, limit: TimeLimit) -> None:
        self._limit = limit

    @pytest.hookimpl(tryfirst=True, specname="pytest_runtest_setup")
    def pytest_refuse_setup(self) -> None:
        """Seed nothing for a test when there is no time to run it.

        Not in a wrapper: those of other plugins would miss the setup, and fail in the teardown.
        """
        self._limit.refuse_test()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_setup(self) -> Generator[None, object, object]:
        """Discard what a fixture did that ran out of time."""
        return (yield from self._in_time())

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self) -> Generator[None, object, object]:
        """Discard whatever a test found that ran out of time."""
        return (yield from self._in_time())

    def _in_time(self) -> Generator[None, object, object]:
        """Discard the outcome if time ran out: waits were cut short, and errors swallowed."""
        try:
            return (yield)
        finally:
            self._limit.deadline.check()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(self) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Note that a test had a result."""
        report = yield
        found = [one.verdict for one in results_in(report, Finding)]
        found += [one.verdict for one in results_in(report, Observation)]
        if not _NO_RESULT.issuperset(found):
            self._limit.take_result()
        return report
