"""Collects the results of all processes, and writes the reports at the end of the run."""

from __future__ import annotations

import sys
from collections.abc import Generator
from pathlib import Path
from typing import Final

import pytest

from pytest_atomic_cards.model.options import OPTIONS
from pytest_atomic_cards.model.settings import Settings
from pytest_atomic_cards.reporting.causes import causes
from pytest_atomic_cards.reporting.console import Console
from pytest_atomic_cards.reporting.deviations import Deviations, find_deviations
from pytest_atomic_cards.reporting.github import append_summary, is_github, workflow_commands
from pytest_atomic_cards.reporting.json_report import write_reports
from pytest_atomic_cards.reporting.junit import add_causes, name_case
from pytest_atomic_cards.reporting.outcome import Outcome, RunResults, sum_up
from pytest_atomic_cards.reporting.output_files import prepare_outputs
from pytest_atomic_cards.reporting.profile_report import by_question, write_profile
from pytest_atomic_cards.reporting.requirement_results import judge_run
from pytest_atomic_cards.reporting.terminal import print_footprint, print_outcome
from pytest_atomic_cards.reporting.terminal_capture import uncaptured
from pytest_atomic_cards.rules.finding import Finding
from pytest_atomic_cards.rules.verdicts import Verdict
from pytest_atomic_cards.suite.planning.plan import PLAN, SPENT
from pytest_atomic_cards.suite.planning.traffic_stats import traffic_in
from pytest_atomic_cards.suite.profiling.observation import Observation
from pytest_atomic_cards.suite.profiling.profiling_plugin import MARKER as QUESTION
from pytest_atomic_cards.suite.running.contract_collection import collected
from pytest_atomic_cards.suite.running.contract_plugin import MARKER, is_grave
from pytest_atomic_cards.suite.running.result_hooks import TROUBLE, results_in
from pytest_atomic_cards.suite.running.suite_runner import SUITE
from pytest_atomic_cards.support.errors import (
    AtomicCardsError,
    MisuseError,
    SettingsError,
    error_text,
)
from pytest_atomic_cards.support.printable import escape_unencodable, printable, shell_word

_OF_THE_TARGET: Final = frozenset(
    ("target", "app", "fault", "profile", "effort", "examples", "seed", "strict")
)
"""Options that decide what a contract meets; others, such as reports, are left to each run."""
_DEVIATIONS: Final = frozenset((Verdict.VIOLATED, Verdict.DRIFTED))
_QUIET: Final = -1
"""How verbose ``atomic-cards check`` is unless ``-v`` is given."""
_CRASHED: Final = "???"
"""pytest-xdist's name for the phase of a test in which its worker crashed."""


class FindingsReporter:
    """Collects the test reports of all processes, in the controller.

    Raises:
        pytest.UsageError: The known deviations of the project are invalid, or a file that the run
            is to write cannot be written.
    """

    def __init__(self, config: pytest.Config, settings: Settings) -> None:
        self._config = config
        self._settings = settings
        self._results = RunResults()
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
        prepare_outputs(config, settings)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_logreport(
        self, report: pytest.TestReport
    ) -> Generator[None, object, object]:
        """Add the results in a report, before a known violation counts as a failure."""
        results = self._results
        found = results_in(report, Finding)
        results.findings += found
        trouble = getattr(report, TROUBLE, None)
        if report.failed and not trouble and (known := self._known(found)):
            report.outcome = "skipped"
            report.wasxfail = f"known deviation: {known}"
        results.observations += results_in(report, Observation)
        traffic = traffic_in(report)
        if traffic is not None:
            results.traffic.add(traffic)
        if str(report.when) == _CRASHED:
            trouble = self._crashed[report.nodeid] = str(report.longrepr)
        if trouble:
            self.add_trouble(trouble)
        name_case(self._config, report)
        return (yield)

    def _known(self, found: list[Finding]) -> str:
        """The known deviations that explain why a test failed; empty if there is another reason."""
        grave = [one for one in found if is_grave(one, strict=self._settings.strict)]
        reasons = [self._deviations.in_force.get(one.requirement, "") for one in grave]
        known = all(reasons) and all(one.verdict in _DEVIATIONS for one in grave)
        return "; ".join(dict.fromkeys(map(str, reasons))) if known else ""

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Add the error of a module that could not be collected."""
        if report.failed:
            self.add_trouble(f"{report.nodeid}: {report.longreprtext}")

    def add_causes(self) -> None:
        """Add the causes to junit.xml, which pytest writes before the clean-up has ended."""
        known = self._deviations.in_force
        rules = judge_run(self._results.findings)
        add_causes(self._config, causes(rule for rule in rules if rule.requirement.id not in known))

    def close(self, session: pytest.Session, exitstatus: int) -> None:
        """Conclude the run and write its files, before the terminal summary."""
        if not self._results and exitstatus == pytest.ExitCode.INTERRUPTED:
            self.add_trouble("interrupted before the first result")
        if not self._results:
            return
        self._add_crashes()
        wasted = self._add_waste()
        if hooks := self._config.pluginmanager.get_plugin(PLAN):
            self._results.plan = hooks.plan
        whole = exitstatus in {pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED}
        whole = whole and not (session.shouldstop or session.shouldfail)
        self._outcome = sum_up(
            self._results,
            self._settings,
            self._deviations,
            whole=whole and _runs_all_of_each_requirement(self._config),
            command=_command(self._config),
        )
        conclusion = self._outcome.conclusion
        fails = wasted or self._outcome.stale or conclusion.grave or conclusion.failing
        if fails and exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        self._write(self._outcome)

    def _add_waste(self) -> bool:
        """Add a trouble if the run used up its requests without deciding any contract.

        A target on which cards do not become what they must makes every wait last its whole time.
        """
        findings = self._results.findings
        spent = [one.reason for one in findings if one.reason and SPENT in one.reason]
        wasted = spent and all(one.verdict is Verdict.NOT_EXERCISED for one in findings)
        if wasted:
            self.add_trouble(f"no contract was decided, as {spent[0]}")
        return bool(wasted)

    def add_trouble(self, trouble: str) -> None:
        """Add an error that belongs to no test."""
        self._results.troubles.append(printable(trouble, lines=True))

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self) -> Generator[None, object, object]:
        """Print for GitHub after the terminal summary."""
        result = yield
        if self._outcome and is_github():
            self._print_for_github(self._outcome)
        if self._unwritten:
            raise pytest.UsageError(str(self._unwritten))
        return result

    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the outcome and the names of the written files."""
        if self._outcome:
            terminalreporter.section("Atomic Cards API contract")
            console = Console(terminalreporter.write)
            verbose = self._config.option.verbose > _QUIET
            print_outcome(console, self._outcome, verbose=verbose)
            if self._settings.is_live:
                print_footprint(console, self._outcome)
            for line in self._written:
                console.line(line)

    def _write(self, outcome: Outcome) -> None:
        settings = self._settings
        observed = by_question(outcome.results.observations)
        option = "--cards-report"
        try:
            if settings.report:
                self._written += write_reports(settings.report, outcome)
            option = "--cards-profile-out"
            if settings.profile_out and observed:
                write_profile(settings.profile_out, observed)
                self._written.append(f"profile: {settings.profile_out}")
            elif settings.profile_out:
                self._written.append(
                    f"profile: {settings.profile_out} is not written, as no open question was "
                    "asked; --cards-only and --cards-fault ask none"
                )
        except SettingsError as error:
            self._unwritten = SettingsError(f"{option}: {error}")

    def _print_for_github(self, outcome: Outcome) -> None:
        with uncaptured(self._config):
            escape_unencodable(sys.stdout)
            for line in filter(None, [*workflow_commands(outcome), append_summary(outcome)]):
                print(line)  # noqa: T201 - GitHub Actions reads commands from the output

    def _add_crashes(self) -> None:
        """Make the contracts inconclusive that ran when a worker crashed."""
        for nodeid, reason in self._crashed.items():
            try:
                items = collected(f"{self._config.rootpath}/{nodeid}")
            except MisuseError:  # the run is inconclusive all the same
                continue
            for item in items:
                self._add_crash(item, reason)

    def _add_crash(self, item: pytest.Item, reason: str) -> None:
        verdict = Verdict.INCONCLUSIVE
        if contract := item.get_closest_marker(MARKER):
            finding = Finding(item.name, contract.args[0], verdict, reason)
            self._results.findings.append(finding)
        if question := item.get_closest_marker(QUESTION):
            observation = Observation(question.args[0], verdict, reason=reason, fails=True)
            self._results.observations.append(observation)


class ReportCloser:
    """Closes the reports after the clean-up, which an interrupted run does last."""

    def __init__(self, reporter: FindingsReporter) -> None:
        self._reporter = reporter

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_sessionfinish(
        self, session: pytest.Session, exitstatus: int
    ) -> Generator[None, object, object]:
        """Report a failed clean-up as a trouble of the run, and still write the reports."""
        self._reporter.add_causes()
        try:
            return (yield)
        except* AtomicCardsError as errors:
            self._reporter.add_trouble(error_text(errors))
            if exitstatus == pytest.ExitCode.OK:
                session.exitstatus = pytest.ExitCode.TESTS_FAILED
        finally:
            self._reporter.close(session, exitstatus)
        return None


def _runs_all_of_each_requirement(config: pytest.Config) -> bool:
    """Whether only ``--cards-only`` selects contracts, which takes all of a requirement."""
    option = config.option
    selected = option.keyword or option.markexpr or option.deselect or getattr(option, "lf", False)
    return not selected and all(
        argument == SUITE or Path(argument).is_dir() for argument in config.args
    )


def _command(config: pytest.Config) -> str:
    """The command that checks the same target, without what one run chooses."""
    given = [(option, getattr(config.option, option.destination, None)) for option in OPTIONS]
    words = [
        part
        for option, text in given
        if text is not None and option.name in _OF_THE_TARGET
        for part in (option.command_line, *(() if text == "true" else (shell_word(str(text)),)))
    ]
    return " ".join(("atomic-cards check", *words))
