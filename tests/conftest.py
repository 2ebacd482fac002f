"""Fixtures that the tests of several rooms share."""

from __future__ import annotations

import os
import textwrap
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest
from live_sandbox import LiveSandbox

from pytest_atomic_cards.verification.suite import Finding, finding_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from live_sandbox import Serve

    RunContracts = Callable[..., pytest.RunResult]

pytest_plugins = ["pytester"]


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings of whoever runs the tests stay out of them; child processes cache their imports."""
    for name in [name for name in os.environ if name.startswith("ATOMIC_CARDS_")]:
        monkeypatch.delenv(name)
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Serves sandboxes on loopback, to be taken for live targets until the end of the test."""
    with ExitStack() as running:

        def start(**settings: Any) -> LiveSandbox:  # noqa: ANN401 - see LiveSandbox
            return running.enter_context(LiveSandbox(**settings))

        yield start


class _Collector:
    def __init__(self, findings: list[Finding]) -> None:
        self._findings = findings

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        finding = finding_in(report)
        if finding is not None:
            self._findings.append(finding)


@pytest.fixture
def findings() -> list[Finding]:
    """What contracts that ``run_contracts`` ran have found so far."""
    return []


@pytest.fixture
def run_contracts(pytester: pytest.Pytester, findings: list[Finding]) -> RunContracts:
    """Runs contracts that a test writes, wired up as those of the installed suite are.

    They can use ``EXCHANGE``: a request that carried a token, and its answer.
    """
    pytester.makeconftest("from pytest_atomic_cards.contracts.conftest import *")
    collector = _Collector(findings)

    def run(source: str, *arguments: str) -> pytest.RunResult:
        pytester.makepyfile(test_contracts=CONTRACT_HEAD + textwrap.dedent(source))
        return pytester.runpytest_inprocess(*arguments, plugins=[collector])

    return run


CONTRACT_HEAD = '''
import os
import pytest
from datetime import UTC, datetime

from pytest_atomic_cards.errors import *
from pytest_atomic_cards.exchange import Exchange
from pytest_atomic_cards.verification.suite import requirement
from pytest_atomic_cards.verification.verdicts import *

EXCHANGE = Exchange(
    "PUT",
    "http://cards.test/v1/environment/cards/cancel?userId=a%20b",
    datetime(2030, 1, 2, tzinfo=UTC),
    0.25,
    request_headers={"Authorization": "[redacted]", "User-Agent": "a-client"},
    status=200,
    response_headers={"content-type": "application/json"},
    response_body=b'{"data": [], "summary": {"total": 2, "updated": 2}}',
)
'''
