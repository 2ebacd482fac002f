"""Reports at the end of a run which recordings are orphaned, unplayed or expired."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

import pytest

from pytest_atomic_cards.model.settings import Mode
from pytest_atomic_cards.recordings.cassettes.cassette_plugin import USES, open_for
from pytest_atomic_cards.recordings.cassettes.stale_cassettes import (
    FIXTURE,
    SUITE,
    Collected,
    Playback,
    Shortcoming,
    expired,
    orphans,
    unplayed,
)
from pytest_atomic_cards.recordings.cassettes.worker_recordings import (
    receive_from_worker,
    send_to_controller,
)
from pytest_atomic_cards.support.errors import SettingsError
from pytest_atomic_cards.support.printable import printable

if TYPE_CHECKING:
    from pytest_atomic_cards.recordings.cassettes.cassette_names import CassetteNames
    from pytest_atomic_cards.recordings.cassettes.manager import CassetteManager

_OUTPUT: Final = "atomic_cards_collected"


class CassetteReport:
    """Collects how all processes of a run used recordings, and reports it in the controller.

    Args:
        config: The configuration of the run.
        manager: The cassettes.
        naming: Names the recordings.
        max_age: Days after which a recording expires, or ``None``.
        fail_on: The kinds of shortcomings that fail the run.
    """

    def __init__(
        self,
        config: pytest.Config,
        manager: CassetteManager,
        naming: CassetteNames,
        *,
        max_age: int | None,
        fail_on: Sequence[str],
    ) -> None:
        self._config = config
        self._manager = manager
        self._naming = naming
        self._max_age = max_age
        self._fail_on = fail_on
        self._known = Collected()
        self._collected: Collected | None = None
        self._uses: list[tuple[str, Playback]] = []
        self._sound: dict[str, bool] = {}
        self._lost: list[str] = []
        self._crashed = False
        self._found: list[Shortcoming] = []

    # In the processes that run tests

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(
        self, collector: pytest.Collector
    ) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        """Add a module whose tests were all collected."""
        report = yield
        if isinstance(collector, pytest.File) and report.passed:
            self._known.modules.add(self._naming.owner(collector).removeprefix(SUITE))
        return report

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Add all tests, before some are deselected.

        Raises:
            pytest.UsageError: A mark is malformed, or two tests would write the same file.
        """
        writers: dict[str, str] = {}
        for item in items:
            try:
                opened = open_for(item, self._manager, self._naming)
            except SettingsError as error:
                raise pytest.UsageError(f"atomic-cards: {error}") from None
            name = self._manager.name_of(opened.path)
            self._known.paths.add(name)
            if opened.mode is Mode.RECORD:
                writer = writers.setdefault(name.casefold(), item.nodeid)
                if writer != item.nodeid:
                    raise pytest.UsageError(
                        f"atomic-cards: {writer} and {item.nodeid} would both be recorded in "
                        f"{self._shown(name)}; give one of them another name"
                    )
        chosen = [argument.partition("::") for argument in self._config.args]
        partial = {
            (self._config.invocation_params.dir / path).resolve()
            for path, _, test in chosen
            if test
        }
        self._known.modules -= {
            module
            for module in self._known.modules
            if (self._naming.root / module).resolve() in partial
        }
        if self._config.getoption("lf", default=False):
            self._known.modules.clear()
        typed = self._config.args_source is pytest.Config.ArgsSource.ARGS
        self._known.whole = bool(items) and (self._naming.is_suite or not typed)

    def pytest_deselected(self, items: Sequence[pytest.Item]) -> None:
        """A run that deselects tests is not complete."""
        self._known.whole &= not items

    # In the process that reports

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: object) -> None:  # noqa: ANN401 - of xdist
        """Add what a worker collected, and what it recorded on another machine."""
        receive_from_worker(node, self._manager)
        output = getattr(node, "workeroutput", {}).get(_OUTPUT)
        if output is not None:
            self._collected = Collected.from_json(json.loads(output))
        self._crashed |= error is not None

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Add the result of a test, and how its recording was played."""
        sound = report.passed and not hasattr(report, "wasxfail")
        self._sound[report.nodeid] = self._sound.get(report.nodeid, True) and sound
        if report.when not in {"setup", "call", "teardown"}:
            self._lost.append(report.nodeid)
        uses = json.loads(getattr(report, USES, "[]"))
        self._uses += [(report.nodeid, Playback(**use)) for use in uses]

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Send the results to the controller, or evaluate those of all processes."""
        output = getattr(self._config, "workeroutput", None)
        if output is not None:
            output[_OUTPUT] = json.dumps(self._known.as_json())
            send_to_controller(self._config, self._manager)
            return
        collected = self._collected or (None if self._crashed else self._known)
        self._found = list(self._shortcomings(collected))
        if session.exitstatus == pytest.ExitCode.OK and any(
            one.kind in self._fail_on for one in self._found
        ):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def _shortcomings(self, collected: Collected | None) -> Iterator[Shortcoming]:
        passed = bool(self._sound) and all(self._sound.values()) and not self._crashed
        whole = passed and collected is not None and collected.whole
        uses = [
            use
            for nodeid, use in self._uses
            if (whole if use.owner.removeprefix(SUITE).startswith(FIXTURE) else self._sound[nodeid])
        ]
        played = {use.path for _, use in self._uses}
        if collected is not None and self._manager.keeps_all:
            yield from orphans(
                self._manager.directory,
                self._naming.root,
                collected,
                played,
                of_suite=self._naming.is_suite,
                passed=passed,
            )
        yield from unplayed(uses)
        yield from expired([use for _, use in self._uses], self._max_age)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the shortcomings, and the recordings of a crashed worker."""
        if self._found or self._crashed:
            terminalreporter.section("atomic-cards cassettes")
        for one in self._found:
            terminalreporter.line(printable(f"{one.kind}: {self._shown(one.path)}: {one.problem}"))
        if self._crashed:
            lost = ", ".join(self._lost) or "what it ran"
            terminalreporter.line(
                f"unknown: a worker crashed, so it is unknown how the recordings of {lost} "
                "were played"
            )

    def _shown(self, name: str) -> str:
        root, path = self._config.rootpath, self._manager.directory / name
        return str(path.relative_to(root) if path.is_relative_to(root) else path)
