"""Gathers the findings of all contracts and tells them: in the terminal, and as files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Final

import pytest

from pytest_atomic_cards.errors import SettingsError
from pytest_atomic_cards.lifecycle import Level
from pytest_atomic_cards.options import Settings
from pytest_atomic_cards.reporting.document import document, write_report
from pytest_atomic_cards.reporting.marks import MARKS
from pytest_atomic_cards.reporting.observations import (
    by_question,
    tell_observations,
    write_profile,
)
from pytest_atomic_cards.reporting.rules import NOT_RUN, Conclusion, Rule, conclude, judge_run
from pytest_atomic_cards.verification.observing.hooks import observation_in
from pytest_atomic_cards.verification.observing.observation import Observation
from pytest_atomic_cards.verification.requirements import catalogue
from pytest_atomic_cards.verification.suite import TROUBLE, Finding, explain, finding_in
from pytest_atomic_cards.verification.verdicts import Verdict

_STATEMENT_LINES: Final = 3
_CRASHED: Final = "???"
"""What pytest-xdist calls the phase of a test in which its worker process died."""
_WORDS: Final = {
    "conformant": {"green": True, "bold": True},
    "partial": {"yellow": True, "bold": True},
    "could not tell": {"yellow": True, "bold": True},
    "drifted": {"red": True, "bold": True},
    "violated": {"red": True, "bold": True},
}


class FindingsReporter:
    """Listens to the reports of all processes of a run, in the one that controls it."""

    def __init__(self, config: pytest.Config, settings: Settings) -> None:
        self._settings = settings
        self._findings: list[Finding] = []
        self._observations: list[Observation] = []
        self._troubles: list[str] = []
        if settings.report and not config.option.xmlpath:
            config.option.xmlpath = str(settings.report / "junit.xml")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take in what a contract found, what was observed, or what went wrong around them."""
        finding = finding_in(report)
        if finding is not None:
            self._findings.append(finding)
        observation = observation_in(report)
        if observation is not None:
            self._observations.append(observation)
        trouble = getattr(report, TROUBLE, None)
        if str(report.when) == _CRASHED:
            trouble = str(report.longrepr)
        if trouble:
            self._troubles.append(trouble)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Take in why a part of the suite could not be read."""
        if report.failed:
            self._troubles.append(f"{report.nodeid}: {report.longreprtext}")

    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Tell the verdicts by area, then what failed in full, then what the run comes to."""
        if not (self._findings or self._observations or self._troubles):
            return
        rules = judge_run(self._findings)
        conclusion = conclude(
            rules, self._observations, self._troubles, strict=self._settings.strict
        )
        writer = terminalreporter
        writer.section("Atomic Cards API contract")
        _tell_areas(writer, rules)
        _tell_failures(writer, rules)
        tell_observations(writer, self._observations)
        for trouble in self._troubles:
            writer.line(f"! {trouble}", red=True)
        _tell_conclusion(writer, rules, conclusion)
        observed = by_question(self._observations)
        if self._settings.report:
            path = self._settings.report / "report.json"
            with _usage_errors("--cards-report"):
                write_report(path, document(rules, conclusion, self._settings, observed))
            writer.line(f"report: {path}")
        if self._settings.profile_out and observed:
            with _usage_errors("--cards-profile-out"):
                write_profile(self._settings.profile_out, observed)
            writer.line(f"profile: {self._settings.profile_out}")


@contextmanager
def _usage_errors(option: str) -> Iterator[None]:
    try:
        yield
    except SettingsError as error:
        raise pytest.UsageError(f"{option}: {error}") from None


def _tell_areas(writer: pytest.TerminalReporter, rules: Iterable[Rule]) -> None:
    for area, title in catalogue().areas.items():
        own = [rule for rule in rules if rule.requirement.area == area]
        held = sum(rule.verdict is Verdict.HELD for rule in own)
        writer.write(f"{title:28}")
        for rule in own:
            mark, style = MARKS[rule.verdict]
            writer.write(mark, **style)
        writer.line(f"  {held} of {len(own)} held")
    writer.line("")


def _tell_failures(writer: pytest.TerminalReporter, rules: Iterable[Rule]) -> None:
    """Each violation in full; requirements that could not be told for one reason together."""
    alike: dict[str, list[Rule]] = {}
    for rule in rules:
        if rule.verdict is Verdict.COULD_NOT_TELL:
            alike.setdefault(rule.reasons[0], []).append(rule)
        elif rule.verdict not in {Verdict.HELD, Verdict.NOT_EXERCISED}:
            alike[rule.requirement.id] = [rule]
    for group in alike.values():
        first = group[0]
        headline, *lines = explain(first.findings[0]).splitlines()
        if len(group) > 1:
            headline = f"{len(group)} requirements: {first.verdict}"
            lines = [f"  ids:      {_ids(group)}", *lines[_STATEMENT_LINES:]]
        elif len(first.findings) > 1:
            lines.append(f"  and {len(first.findings) - 1} more contract(s) of this requirement")
        writer.line(headline, **MARKS[first.verdict][1])
        for line in lines:
            writer.line(line)
        writer.line("")


def _ids(rules: Iterable[Rule]) -> str:
    return ", ".join(rule.requirement.id for rule in rules)


def _unexercised(rules: Iterable[Rule]) -> dict[str, list[str]]:
    """Ids of the rules that were not exercised, by the reason."""
    ids: dict[str, list[str]] = {}
    for rule in rules:
        if rule.verdict is Verdict.NOT_EXERCISED:
            ids.setdefault("; ".join(rule.reasons), []).append(rule.requirement.id)
    return ids


def _tell_conclusion(
    writer: pytest.TerminalReporter, rules: list[Rule], conclusion: Conclusion
) -> None:
    for reason, ids in _unexercised(rules).items():
        which = f"{len(ids)} requirements" if reason == NOT_RUN else ", ".join(ids)
        writer.line(f"· not exercised, as {reason}: {which}")
    counts = {level: [rule for rule in rules if rule.requirement.level is level] for level in Level}
    for level, own in counts.items():
        words = [
            f"{number} {verdict}"
            for verdict in Verdict
            if (number := sum(rule.verdict is verdict for rule in own))
        ]
        writer.line(f"{level}: {len(own)} requirements, {', '.join(words)}")
    writer.write("verdict: ")
    writer.write(conclusion.word, **_WORDS[conclusion.word])
    if conclusion.word == "partial":
        count = len(conclusion.unexercised)
        writer.write(f" (nothing documented is violated; {count} documented not exercised)")
    elif conclusion.grave or conclusion.failing:
        questions = [observation.question for observation in conclusion.failing]
        writer.write(f" ({', '.join(filter(None, [_ids(conclusion.grave), *questions]))})")
    writer.line("")
    if conclusion.reported:
        writer.line(f"violated, but only inferred: {_ids(conclusion.reported)}")
