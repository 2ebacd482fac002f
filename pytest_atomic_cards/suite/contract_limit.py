"""Limiting: contracts and observations end when the time of a run is over."""

from __future__ import annotations

from collections.abc import Generator
from typing import Final

import pytest

from pytest_atomic_cards.rules.verdicts import Verdict
from pytest_atomic_cards.suite.contract_plugin import finding_in
from pytest_atomic_cards.suite.profiling.profiling_plugin import observation_in
from pytest_atomic_cards.targets.time_limit import TimeLimit

_NO_RESULT: Final = frozenset({Verdict.NOT_EXERCISED, Verdict.INCONCLUSIVE})


class ContractLimit:
    """Ends the tests of the contract suite in time, in the process that runs them.

    Args:
        limit: Of the run.
    """

    def __init__(self, limit: TimeLimit) -> None:
        self._limit = limit

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_setup(self) -> Generator[None, object, object]:
        """Seed nothing for a test when there is no time to run it."""
        self._limit.refuse_test()
        return (yield from self._in_time())

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self) -> Generator[None, object, object]:
        """Discard whatever a test found that ran out of time."""
        return (yield from self._in_time())

    def _in_time(self) -> Generator[None, object, object]:
        """Discard any outcome of what lacked time: waits were cut short, errors swallowed."""
        try:
            return (yield)
        finally:
            self._limit.deadline.check()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(self) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Take in whether a test had a result."""
        report = yield
        found = finding_in(report) or observation_in(report)
        if found and found.verdict not in _NO_RESULT:
            self._limit.take_result()
        return report
