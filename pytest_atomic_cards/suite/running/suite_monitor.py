"""SuiteMonitor: judges every exchange of the suite by the rules, whichever contract makes it.

A contract looks at a few requests. A body that is wrong on the second page only, or in one state,
or for one combination of attributes, is seen wherever the suite happens to ask for it: in other
contracts, in experiments, in the set-up of shared cards, and while waiting for them.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from threading import Lock
from typing import TYPE_CHECKING

import pytest

from pytest_atomic_cards.rules import parse_response
from pytest_atomic_cards.rules.finding import Finding, explain
from pytest_atomic_cards.rules.monitor import Monitor, finding_of, rules_for
from pytest_atomic_cards.rules.requirements import catalogue
from pytest_atomic_cards.rules.verdicts import Violation
from pytest_atomic_cards.suite.running.contract_plugin import MARKER, is_grave
from pytest_atomic_cards.suite.running.result_hooks import add_result, readable
from pytest_atomic_cards.support.errors import NotAvailableError

if TYPE_CHECKING:
    from pytest_atomic_cards.model.exchange import Exchange
    from pytest_atomic_cards.model.settings import Settings
    from pytest_atomic_cards.targets import Target


class SuiteMonitor:
    """Adds what the rules find to the reports of tests, in the process that runs the tests.

    Args:
        settings: Those of the run.

    Attributes:
        violations: The first violation of each requirement, whether or not it is reported.
    """

    def __init__(self, settings: Settings) -> None:
        self._strict = settings.strict
        self._only = settings.only
        self._monitor = Monitor()
        self._lock = Lock()
        self._unreported: list[Finding] = []
        self.violations: dict[str, Violation] = {}

    def follow(self, target: Target) -> None:
        """Judge the exchanges of a target from now on."""
        self._monitor = Monitor(rules_for(target.settings))
        target.listeners.append(self.observe)

    def observe(self, exchange: Exchange) -> None:
        """Judge one exchange, from any thread."""
        response = parse_response(exchange)
        if response is None:
            return
        with self._lock:
            for rule, objection in self._monitor.see(response):
                if rule.requirement not in self.violations:
                    self.violations[rule.requirement] = Violation(
                        objection.expected, objection.actual, (exchange,)
                    )
                    self._unreported.append(finding_of(rule, objection, exchange))

    def expect_held(self, requirement: str) -> None:
        """Decide a contract by all that was seen so far.

        Raises:
            Violation: An exchange violated the requirement.
            NotAvailableError: None exercised it.
        """
        if found := self.violations.get(requirement):
            raise Violation(found.expected, found.actual, found.exchanges)
        if requirement not in self._monitor.held:
            raise NotAvailableError("no response had anything that the rule could judge")

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Add what was found since the last report.

        A set-up that succeeded waits for its test, which would not run if its report had failed.
        """
        report = yield
        if call.when != "setup" or call.excinfo:
            for found in self._taken():
                self._add(report, replace(found, contract=item.name, beside=_decided_by(item)))
        return report

    def _taken(self) -> list[Finding]:
        with self._lock:
            found, self._unreported = self._unreported, []
        only = {catalogue()[name].id for name in self._only}
        return [one for one in found if not only or one.requirement in only]

    def _add(self, report: pytest.TestReport, found: Finding) -> None:
        add_result(report, found)
        if is_grave(found, strict=self._strict):
            before = f"{report.longreprtext}\n\n" if report.failed else ""
            report.outcome = "failed"
            vars(report).pop("wasxfail", None)  # pytest counts no failure that was expected
            report.longrepr = readable(f"{before}{explain(found)}")


def _decided_by(item: pytest.Item) -> str:
    """The requirement that a test decides; empty for a question of the profile."""
    marker = item.get_closest_marker(MARKER)
    return marker.args[0] if marker else ""
