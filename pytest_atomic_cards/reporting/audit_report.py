"""Tells an audit: in a terminal, and as report.json."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pytest_atomic_cards.recordings.audit.auditor import NOT_SHOWN, NOT_TO_BE_SEEN, Audit
from pytest_atomic_cards.reporting.console import Console
from pytest_atomic_cards.reporting.requirement_results import (
    Conclusion,
    RequirementResult,
    conclude,
    judge_run,
)
from pytest_atomic_cards.reporting.verdict_symbols import SYMBOLS, print_areas, print_conclusion
from pytest_atomic_cards.rules.finding import explain
from pytest_atomic_cards.rules.verdicts import Verdict
from pytest_atomic_cards.support.clock import REAL_CLOCK
from pytest_atomic_cards.support.files import write_text
from pytest_atomic_cards.support.printable import json_text


def report_audit(
    audit: Audit, console: Console, *, strict: bool, report: Path | None = None
) -> int:
    """Tell what an audit has found.

    Args:
        audit: The audit.
        console: Where to.
        strict: Whether inferred requirements fail too.
        report: Directory for ``report.json``.

    Returns:
        The exit code: 1 if a requirement is violated that makes it fail, else 0.

    Raises:
        SettingsError: The report cannot be written.
    """
    rules = judge_run(audit.findings())
    conclusion = conclude(rules, strict=strict)
    for count in audit.counts:
        console.line(
            f"{count.path}: {count.judged} exchanges of the Cards API, "
            f"{count.passed_over} others passed over"
        )
    print_areas(console, rules, _held)
    for rule in rules:
        if rule.verdict is Verdict.VIOLATED:
            headline, *lines = explain(rule.findings[0]).splitlines()
            console.line(headline, **SYMBOLS[rule.verdict][1])
            for line in [*lines, ""]:
                console.line(line)
    for reason in (NOT_SHOWN, NOT_TO_BE_SEEN):
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
    """What an audit has found as JSON values, with the names of a report of ``check``."""
    return {
        "tool": f"pytest-atomic-cards {version('pytest-atomic-cards')}",
        "generated": REAL_CLOCK.now().isoformat(timespec="seconds"),
        "target": f"recordings {', '.join(str(count.path) for count in audit.counts)}",
        "strict": strict,
        "conclusion": conclusion.word,
        "rules": [
            {
                **rule.as_dict(),
                "place": rule.findings[0].place,
                "exchanges": list(rule.findings[0].exchanges),
            }
            for rule in rules
        ],
    }
