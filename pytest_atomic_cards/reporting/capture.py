"""The terminal of a run, past pytest's capture of output."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from pytest_atomic_cards.progress import LiveLine, is_terminal, shown_on


@contextmanager
def uncaptured(config: pytest.Config) -> Iterator[None]:
    """What is written reaches the terminal, not the captured output of a test."""
    manager = config.pluginmanager.getplugin("capturemanager")
    if manager is None:
        yield
    else:
        with manager.global_and_fixture_disabled():
            yield


@contextmanager
def progress_shown(config: pytest.Config) -> Iterator[None]:
    """Show what takes long on the standard error of a run, where that is a terminal."""
    with uncaptured(config):
        seen = is_terminal(sys.stderr) and not hasattr(config, "workerinput")
    with shown_on(_line_of(config) if seen else None):
        yield


def _line_of(config: pytest.Config) -> LiveLine:
    reporter = config.pluginmanager.getplugin("terminalreporter")

    def write(text: str) -> None:
        with uncaptured(config):
            sys.stderr.write(text)
            sys.stderr.flush()

    def column() -> int:
        """Where pytest's own line ends, if it is on the same terminal."""
        if reporter is None or not reporter.isatty:
            return 0
        return int(reporter._tw.width_of_current_line)  # noqa: SLF001 - pytest has no other way

    return LiveLine(write, column=column)
