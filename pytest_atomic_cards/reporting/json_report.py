"""Makes report.json, the machine-readable result of a run and the source of the page."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Iterator
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

from pytest_atomic_cards.model.profile import QUESTIONS
from pytest_atomic_cards.reporting.causes import where_to_start
from pytest_atomic_cards.reporting.outcome import Outcome
from pytest_atomic_cards.reporting.output_files import PAGE, REPORT
from pytest_atomic_cards.reporting.profile_report import by_question
from pytest_atomic_cards.reporting.requirement_results import (
    Conclusion,
    RequirementResult,
    explain_conclusion,
)
from pytest_atomic_cards.rules.requirements import catalogue
from pytest_atomic_cards.rules.verdicts import Verdict
from pytest_atomic_cards.suite.planning.traffic_stats import Traffic, milliseconds
from pytest_atomic_cards.suite.profiling.observation import NOT_ASKED, Observation
from pytest_atomic_cards.support.clock import REAL_CLOCK
from pytest_atomic_cards.support.files import write_text
from pytest_atomic_cards.support.printable import json_text

_LIBRARIES: Final = ("pytest", "hypothesis", "requests", "schemathesis", "pytest-xdist")


def heading(target: str, conclusion: Conclusion) -> dict[str, str]:
    """The first members of every report."""
    return {
        "tool": f"pytest-atomic-cards {version('pytest-atomic-cards')}",
        "generated": REAL_CLOCK.now().isoformat(timespec="seconds"),
        "target": target,
        "conclusion": conclusion.word,
    }


def document(outcome: Outcome) -> dict[str, Any]:
    """The result of a run as JSON values."""
    settings = outcome.settings
    observed = by_question(outcome.results.observations)
    return {
        **heading(settings.describe(), outcome.conclusion),
        "strict": settings.strict,
        "why": explain_conclusion(outcome.conclusion),
        "start": where_to_start(outcome.causes),
        "causes": [
            {
                "requirements": _ids(cause.roots),
                "violated": _ids(cause.violated),
                "inconclusive": _ids(cause.undecided),
                "command": outcome.command_for(cause.first),
            }
            for cause in outcome.causes
        ],
        "troubles": outcome.troubles,
        "areas": dict(catalogue().areas),
        "rules": [_rule(rule, outcome) for rule in outcome.rules],
        "profile": {name: _question(name, observed.get(name)) for name in QUESTIONS},
        "failing": {one.question: one.exchange for one in outcome.conclusion.failing},
        "transitions": [
            {name: getattr(step, name) for name in step.__slots__} for step in outcome.transitions
        ],
        "traffic": _traffic(outcome.results.traffic),
        "footprint": {
            "planned": outcome.results.plan.footprint.as_dict(),
            "actual": outcome.results.traffic.taken.as_dict(),
        },
        "run": {
            "seed": settings.seed,
            "effort": settings.effort,
            "examples": settings.examples,
            "leaves_out": outcome.results.plan.leaves_out(settings),
            "python": platform.python_version(),
            "system": platform.system(),
            "libraries": dict(_versions(_LIBRARIES)),
        },
    }


def _ids(rules: Iterable[RequirementResult]) -> list[str]:
    return [rule.requirement.id for rule in rules]


def _rule(rule: RequirementResult, outcome: Outcome) -> dict[str, Any]:
    requirement = rule.requirement
    known = outcome.deviations.in_force.get(requirement.id) if rule.is_violated else None
    return {
        **rule.as_dict(),
        "contracts": rule.contracts,
        "exchanges": [exchange for finding in rule.findings for exchange in finding.exchanges],
        "findings": [
            {
                "contract": finding.contract,
                "reason": finding.reason,
                "expected": finding.expected,
                "actual": finding.actual,
                "exchanges": len(finding.exchanges),
            }
            for finding in rule.findings
            if rule.verdict is not Verdict.HELD
        ],
        "fails": rule in outcome.conclusion.grave,
        "known": known
        and {"reason": known.reason, "link": known.link, "expires": known.expires.isoformat()},
    }


def _question(name: str, observation: Observation | None) -> dict[str, Any]:
    observation = observation or Observation(name, Verdict.NOT_EXERCISED, reason=NOT_ASKED)
    return {
        "text": QUESTIONS[name].text,
        "observed": observation.observed,
        "pinned": observation.pinned,
        "verdict": observation.verdict.value,
        "reason": observation.reason,
    }


def _traffic(traffic: Traffic) -> dict[str, Any]:
    return {
        "queries": [
            {"attributes": attributes.split(), "status": status, "count": count}
            for (attributes, status), count in sorted(traffic.queries.items())
        ],
        "answers": [
            {"endpoint": endpoint, "status": int(status) if status else None, "count": count}
            for (endpoint, status), count in sorted(traffic.answers.items())
        ],
        "latencies": [
            {"endpoint": endpoint, "milliseconds": round(milliseconds(bucket), 4), "count": count}
            for (endpoint, bucket), count in sorted(traffic.times.items())
        ],
    }


def _versions(names: Iterable[str]) -> Iterator[tuple[str, str]]:
    for name in names:
        with suppress(PackageNotFoundError):
            yield name, version(name)


def write_reports(directory: Path, outcome: Outcome) -> list[str]:
    """Write report.json and report.html; returns lines that name the files.

    Raises:
        SettingsError: A file cannot be written.
    """
    value = document(outcome)
    path = directory / REPORT
    write_text(path, json_text(value))
    return [f"report: {path}", _write_page(directory / PAGE, value)]


def _write_page(path: Path, value: dict[str, Any]) -> str:
    try:
        from pytest_atomic_cards.reporting.html_report import page  # noqa: PLC0415 - of an extra
    except ModuleNotFoundError as error:
        with suppress(OSError):
            path.unlink()  # one of an older run
        return (
            f"page: {path.name} was not written because {error.name} is not installed; "
            'pip install "pytest-atomic-cards[report]"'
        )
    write_text(path, page(value))
    return f"page: {path}"
