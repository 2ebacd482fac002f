"""Contracts that a test writes, wired up as those of the installed suite are."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from typing import Final

import pytest

from pytest_atomic_cards.rules.finding import Finding
from pytest_atomic_cards.suite.running.result_hooks import results_in

RunContracts = Callable[..., pytest.RunResult]
"""The fixture ``run_contracts``: runs source code of contracts with arguments of pytest."""

_HEAD = """
import os
import pytest
from datetime import UTC, datetime

from pytest_atomic_cards.support.errors import *
from pytest_atomic_cards.model.exchange import Exchange
from pytest_atomic_cards.model.query import CardQuery
from pytest_atomic_cards.suite.running.contract_plugin import requirement
from pytest_atomic_cards.rules.verdicts import *

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
"""


class _Collector:
    def __init__(self, findings: list[Finding]) -> None:
        self._findings = findings

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._findings += results_in(report, Finding)


_QUIET = ("-W", "ignore::pytest.PytestAssertRewriteWarning")
"""What other tests have imported in this process cannot be rewritten any more, and need not be."""


OWN: Final = ("-p", "atomic_cards", "-p", "xdist")
"""Names the plugins that a run needs, if the fixture ``own_plugins`` leaves out all others."""


def contract_runner(pytester: pytest.Pytester, findings: list[Finding]) -> RunContracts:
    """Runs contracts, which can use ``EXCHANGE``: a request that carried a token, and its answer.

    Args:
        pytester: Where to run them.
        findings: Takes in what they find.
    """
    pytester.makeconftest("from pytest_atomic_cards.contracts.conftest import *")
    collector = _Collector(findings)

    def run(source: str, *arguments: str) -> pytest.RunResult:
        pytester.makepyfile(test_contracts=_HEAD + textwrap.dedent(source))
        return pytester.runpytest_inprocess(*_QUIET, *OWN, *arguments, plugins=[collector])

    return run
