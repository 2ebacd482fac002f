"""Fixtures that the tests of several rooms share."""

from __future__ import annotations

import gc
import os
import signal
from contextlib import ExitStack
from itertools import count
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest
from contract_runs import contract_runner
from flying_time import let_time_fly
from live_sandbox import LiveSandbox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from contract_runs import RunContracts
    from live_sandbox import Serve

    from pytest_atomic_cards.rules.finding import Finding

pytest_plugins = ["pytester"]


_PATIENT = "patient"
_OF_THE_MACHINE = ("CI", "BUILD_NUMBER", "PYTHONDONTWRITEBYTECODE")
"""Variables by which pytest shows more of a failure on CI servers, and Python caches no imports."""


def pytest_configure() -> None:
    """Ctrl-C counts, in the processes that tests start as well, also where a shell ignores it.

    So does the end of a terminal, which ``nohup`` ignores.

    Hypothesis lets examples take as long as they do: its limit of 200 ms fails anything on a cold
    or busy machine, the examples of the README as well.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
    hypothesis.settings.register_profile(_PATIENT, deadline=None)
    hypothesis.settings.load_profile(_PATIENT)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Of a run with one mark, such as ``-m slow``, files that do not name it are not imported.

    Each worker would import all files, which takes longer than many of its tests.
    """
    mark = config.option.markexpr
    if mark.isidentifier() and collection_path.match("test_*.py"):
        return f"mark.{mark}" not in collection_path.read_text("utf-8") or None
    return None


def pytest_collection_finish() -> None:
    """Keep the 9,000 tests, and what they import, out of the garbage collector.

    Each full collection visits them for 0.2 s, and runs that tests start here make many. Commands
    that are run here would thaw what they did not freeze.
    """
    gc.freeze()
    gc.unfreeze = lambda: None


@pytest.fixture(scope="session")
def _states(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Paths of directories that do not exist: ``tmp_path`` would make one for each test."""
    root = tmp_path_factory.mktemp("states")
    return (root / str(number) for number in count())


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch, _states: Iterator[Path]) -> None:
    """Settings of whoever runs the tests, and of the machine, stay out of them."""
    monkeypatch.setenv("XDG_STATE_HOME", str(next(_states)))
    for name in [name for name in os.environ if name.startswith("ATOMIC_CARDS_")]:
        monkeypatch.delenv(name)
    for name in _OF_THE_MACHINE:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(autouse=True)
def _no_stragglers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Flows of tests send all their cards at once, so that a clean-up need not wait for any."""
    monkeypatch.setattr("pytest_atomic_cards.targets.recovery._SETTLED", 0.0)


@pytest.fixture
def own_plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs that the test starts load no plugins but those they name, which halves their start.

    Those that most need are ``contract_runs.OWN``.
    """
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")


@pytest.fixture
def time_flies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits of this process take no time, and the time passes as if they did."""
    let_time_fly(monkeypatch)


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Serves sandboxes on loopback, to be taken for live targets until the end of the test."""
    with ExitStack() as running:

        def start(**settings: Any) -> LiveSandbox:  # noqa: ANN401 - see LiveSandbox
            return running.enter_context(LiveSandbox(**settings))

        yield start


@pytest.fixture
def findings() -> list[Finding]:
    """What contracts that ``run_contracts`` ran have found so far."""
    return []


@pytest.fixture
def run_contracts(
    pytester: pytest.Pytester,
    findings: list[Finding],
    own_plugins: None,  # noqa: ARG001 - for the runs
) -> RunContracts:
    """Runs contracts that a test writes, wired up as those of the installed suite are."""
    return contract_runner(pytester, findings)
