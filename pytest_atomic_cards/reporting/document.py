"""report.json: the machine-readable result of a run."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pytest_atomic_cards.errors import SettingsError
from pytest_atomic_cards.options import Settings
from pytest_atomic_cards.reporting.rules import Conclusion, Rule


def document(rules: Iterable[Rule], conclusion: Conclusion, settings: Settings) -> dict[str, Any]:
    """The result of a run as JSON values."""
    return {
        "tool": f"pytest-atomic-cards {version('pytest-atomic-cards')}",
        "generated": datetime.now(UTC).isoformat(timespec="seconds"),
        "target": settings.describe(),
        "strict": settings.strict,
        "conclusion": conclusion.word,
        "rules": [_rule(rule) for rule in rules],
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


def write_json(path: Path, value: dict[str, Any]) -> None:
    """Write JSON to a file whole or not at all.

    Raises:
        SettingsError: The directory cannot be written to.
    """
    text = json.dumps(value, indent=2, ensure_ascii=False) + "\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
        with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
        Path(name).replace(path)
    except OSError as error:
        raise SettingsError(
            f"--cards-report: cannot write {path}: {error.strerror}; name a writable directory"
        ) from None
