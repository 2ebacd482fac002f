"""Ending: what ends a run before its last test, and what a run reports at its end.

A time limit, a signal, and in both cases the time for clean-up; in the process that controls a run
and in its workers.
"""

from __future__ import annotations

import math
import signal
import threading
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final, Self

import pytest

from pytest_atomic_cards.client.deadline import Deadline
from pytest_atomic_cards.model.settings import Mode, Settings
from pytest_atomic_cards.plugin.worker_channel import token_file
from pytest_atomic_cards.suite.planning.contract_limit import ContractLimit
from pytest_atomic_cards.support.clock import REAL_CLOCK
from pytest_atomic_cards.support.errors import AtomicCardsError, error_text
from pytest_atomic_cards.support.interruption import Interruption
from pytest_atomic_cards.support.printable import printable
from pytest_atomic_cards.targets.run_context import RunContext
from pytest_atomic_cards.targets.seeding.journal import notice
from pytest_atomic_cards.targets.time_limit import TimeLimit

if TYPE_CHECKING:
    from pytest_atomic_cards.targets import Target

_DOWN: Final = "atomic_cards_down"
_NOTES: Final = "atomic_cards_notes"
_UNRUN: Final = "atomic_cards_unrun"
_INTERRUPT: Final = "atomic_cards_interrupt"
_EXIT_TIMEOUT: Final = 15
"""Seconds that pytest-xdist gives its workers to end. With its own 10 their clean-up is cut off;
after 15 execnet ends them anyway."""


class Ending:
    """Ends a run in time.

    Args:
        config: Of the run.
        settings: Its settings.
        is_check: Whether it runs the contract suite.

    Attributes:
        limit: How long the run may take.
        context: What everything that this process sends shares.
        notes: Lines to report at its end.
    """

    def __init__(self, config: pytest.Config, settings: Settings, *, is_check: bool) -> None:
        self._config = config
        self._settings = settings
        self._input: dict[str, Any] | None = getattr(config, "workerinput", None)
        self.notes: list[str] = []
        self._down: list[str] = []
        self._unrun: Counter[str] = Counter()
        self._workers: list[Any] = []
        self._begun = REAL_CLOCK.now()
        self.limit = _limit_of(settings, is_check=is_check)
        self.context = RunContext.of_worker(
            token_file(config),
            self._input["workercount"] if self._input else 1,
            self.limit.deadline,
            settings.max_rate,
        )
        self._interruption = Interruption(self.limit.interrupt, repeated=self._input is None)
        if settings.is_live and threading.current_thread() is threading.main_thread():
            handled = ExitStack()
            handled.enter_context(self._interruption.handled())
            config.add_cleanup(handled.close)
            _listen(self._input or {})

    @classmethod
    def begin(cls, config: pytest.Config, settings: Settings, *, is_check: bool) -> Self:
        """Register what ends a run that begins now."""
        ending = cls(config, settings, is_check=is_check)
        config.pluginmanager.register(ending, "atomic-cards-ending")
        if is_check:
            config.pluginmanager.register(ContractLimit(ending.limit), "atomic-cards-limit")
        else:  # the reports of a check have a place for it
            last = LastCleanUp(ending.notes.append)
            config.pluginmanager.register(last, "atomic-cards-last-clean-up")
        return ending

    # In the process that runs tests

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self) -> Generator[None, object, object]:
        """Run no further test after a signal, even if something swallowed its exception."""
        self._interruption.raise_if_due()
        self.limit.begin_test()
        self.context.breaker.new_trial()
        result = yield
        self._interruption.raise_if_due()
        return result

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_teardown(self) -> None:
        """Give clean-up its own time."""
        self.limit.begin_clean_up()

    @contextmanager
    def closing(self, target: Target) -> Iterator[None]:
        """Close the target at the end of a run, whatever signal arrives meanwhile."""
        try:
            yield
        finally:
            with self._interruption.shielded():
                try:
                    self.notes += (f"left waiting: {text}" for text in target.close().waiting)
                finally:
                    self._down += self.context.describe()

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None, object, object]:
        """Finish the clean-up, and hand the controlling process what it has to report."""
        self._interruption.shield()
        self.limit.begin_clean_up()
        try:
            return (yield)
        finally:
            if self.limit.refused:
                self._unrun[self.limit.reason] += self.limit.refused
            if self._interruption.signal:
                session.exitstatus = pytest.ExitCode.INTERRUPTED
            if self._input is not None:
                output = self._config.workeroutput  # type: ignore[attr-defined]
                output |= {_DOWN: self._down, _NOTES: self.notes, _UNRUN: dict(self._unrun)}

    # In the process that controls workers

    def take_charge(self, node: Any) -> None:  # noqa: ANN401 - of pytest-xdist
        """Prepare to interrupt a worker process, which signals to this one do not reach."""
        node.nodemanager.EXIT_TIMEOUT = _EXIT_TIMEOUT
        channel = node.workerinput[_INTERRUPT] = node.gateway.newchannel()
        self._workers.append(channel)

    def pytest_keyboard_interrupt(self) -> None:
        """Interrupt the workers at once; pytest-xdist itself waits for 5 s before it does."""
        for channel in self._workers if self._interruption.signal else ():
            with suppress(OSError):  # the worker is gone
                channel.send(None)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:  # noqa: ANN401 - of pytest-xdist
        """Collect what a worker process has to report."""
        output = getattr(node, "workeroutput", {})
        self._down += output.get(_DOWN, [])
        self.notes += output.get(_NOTES, [])
        self._unrun.update(output.get(_UNRUN, {}))

    @pytest.hookimpl(tryfirst=True)
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Report what was down, why tests were not run, and what is left to clean up."""
        from pytest_atomic_cards.reporting.causes import collapsed  # noqa: PLC0415 - heavy

        lines = list(self._down)
        lines += (f"{reason}; tests not run: {count}" for reason, count in self._unrun.items())
        if self.limit.interrupted and not self._unrun:
            lines.append(self.limit.reason)
        lines += collapsed(self.notes)
        if self._settings.is_live and (journals := notice(self._settings, self._begun)):
            lines.append(journals)
        for line in dict.fromkeys(lines):
            terminalreporter.line(printable(f"atomic-cards: {line}"), yellow=True)


class LastCleanUp:
    """Reports what could not be cleaned up at the very end of a run, when no test can report it.

    Args:
        report: Called with one line.
    """

    def __init__(self, report: Callable[[str], None]) -> None:
        self._report = report

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None, object, object]:
        """Fail the run instead of ending it with a traceback."""
        try:
            return (yield)
        except* AtomicCardsError as errors:
            self._report(error_text(errors))
            if session.exitstatus == pytest.ExitCode.OK:
                session.exitstatus = pytest.ExitCode.TESTS_FAILED
        return None


def _limit_of(settings: Settings, *, is_check: bool) -> TimeLimit:
    deadline = Deadline()
    if is_check and settings.is_live and settings.cassettes is not Mode.REPLAY:
        return TimeLimit.of_check(deadline, settings)
    return TimeLimit(deadline, seconds=settings.max_time or math.inf)


def _listen(workerinput: dict[str, Any]) -> None:
    """Let the controlling process interrupt this worker process."""
    main = threading.main_thread().ident or 0
    if _INTERRUPT in workerinput and hasattr(signal, "pthread_kill"):
        workerinput[_INTERRUPT].setcallback(lambda _: signal.pthread_kill(main, signal.SIGINT))
