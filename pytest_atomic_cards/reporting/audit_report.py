"""Reports an audit in the terminal and as report.json."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from pytest_atomic_cards.recordings.audit.auditor import (
    NO_BODY,
    NO_RESPONSE,
    NOT_OBSERVABLE,
    NOT_SHOWN,
    Audit,
)
from pytest_atomic_cards.recordings.audit.bodies import NOT_DECODED
from pytest_atomic_cards.recordings.audit.file_count import FileCount
from pytest_atomic_cards.reporting.console import Console
from pytest_atomic_cards.reporting.json_report import heading
from pytest_atomic_cards.reporting.output_files import REPORT
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

NOTHING_JUDGED: Final = 10
"""Exit code of an audit without an exchange that it could judge; pytest uses the first ones."""
_OTHER_TRAFFIC: Final = (
    "no exchange is recognized as one of the Cards API; if the recording holds some, name their "
    "base URL with --api-url, such as https://gateway.example/atomic"
)
_REMEDIES: Final[tuple[tuple[str, str], ...]] = (
    (
        NO_BODY,
        "record again with bodies: 'Save all as HAR with content', or content='embed'",
    ),
    (f"{NOT_DECODED}br", "install brotli to read them"),
    (f"{NOT_DECODED}zstd", "install zstandard to read them"),
    (NO_RESPONSE, "the requests failed, or the recording was saved too early"),
)
"""What helps if exchanges could not be judged, by the beginning of the reason."""


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
        The exit code: 1 if a violated requirement makes it fail, :data:`NOTHING_JUDGED` if no
        exchange could be judged, else 0.

    Raises:
        SettingsError: The report cannot be written.
    """
    rules = judge_run(audit.findings())
    conclusion = conclude(rules, strict=strict)
    for count in audit.counts:
        _print_count(count, console)
    if audit.judged:
        _print_verdicts(rules, conclusion, console)
    else:
        conclusion = replace(conclusion, word="nothing judged")
        console.line(f"verdict: {conclusion.word}")
    left = sum((count.unjudged for count in audit.counts), Counter[str]())
    if left:
        console.line(f"not judged: {_listed(left)}")
    for remedy in _remedies(audit, left):
        console.line(f"hint: {remedy}")
    if report is not None:
        path = report / REPORT
        write_text(path, json_text(_document(audit, rules, conclusion, strict=strict)))
        console.line(f"report: {path}")
    return 1 if conclusion.grave else 0 if audit.judged else NOTHING_JUDGED


def _print_verdicts(
    rules: Sequence[RequirementResult], conclusion: Conclusion, console: Console
) -> None:
    print_areas(console, rules, _held)
    for rule in rules:
        if rule.verdict is Verdict.VIOLATED:
            headline, *lines = explain(rule.findings[0]).splitlines()
            print_block(console, rule.verdict, headline, lines)
    for reason in (NOT_SHOWN, NOT_OBSERVABLE):
        names = [rule.requirement.id for rule in rules if reason in rule.reasons]
        console.line(f"· not exercised, as {reason}: {', '.join(names)}")
    print_conclusion(console, conclusion)


def _print_count(count: FileCount, console: Console) -> None:
    """Print how many exchanges of a file were judged, and where the first of the others are."""
    odd = f", {count.odd} of them unreadable" if count.odd else ""
    console.line(
        f"{count.path}: {count.judged} exchanges of the Cards API, "
        f"{count.passed_over} others skipped{odd}"
    )
    for reason, times in count.unjudged.items():
        console.line(f"  {times} {reason}, the first: {count.first[reason]}")
    if count.is_pseudonymized:
        console.line(
            "  ids were replaced in one part of the recording and not in another; they are not "
            "compared"
        )


def _listed(left: Counter[str]) -> str:
    return ", ".join(f"{times} {reason}" for reason, times in left.most_common())


def _remedies(audit: Audit, left: Counter[str]) -> list[str]:
    """What would let more exchanges be judged."""
    found = [remedy for reason, remedy in _REMEDIES if any(one.startswith(reason) for one in left)]
    return found if audit.judged or left else [_OTHER_TRAFFIC]


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
        "files": [
            {
                "path": str(count.path),
                "judged": count.judged,
                "others": count.passed_over,
                "unjudged": dict(count.unjudged),
                "pseudonymized": count.is_pseudonymized,
            }
            for count in audit.counts
        ],
        "rules": [
            {
                **rule.as_dict(),
                "place": rule.findings[0].place,
                "exchanges": list(rule.findings[0].exchanges),
            }
            for rule in rules
        ],
    }
