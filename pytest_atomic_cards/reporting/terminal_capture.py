"""Writes to the terminal of a run despite pytest's output capture."""

from __future__ import annotations

import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from functools import partial
from threading import Lock
from typing import Any, Final

import pytest

from pytest_atomic_cards.support.progress import Line, LiveLine, RelayedLine, is_terminal, shown_on

_CHANNEL: Final = "atomic_cards_progress"
_PLUGIN: Final = "atomic-cards-workers-progress"


@contextmanager
def uncaptured(config: pytest.Config) -> Iterator[None]:
    """Let output reach the terminal, not the captured output of a test."""
    manager = config.pluginmanager.getplugin("capturemanager")
    if manager is None:
        yield
    else:
        with manager.global_and_fixture_disabled():
            yield


@contextmanager
def progress_shown(config: pytest.Config) -> Iterator[None]:
    """Show progress on standard error if that is a terminal.

    A worker process sends its progress to the controller.
    """
    worker = getattr(config, "workerinput", None)
    if worker is None:
        line: Line | None = _line_of(config)
    else:
        line = RelayedLine(worker[_CHANNEL].send) if _CHANNEL in worker else None
    with shown_on(line):
        yield


class WorkersProgress:
    """Shows the progress of worker processes, between the output of pytest.

    Args:
        line: The progress line.
    """

    def __init__(self, line: LiveLine) -> None:
        self._line = line
        self._lock = Lock()
        self._texts: dict[str, str] = {}

    @classmethod
    def of(cls, config: pytest.Config) -> WorkersProgress | None:
        """The one of a run, if standard error is a terminal."""
        found: WorkersProgress | None = config.pluginmanager.getplugin(_PLUGIN)
        if found is None and (line := _line_of(config)):
            found = cls(line)
            config.pluginmanager.register(found, _PLUGIN)
        return found

    def listen_to(self, node: Any) -> None:  # noqa: ANN401 - of pytest-xdist
        """Give a worker process a channel for its progress."""
        channel = node.workerinput[_CHANNEL] = node.gateway.newchannel()
        channel.setcallback(partial(self._update, node.gateway.id), endmarker="")

    def _update(self, worker: str, text: str) -> None:
        """Show the progress of a worker, beside that of others; no text ends it."""
        with self._lock:
            if text:
                self._texts[worker] = text
            else:
                self._texts.pop(worker, None)
            if self._texts:
                self._line.show("; ".join(f"{name}: {of}" for name, of in self._texts.items()))
            else:
                self._line.hide()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_logstart(self) -> Generator[None, object, object]:
        """Hide the line while pytest writes."""
        with self._lock:
            self._line.hide()
            return (yield)

    pytest_runtest_logfinish = pytest_runtest_logstart
    pytest_runtest_logreport = pytest_runtest_logstart


def _line_of(config: pytest.Config) -> LiveLine | None:
    """A progress line on standard error, if that is a terminal."""
    with uncaptured(config):
        if not is_terminal(sys.stderr):
            return None
    reporter = config.pluginmanager.getplugin("terminalreporter")

    def write(text: str) -> None:
        with uncaptured(config):
            sys.stderr.write(text)
            sys.stderr.flush()

    def column() -> int:
        """The column where pytest's own line ends, if it is on the same terminal."""
        if reporter is None or not reporter.isatty:
            return 0
        return int(reporter._tw.width_of_current_line)  # noqa: SLF001 - pytest has no other way

    return LiveLine(write, column=column)
