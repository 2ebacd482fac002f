"""What tests of interrupted and killed runs share."""

from __future__ import annotations

import os
from pathlib import Path

_LONG_AGO = 60.0
"""Seconds before now: longer than a clean-up waits after a crash for cards that may still come."""


def age_journals() -> None:
    """Date back the journals of the test, so that a clean-up need not wait for late cards."""
    for journal in (Path(os.environ["XDG_STATE_HOME"]) / "atomic-cards").glob("*.jsonl"):
        then = journal.stat().st_mtime - _LONG_AGO
        os.utime(journal, (then, then))
