"""Pytest hooks that use one cassette per test, and one per shared fixture."""

from __future__ import annotations

import json
from contextlib import ExitStack, nullcontext
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import pytest

from pytest_atomic_cards.model.settings import Mode
from pytest_atomic_cards.recordings.cassettes.cassette import Cassette
from pytest_atomic_cards.recordings.cassettes.cassette_names import CassetteNames, overriding
from pytest_atomic_cards.recordings.cassettes.cassette_redaction import Redaction
from pytest_atomic_cards.recordings.cassettes.playback_errors import NotRecordedError
from pytest_atomic_cards.recordings.cassettes.recorded_cases import NAME as CASES
from pytest_atomic_cards.recordings.cassettes.recorded_cases import (
    is_property_test,
    keeping_cases,
    run_over,
)
from pytest_atomic_cards.recordings.cassettes.stale_cassettes import Playback
from pytest_atomic_cards.support.errors import CassetteError, SettingsError
from pytest_atomic_cards.support.printable import printable

if TYPE_CHECKING:
    from collections.abc import Generator

    from pytest_atomic_cards.recordings.cassettes.manager import CassetteManager, OpenCassette

MARKER: Final = "cards_cassettes"
_STAYS: Final = (
    "stays as it was recorded before, as this test did not pass; --cards-cassettes-replace always "
    "replaces it"
)
USES: Final = "atomic_cards_cassettes"
"""Attribute of a teardown report: how recordings were played, as JSON."""


def open_for(item: pytest.Item, manager: CassetteManager, naming: CassetteNames) -> OpenCassette:
    """The cassette of a test, in the mode of its mark or else of the run.

    Raises:
        SettingsError: The mark is malformed.
    """
    mark = item.get_closest_marker(MARKER)
    name, owner = naming.of_test(item), naming.owner(item)
    if mark is None:
        return manager.open(name, test=owner)
    unknown = mark.kwargs.keys() - {"name"}
    if len(mark.args) > 1 or unknown or not (mark.args or mark.kwargs):
        raise SettingsError(
            f'{item.nodeid}: write @pytest.mark.{MARKER}("replay"), with one of '
            f'{", ".join(Mode)}, and name="…" for a recording of another name'
        )
    mode, name = next(iter(mark.args), None), mark.kwargs.get("name", name)
    if mode is not None and mode not in set(Mode):
        raise SettingsError(
            f"{item.nodeid}: @pytest.mark.{MARKER} takes one of {', '.join(Mode)}, not {mode!r}"
        )
    parts = name.split("/") if isinstance(name, str) else [""]
    if not all(parts) or {".", ".."} & set(parts) or "\\" in name:
        raise SettingsError(
            f"{item.nodeid}: name of @pytest.mark.{MARKER} must be a path below the directory of "
            f"cassettes, without a suffix; not {name!r}"
        )
    return manager.open(name, mode and Mode(mode), owner)


def playback_of(opened: OpenCassette, manager: CassetteManager) -> Playback | None:
    """How a closed cassette was played; ``None`` if there was none to replay."""
    replayed = opened.mode is Mode.REPLAY
    if opened.cassette is None and not (replayed and opened.path.exists()):
        return None
    try:
        cassette = opened.cassette
        if cassette is None:
            cassette = Cassette.read(opened.path, Redaction())
    except CassetteError:
        return None
    left = cassette.unplayed
    first = f"{left[0].method} {left[0].path}" if left else ""
    at = cassette.recorded.at
    file = manager.name_of(opened.path)
    return Playback(
        file, opened.test, len(cassette), len(left) if replayed else None, first, at.isoformat()
    )


class CassettePlugin:
    """Uses cassettes around tests and fixtures.

    Args:
        manager: Opens the cassettes.
        naming: Names them.
        shared: Whether the run has several processes.
    """

    def __init__(self, manager: CassetteManager, naming: CassetteNames, *, shared: bool) -> None:
        self._manager = manager
        self._naming = naming
        self._shared = shared
        self._open = ExitStack()
        self._fixtures: dict[str, str] = {}
        self._finished: list[OpenCassette] = []
        self._current: OpenCassette | None = None

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None, Any, Any]:
        """Open the cassette of a test."""
        self._open.close()
        opened = self._current = open_for(item, self._manager, self._naming)
        self._open.callback(self._finished.append, opened)
        self._open.enter_context(self._manager.using(opened))
        return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, Any, Any]:
        """Record the cases of a property test with its exchanges."""
        opened = self._current
        if opened is None or opened.mode is not Mode.RECORD or not is_property_test(item):
            return (yield)
        with keeping_cases(item, opened):
            return (yield)

    @pytest.hookimpl(tryfirst=True)
    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> bool | None:
        """Run a property test over the cases of its recording, if there are any."""
        opened = self._current
        if opened is None or not (opened.mode.reads and is_property_test(pyfuncitem)):
            return None
        cassette = self._manager.current if opened.path.exists() else None
        if cassette is None or CASES not in cassette.cases:
            return None
        run_over(pyfuncitem, self._manager.of_now(cassette.cases[CASES]))
        return True

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Generator[None, Any, Any]:  # noqa: ARG002
        """Close the cassette after the clean-up, and save what was recorded."""
        try:
            return (yield)
        except BaseException:
            if self._current is not None:
                self._current.is_incomplete = True
            raise
        finally:
            self._open.close()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Attach to a teardown report how each closed cassette was played.

        A difference from a verified recording fails the phase in which it appears.
        """
        report = yield
        opened = self._current
        if report.passed and opened is not None and opened.comparison is not None:
            differences = opened.comparison.take_differences(finished=call.when == "teardown")
            if differences:
                report.outcome = "failed"
                text = "\n".join([f"{opened.path} differs:", *differences])
                report.longrepr = printable(text, lines=True)
        if opened is not None and not report.passed and not hasattr(report, "wasxfail"):
            opened.is_incomplete = True
            if self._manager.keeps_earlier(opened):
                report.sections.append(("cassette", f"{opened.path} {_STAYS}"))
        if call.when == "teardown":
            played = (playback_of(opened, self._manager) for opened in self._finished)
            uses = [asdict(use) for use in played if use is not None]
            setattr(report, USES, json.dumps(uses))
            self._finished.clear()
        return report

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(
        self, fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest
    ) -> Generator[None, Any, Any]:
        """Use a separate cassette while a shared fixture is set up and torn down.

        A request that was not recorded raises an ordinary exception, as pytest caches no others.
        """
        shared = fixturedef.scope != "function"
        opened, pauses = self._fixture(fixturedef, request) if shared else None, ExitStack()
        fixturedef.addfinalizer(pauses.close)  # the first to be added is the last to be run
        try:
            with self._manager.using(opened) if opened else nullcontext():
                result = yield
        except NotRecordedError as error:
            caught = CassetteError(str(error))
            key = fixturedef.cache_key(request)  # type: ignore[arg-type] # it is a SubRequest
            fixturedef.cached_result = (None, key, (caught, None))
            raise caught from error
        if opened:
            fixturedef.addfinalizer(partial(self._reopen, opened, pauses))
        return result

    def _reopen(self, opened: OpenCassette, pauses: ExitStack) -> None:
        pauses.callback(self._finished.append, opened)
        pauses.enter_context(self._manager.using(opened))

    def _fixture(
        self, fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest
    ) -> OpenCassette:
        variant = str(getattr(request, "param_index", "")) if hasattr(request, "param") else ""
        name = self._naming.of_fixture(fixturedef.argname, request.node, variant)
        if self._fixtures.setdefault(name, fixturedef.baseid) != fixturedef.baseid:
            name = overriding(name, fixturedef.baseid)
        owner = self._naming.owner(request.node, fixturedef.argname)
        opened = self._manager.open(name, test=owner)
        if opened.mode is Mode.RECORD and self._shared:
            opened.refusal = CassetteError(
                f"fixture {fixturedef.argname} is shared by tests, and each process would record "
                "it differently; record without -n, and replay with it"
            )
        return opened
