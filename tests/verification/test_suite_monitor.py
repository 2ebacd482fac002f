"""The rules judge every exchange of the suite, whichever test makes it and at which time."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from pytest_atomic_cards.model.exchange import Exchange
from pytest_atomic_cards.model.settings import Settings, TargetKind
from pytest_atomic_cards.rules.monitor import rules_for
from pytest_atomic_cards.rules.verdicts import Verdict, Violation
from pytest_atomic_cards.suite.running.suite_monitor import SuiteMonitor
from pytest_atomic_cards.support.errors import NotAvailableError

if TYPE_CHECKING:
    from contract_runs import RunContracts

    from pytest_atomic_cards.rules.finding import Finding

FAULT = "--cards-fault=listing-unwrapped@by=userId"
ASK = 'probe.raw("GET", "/cards", CardQuery(user_id="nobody"))'
IN_A_CALL = f"""
@requirement("MULTI-05")
def test_asks(probe):
    {ASK}

@requirement("MULTI-07")
def test_asks_again(probe):
    {ASK}
"""
IN_A_SETUP = f"""
@pytest.fixture
def asked(probe):
    {ASK}

@requirement("MULTI-05")
def test_asks(asked):
    pass
"""
IN_A_TEARDOWN = f"""
@pytest.fixture
def asked(probe):
    yield
    {ASK}

@requirement("MULTI-05")
def test_asks(asked):
    pass
"""
KNOWN = """
[[deviations]]
requirement = "SHAPE-01"
reason = "a bare array"
expires = 2999-12-31
"""
EXCHANGE = Exchange(
    "GET",
    "http://cards.test/v1/environment/cards",
    datetime(2030, 1, 2, tzinfo=UTC),
    0.25,
    request_headers={"Authorization": "[redacted]"},
    status=200,
    response_headers={"content-type": "application/json"},
    response_body=b'{"data": []}',
)


@pytest.mark.parametrize("source", [IN_A_CALL, IN_A_SETUP, IN_A_TEARDOWN])
def test_a_violation_is_found_in_the_exchanges_of_any_contract(
    source: str, run_contracts: RunContracts, findings: list[Finding]
) -> None:
    """It fails the test that made the first such exchange, whose own verdict stays."""
    result = run_contracts(source, FAULT)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    (violation,) = (one for one in findings if one.requirement == "SHAPE-01")
    assert violation.verdict is Verdict.VIOLATED
    assert violation.beside == "MULTI-05"
    assert violation.contract == "test_asks"
    assert violation.exchanges[0]["url"].endswith("userId=nobody")
    own = [one for one in findings if one is not violation]
    assert {one.verdict for one in own} == {Verdict.HELD}
    assert own[0].requirement == "MULTI-05"
    result.stdout.fnmatch_lines(["*SHAPE-01 (documented) violated*"])


def test_each_worker_reports_what_its_exchanges_violate(
    run_contracts: RunContracts, pytester: pytest.Pytester
) -> None:
    """The violation is in the report of a run with several processes."""
    result = run_contracts(IN_A_CALL, FAULT, "-n", "2", "--cards-report", "out")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    report = json.loads((pytester.path / "out" / "report.json").read_text("utf-8"))
    (rule,) = (one for one in report["rules"] if one["id"] == "SHAPE-01")
    assert rule["verdict"] == "violated"
    assert rule["exchanges"]


def test_only_selected_requirements_are_reported(
    run_contracts: RunContracts, findings: list[Finding]
) -> None:
    """With --cards-only a violation of another requirement is none of this run's business."""
    result = run_contracts(IN_A_CALL, FAULT, "--cards-only", "MULTI-05")
    assert result.ret == pytest.ExitCode.OK
    assert {one.requirement for one in findings} == {"MULTI-05"}


def test_a_known_violation_fails_no_test_that_sees_it(
    run_contracts: RunContracts, findings: list[Finding], pytester: pytest.Pytester
) -> None:
    """A known deviation is reported, and does not fail the contract of another requirement."""
    (pytester.path / "cards-target.toml").write_text(KNOWN)
    result = run_contracts(IN_A_CALL, FAULT)
    assert result.ret == pytest.ExitCode.OK
    assert "SHAPE-01" in {one.requirement for one in findings}


def test_a_known_violation_hides_no_other_failure(
    run_contracts: RunContracts, pytester: pytest.Pytester
) -> None:
    """A test that fails for another reason as well still fails."""
    (pytester.path / "cards-target.toml").write_text(KNOWN)
    own = 'raise Violation("one", "two", (EXCHANGE,))'
    source = f'@requirement("MULTI-01")\ndef test_asks(probe):\n    {ASK}\n    {own}\n'
    assert run_contracts(source, FAULT).ret == pytest.ExitCode.TESTS_FAILED


def test_a_violation_beside_an_inferred_one_fails_the_test(run_contracts: RunContracts) -> None:
    """A test that pytest expects to fail, as its own requirement is inferred, fails the run."""
    own = 'raise Violation("one", "two", (EXCHANGE,))'
    source = f'@requirement("QUERY-17")\ndef test_asks(probe):\n    {ASK}\n    {own}\n'
    result = run_contracts(source, FAULT)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.assert_outcomes(failed=1)


def test_a_requirement_that_no_exchange_exercised_is_not_held() -> None:
    """A rule that never applied decides nothing; one that did holds or is violated."""
    monitor = SuiteMonitor(Settings())
    with pytest.raises(NotAvailableError):
        monitor.expect_held("SHAPE-01")
    monitor.observe(EXCHANGE)
    monitor.expect_held("SHAPE-01")
    with pytest.raises(NotAvailableError):
        monitor.expect_held("SHAPE-02")
    monitor.observe(replace(EXCHANGE, response_body=b"[]"))
    with pytest.raises(Violation):
        monitor.expect_held("SHAPE-01")


def test_a_target_without_tokens_is_not_asked_for_them() -> None:
    """Where nothing gives access, a request without a token may succeed."""
    usual = Settings(
        target=TargetKind.LIVE,
        api_url="https://cards.test",
        environment_id="environment",
        token="only-for-tests",
        seeding="none",
    )
    open_to_all = replace(usual, token=None, access="none")
    left_out = {one.requirement for one in rules_for(usual)} - {
        one.requirement for one in rules_for(open_to_all)
    }
    assert left_out == {"AUTH-01"}
