"""Tells an audit: in a terminal, and as report.json."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, TextIO

from pytest_atomic_cards.recordings.audit import Audit
from pytest_atomic_cards.reporting.console import Console
from pytest_atomic_cards.reporting.document import document, write_report
from pytest_atomic_cards.reporting.findings import tell_areas, tell_conclusion, tell_failures
from pytest_atomic_cards.reporting.rules import conclude, judge_run

_SHORTEST: Final = 1_000_000
_PAUSE: Final = 0.2
_WIDTH: Final = 30


def tell_audit(audit: Audit, console: Console, *, strict: bool, report: Path | None = None) -> int:
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
    tell_areas(console, rules)
    tell_failures(console, rules)
    tell_conclusion(console, rules, conclusion)
    if report is not None:
        path = report / "report.json"
        target = f"recordings {', '.join(str(count.path) for count in audit.counts)}"
        write_report(path, document(rules, conclusion, target, strict=strict))
        console.line(f"report: {path}")
    return 1 if conclusion.grave else 0


class Progress:
    """A bar on stderr while a long file is read; nothing where that is no terminal."""

    def __init__(self, stream: TextIO = sys.stderr) -> None:
        self._stream = stream
        self._shown = 0.0

    def __call__(self, file: TextIO) -> Callable[[], None]:
        """Watch a file; what is returned is called now and again."""
        size = os.fstat(file.fileno()).st_size
        if size < _SHORTEST or not self._stream.isatty():
            return lambda: None
        raw = file.buffer.raw if hasattr(file.buffer, "raw") else file.buffer

        def show() -> None:
            now = time.monotonic()
            if now - self._shown >= _PAUSE:
                self._shown = now
                done = min(raw.tell() / size, 1.0)
                bar = "█" * round(done * _WIDTH)
                self._stream.write(
                    f"\r{bar:{_WIDTH}} {done:4.0%} {Path(file.name).name[:40]}\033[K"
                )
                self._stream.flush()

        return show

    def clear(self) -> None:
        """Take the bar away."""
        if self._shown:
            self._stream.write("\r\033[K")
