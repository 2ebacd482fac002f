"""Audits of exchanges that are written down as some tool does it, and their verdicts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from manners import MANNERS

from pytest_atomic_cards.model.exchange import Exchange
from pytest_atomic_cards.recordings.audit.auditor import Audit, audit
from pytest_atomic_cards.rules.verdicts import Verdict


def audited(exchanges: Sequence[Exchange], directory: Path, manner: str = "lines") -> Audit:
    """The audit of a recording of some exchanges."""
    path = directory / "recording"
    path.write_bytes(MANNERS[manner](exchanges))
    return audit([path])


def verdicts(done: Audit, verdict: Verdict = Verdict.VIOLATED) -> set[str]:
    """The requirements with a verdict."""
    return {one.requirement for one in done.findings() if one.verdict is verdict}
