"""Trials: the contracts run once for each mutant, in processes forked from one that collected them.

Importing and collecting takes longer than most trials, so it is done once.
"""

from __future__ import annotations

import gc
import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from typing import TYPE_CHECKING, Final

import pytest

from pytest_atomic_cards.rules.finding import Finding
from pytest_atomic_cards.rules.verdicts import Verdict
from pytest_atomic_cards.suite.running.contract_plugin import MARKER
from pytest_atomic_cards.suite.running.result_hooks import results_in
from pytest_atomic_cards.support.clock import REAL_CLOCK
from pytest_atomic_cards.support.errors import MisuseError

if TYPE_CHECKING:
    from multiprocessing.process import BaseProcess

FAULT: Final = pytest.StashKey[str]()
"""The fault of the trial that this process runs; empty for none."""
EVERY_ROW: Final = pytest.StashKey[bool]()
"""Whether to make all experiments at quick effort too, as a trial must: many faults show in one."""
_PATIENCE: Final = 600.0
"""Seconds for one trial: ten times what the whole suite takes on a busy machine."""


@dataclass(frozen=True, slots=True)
class ForkedTrial:
    """One run of contracts on a sandbox with one fault.

    Args:
        fault: Name of the fault; empty for a sandbox without one.
        only: The requirements whose contracts to run, the most telling first; empty for all.
        ends_early: Whether the first violation ends it.
    """

    fault: str
    only: tuple[str, ...] = ()
    ends_early: bool = False


@dataclass(frozen=True, slots=True)
class TrialResult:
    """What a trial found.

    Args:
        violated: The requirements that were violated.
        trouble: Why it did not end; empty if it did.
    """

    violated: tuple[str, ...] = ()
    trouble: str = ""


Report = Callable[[ForkedTrial, TrialResult], None]


@dataclass(slots=True)
class _Running:
    trial: ForkedTrial
    process: BaseProcess
    connection: Connection
    deadline: float = field(default_factory=lambda: REAL_CLOCK.monotonic() + _PATIENCE)


class ForkedTrials:
    """Runs trials in place of the collected contracts, as a plugin of pytest.

    Args:
        trials: The trials.
        jobs: The number of processes at a time.
        report: Called with each trial and its result, as they end.

    Raises:
        MisuseError: This system cannot fork processes.
    """

    def __init__(self, trials: Sequence[ForkedTrial], jobs: int, report: Report) -> None:
        if "fork" not in multiprocessing.get_all_start_methods():
            raise MisuseError("trials fork processes, which this system cannot; use Linux or macOS")
        self._waiting = list(reversed(trials))
        self._jobs = jobs
        self._report = report
        self._running: list[_Running] = []

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Run all trials."""
        gc.collect()
        gc.freeze()  # so that no collection in a child copies the pages of this process
        try:
            while self._waiting or self._running:
                while self._waiting and len(self._running) < self._jobs:
                    self._running.append(_start(self._waiting.pop(), session))
                self._take_results()
        finally:
            for one in self._running:
                one.process.kill()
            gc.unfreeze()
        return True

    def _take_results(self) -> None:
        soonest = min(one.deadline for one in self._running) - REAL_CLOCK.monotonic()
        ready = wait([one.connection for one in self._running], max(soonest, 0))
        now = REAL_CLOCK.monotonic()
        for one in list(self._running):
            if one.connection in ready or one.deadline <= now:
                self._running.remove(one)
                self._report(one.trial, _result_of(one))


def _start(trial: ForkedTrial, session: pytest.Session) -> _Running:
    context = multiprocessing.get_context("fork")
    receiving, sending = context.Pipe(duplex=False)
    process = context.Process(target=_run, args=(trial, session, sending), daemon=True)
    process.start()
    sending.close()
    return _Running(trial, process, receiving)


def _result_of(one: _Running) -> TrialResult:
    """What an ended trial sent; one that is out of time is ended."""
    try:
        if not one.connection.poll():
            return TrialResult(trouble=f"it did not end within {_PATIENCE:.0f} s")
        return TrialResult(tuple(one.connection.recv()))
    except EOFError:
        return TrialResult(trouble="its process died")
    finally:
        one.process.kill()
        one.process.join()
        one.connection.close()


class _FirstViolationError(Exception):
    """Ends a trial."""


class _Violations:
    def __init__(self, *, ends_early: bool) -> None:
        self.names: dict[str, None] = {}
        self._ends_early = ends_early

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        found = results_in(report, Finding)
        violated = [one.requirement for one in found if one.verdict is Verdict.VIOLATED]
        self.names |= dict.fromkeys(violated)
        if violated and self._ends_early:
            raise _FirstViolationError


def _run(trial: ForkedTrial, session: pytest.Session, results: Connection) -> None:
    """Run a trial in this process, which ends without tearing its sandbox down."""
    violations = _Violations(ends_early=trial.ends_early)
    session.config.pluginmanager.register(violations)
    session.config.stash[FAULT] = trial.fault
    session.config.stash[EVERY_ROW] = True
    items = list(_chosen(session.items, trial.only))
    try:
        for item, following in zip(items, [*items[1:], None], strict=True):
            item.ihook.pytest_runtest_protocol(item=item, nextitem=following or item)
    except _FirstViolationError:
        pass
    results.send(list(violations.names))


def _chosen(items: Sequence[pytest.Item], only: Sequence[str]) -> Iterator[pytest.Item]:
    if not only:
        yield from items
    for name in only:
        for item in items:
            marker = item.get_closest_marker(MARKER)
            if marker and marker.args[0] == name:
                yield item
