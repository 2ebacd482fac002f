"""Reports an audit in the terminal and as report.json."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pytest_atomic_cards.recordings.audit.auditor import NOT_OBSERVABLE, NOT_SHOWN, Audit
from pytest_atomic_cards.reporting.console import Console
from pytest_atomic_cards.reporting.json_report import heading
from pytest_atomic_cards.reporting.requirement_results import (
    Conclusion,
    RequirementResult,
    conclude,
    judge_run,
)
from pytest_atomic_cards.reporting.verdict_symbols import print_areas, print_block, print_conclusion
from pytest_atomic_cards.rules.finding import explain
from pytest_atomic_cards.rules.verdicts import Verdict
from pytest_atomic_cards.support.files import write_text
from pytest_atomic_cards.support.printable import json_text


def report_audit(
    audit: Audit, console: Console, *, strict: bool, report: Path | None = None
) -> int:
    """Print the results of an audit, and write them to a file if asked to.

    Args:
        audit: The audit.
        console: Where to print.
        strict: Whether inferred requirements fail too.
        report: Directory for ``report.json``.

    Returns:
        The exit code: 1 if a violated requirement makes it fail, else 0.

    Raises:
        SettingsError: The report cannot be written.
    """
    rules = judge_run(audit.findings())
    conclusion = conclude(rules, strict=strict)
    for count in audit.counts:
        console.line(
            f"{count.path}: {count.judged} exchanges of the Cards API, "
            f"{count.passed_over} others skipped"
        )
    print_areas(console, rules, _held)
    for rule in rules:
        if rule.verdict is Verdict.VIOLATED:
            headline, *lines = explain(rule.findings[0]).splitlines()
            print_block(console, rule.verdict, headline, lines)
    for reason in (NOT_SHOWN, NOT_OBSERVABLE):
        names = [rule.requirement.id for rule in rules if reason in rule.reasons]
        console.line(f"· not exercised, as {reason}: {', '.join(names)}")
    print_conclusion(console, conclusion)
    if report is not None:
        path = report / "report.json"
        write_text(path, json_text(_document(audit, rules, conclusion, strict=strict)))
        console.line(f"report: {path}")
    return 1 if conclusion.grave else 0


def _held(rules: Iterable[RequirementResult]) -> str:
    names = [rule.requirement.id for rule in rules if rule.verdict is Verdict.HELD]
    return f"held: {', '.join(names)}" if names else ""


def _document(
    audit: Audit, rules: Iterable[RequirementResult], conclusion: Conclusion, *, strict: bool
) -> dict[str, Any]:
    """The results as JSON values, named as in a report of ``check``."""
    return {
        **heading(f"recordings {', '.join(str(count.path) for count in audit.counts)}", conclusion),
        "strict": strict,
        "rules": [
            {
                **rule.as_dict(),
                "place": rule.findings[0].place,
                "exchanges": list(rule.findings[0].exchanges),
            }
            for rule in rules
        ],
    }
