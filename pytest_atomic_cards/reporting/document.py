"""report.json: the machine-readable result of a run."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pytest_atomic_cards.files import write_text
from pytest_atomic_cards.options import Settings
from pytest_atomic_cards.profile import QUESTIONS
from pytest_atomic_cards.reporting.rules import Conclusion, Rule
from pytest_atomic_cards.verification.observing.observation import NOT_ASKED, Observation
from pytest_atomic_cards.verification.verdicts import Verdict


def document(
    rules: Iterable[Rule],
    conclusion: Conclusion,
    settings: Settings,
    observed: Mapping[str, Observation] = MappingProxyType({}),
) -> dict[str, Any]:
    """The result of a run as JSON values."""
    return {
        "tool": f"pytest-atomic-cards {version('pytest-atomic-cards')}",
        "generated": datetime.now(UTC).isoformat(timespec="seconds"),
        "target": settings.describe(),
        "strict": settings.strict,
        "conclusion": conclusion.word,
        "rules": [_rule(rule) for rule in rules],
        "profile": {name: _question(name, observed.get(name)) for name in QUESTIONS},
    }


def _rule(rule: Rule) -> dict[str, Any]:
    requirement = rule.requirement
    return {
        "id": requirement.id,
        "area": requirement.area,
        "level": requirement.level.value,
        "statement": requirement.statement,
        "source": requirement.source,
        "verdict": rule.verdict.value,
        "reason": "; ".join(rule.reasons),
        "contracts": rule.contracts,
        "exchanges": [exchange for finding in rule.findings for exchange in finding.exchanges],
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


def write_report(path: Path, value: dict[str, Any]) -> None:
    """Write the result of a run.

    Raises:
        SettingsError: The file cannot be written.
    """
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")
