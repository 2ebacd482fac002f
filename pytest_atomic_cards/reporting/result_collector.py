"""Gathers what the reports of all processes bring, and has it told when the run is over."""

from __future__ import annotations

import sys
from collections.abc import Generator
from pathlib import Path
from typing import Final

import pytest

from pytest_atomic_cards.model.settings import Settings
from pytest_atomic_cards.reporting.console import Console
from pytest_atomic_cards.reporting.deviations import Deviations, find_deviations
from pytest_atomic_cards.reporting.github import append_summary, is_github, workflow_commands
from pytest_atomic_cards.reporting.json_report import write_reports
from pytest_atomic_cards.reporting.outcome import Gathered, Outcome, sum_up
from pytest_atomic_cards.reporting.profile_report import by_question, write_profile
from pytest_atomic_cards.reporting.terminal import tell
from pytest_atomic_cards.reporting.terminal_capture import uncaptured
from pytest_atomic_cards.rules.finding import Finding
from pytest_atomic_cards.rules.verdicts import Verdict
from pytest_atomic_cards.suite.contract_collection import collected
from pytest_atomic_cards.suite.contract_plugin import MARKER, TROUBLE, finding_in
from pytest_atomic_cards.suite.profiling.observation import Observation
from pytest_atomic_cards.suite.profiling.profiling_plugin import MARKER as QUESTION
from pytest_atomic_cards.suite.profiling.profiling_plugin import observation_in
from pytest_atomic_cards.suite.suite_runner import SUITE
from pytest_atomic_cards.suite.traffic_stats import traffic_in
from pytest_atomic_cards.support.errors import (
    AtomicCardsError,
    MisuseError,
    SettingsError,
    error_text,
)
from pytest_atomic_cards.support.printable import escape_unencodable, printable

_CRASHED: Final = "???"
"""What pytest-xdist calls the phase of a test in which its worker process died."""


class FindingsReporter:
    """Listens to the reports of all processes of a run, in the one that controls it.

    Raises:
        pytest.UsageError: The project's known deviations cannot be used.
    """

    def __init__(self, config: pytest.Config, settings: Settings) -> None:
        self._config = config
        self._settings = settings
        self._gathered = Gathered()
        self._crashed: dict[str, str] = {}
        self._outcome: Outcome | None = None
        self._written: list[str] = []
        self._unwritten: SettingsError | None = None
        try:
            self._deviations: Deviations = find_deviations(
                settings, config.invocation_params.dir, config.rootpath
            )
        except SettingsError as error:
            raise pytest.UsageError(str(error)) from None
        junit_is_free = getattr(config.option, "xmlpath", "off") is None  # not given, nor blocked
        if settings.report and junit_is_free and not config.option.collectonly:
            config.option.xmlpath = str(settings.report / "junit.xml")

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_logreport(
        self, report: pytest.TestReport
    ) -> Generator[None, object, object]:
        """Take in what a report brings, before anyone counts a known violation as a failure."""
        gathered = self._gathered
        finding = finding_in(report)
        if finding is not None:
            gathered.findings.append(finding)
            known = self._deviations.in_force.get(finding.requirement)
            if known and report.failed and finding.verdict in {Verdict.VIOLATED, Verdict.DRIFTED}:
                report.outcome = "skipped"
                report.wasxfail = f"known deviation: {known}"
        observation = observation_in(report)
        if observation is not None:
            gathered.observations.append(observation)
        traffic = traffic_in(report)
        if traffic is not None:
            gathered.traffic.add(traffic)
        trouble = getattr(report, TROUBLE, None)
        if str(report.when) == _CRASHED:
            trouble = self._crashed[report.nodeid] = str(report.longrepr)
        if trouble:
            self.take_in_trouble(trouble)
        return (yield)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Take in why a part of the suite could not be read."""
        if report.failed:
            self.take_in_trouble(f"{report.nodeid}: {report.longreprtext}")

    def close(self, session: pytest.Session, exitstatus: int) -> None:
        """Sum the run up and write its files, before the terminal tells."""
        if not self._gathered and exitstatus == pytest.ExitCode.INTERRUPTED:
            self.take_in_trouble("interrupted before the first result")
        if not self._gathered:
            return
        self._take_in_crashes()
        whole = exitstatus in {pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED}
        whole = whole and not (session.shouldstop or session.shouldfail)
        self._outcome = sum_up(
            self._gathered,
            self._settings,
            self._deviations,
            whole=whole and _runs_all_of_each_requirement(self._config),
        )
        if self._outcome.stale and exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        self._write(self._outcome)

    def take_in_trouble(self, trouble: str) -> None:
        """Take in what belongs to no test."""
        self._gathered.troubles.append(printable(trouble, lines=True))

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self) -> Generator[None, object, object]:
        """Tell GitHub when the terminal has told."""
        result = yield
        if self._outcome and is_github():
            self._tell_github(self._outcome)
        if self._unwritten:
            raise pytest.UsageError(str(self._unwritten))
        return result

    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Tell the outcome, and which files hold it."""
        if self._outcome:
            terminalreporter.section("Atomic Cards API contract")
            console = Console(terminalreporter.write)
            tell(console, self._outcome)
            for line in self._written:
                console.line(line)

    def _write(self, outcome: Outcome) -> None:
        settings = self._settings
        observed = by_question(outcome.gathered.observations)
        option = "--cards-report"
        try:
            if settings.report:
                self._written += write_reports(settings.report, outcome)
            option = "--cards-profile-out"
            if settings.profile_out and observed:
                write_profile(settings.profile_out, observed)
                self._written.append(f"profile: {settings.profile_out}")
        except SettingsError as error:
            self._unwritten = SettingsError(f"{option}: {error}")

    def _tell_github(self, outcome: Outcome) -> None:
        with uncaptured(self._config):
            escape_unencodable(sys.stdout)
            for line in filter(None, [*workflow_commands(outcome), append_summary(outcome)]):
                print(line)  # noqa: T201 - GitHub Actions reads commands from the output

    def _take_in_crashes(self) -> None:
        """What a worker ran when it died could not be told."""
        for nodeid, reason in self._crashed.items():
            try:
                items = collected(f"{self._config.rootpath}/{nodeid}")
            except MisuseError:  # the run inconclusive all the same
                continue
            for item in items:
                self._take_in_crash(item, reason)

    def _take_in_crash(self, item: pytest.Item, reason: str) -> None:
        verdict = Verdict.INCONCLUSIVE
        if contract := item.get_closest_marker(MARKER):
            finding = Finding(item.name, contract.args[0], verdict, reason)
            self._gathered.findings.append(finding)
        if question := item.get_closest_marker(QUESTION):
            observation = Observation(question.args[0], verdict, reason=reason, fails=True)
            self._gathered.observations.append(observation)


class Closing:
    """Closes the reports of a run once all is cleared up, which one that was stopped does last."""

    def __init__(self, reporter: FindingsReporter) -> None:
        self._reporter = reporter

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_sessionfinish(
        self, session: pytest.Session, exitstatus: int
    ) -> Generator[None, object, object]:
        """What could not be cleared up is a trouble of the run, and no end of its report."""
        try:
            return (yield)
        except* AtomicCardsError as errors:
            self._reporter.take_in_trouble(error_text(errors))
            if exitstatus == pytest.ExitCode.OK:
                session.exitstatus = pytest.ExitCode.TESTS_FAILED
        finally:
            self._reporter.close(session, exitstatus)
        return None


def _runs_all_of_each_requirement(config: pytest.Config) -> bool:
    """Whether nothing but ``--cards-only`` selects contracts, which takes all of a requirement."""
    option = config.option
    selected = option.keyword or option.markexpr or option.deselect or getattr(option, "lf", False)
    return not selected and all(
        argument == SUITE or Path(argument).is_dir() for argument in config.args
    )
