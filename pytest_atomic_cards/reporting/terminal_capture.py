"""The terminal of a run, past pytest's capture of output."""

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
    """What is written reaches the terminal, not the captured output of a test."""
    manager = config.pluginmanager.getplugin("capturemanager")
    if manager is None:
        yield
    else:
        with manager.global_and_fixture_disabled():
            yield


@contextmanager
def progress_shown(config: pytest.Config) -> Iterator[None]:
    """Show what takes long on the standard error of a run, where that is a terminal.

    A worker process has it shown by the one that controls it.
    """
    worker = getattr(config, "workerinput", None)
    if worker is None:
        line: Line | None = _line_of(config)
    else:
        line = RelayedLine(worker[_CHANNEL].send) if _CHANNEL in worker else None
    with shown_on(line):
        yield


class WorkersProgress:
    """Shows what worker processes say is going on in them, between what pytest writes itself.

    Args:
        line: Where to.
    """

    def __init__(self, line: LiveLine) -> None:
        self._line = line
        self._lock = Lock()
        self._told: dict[str, str] = {}

    @classmethod
    def of(cls, config: pytest.Config) -> WorkersProgress | None:
        """That of a run, if anybody looks at it."""
        found: WorkersProgress | None = config.pluginmanager.getplugin(_PLUGIN)
        if found is None and (line := _line_of(config)):
            found = cls(line)
            config.pluginmanager.register(found, _PLUGIN)
        return found

    def listen_to(self, node: Any) -> None:  # noqa: ANN401 - of pytest-xdist
        """Give a worker process a channel on which to tell."""
        channel = node.workerinput[_CHANNEL] = node.gateway.newchannel()
        channel.setcallback(partial(self._take_in, node.gateway.id), endmarker="")

    def _take_in(self, worker: str, text: str) -> None:
        """Show what a worker process has told, beside what others have."""
        with self._lock:
            if text:
                self._told[worker] = text
            else:
                self._told.pop(worker, None)
            if self._told:
                self._line.show("; ".join(f"{name}: {of}" for name, of in self._told.items()))
            else:
                self._line.hide()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_logstart(self) -> Generator[None, object, object]:
        """Keep the line out of what pytest writes."""
        with self._lock:
            self._line.hide()
            return (yield)

    pytest_runtest_logfinish = pytest_runtest_logstart
    pytest_runtest_logreport = pytest_runtest_logstart


def _line_of(config: pytest.Config) -> LiveLine | None:
    """A line on the standard error of a run, where that is a terminal."""
    with uncaptured(config):
        if not is_terminal(sys.stderr):
            return None
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
