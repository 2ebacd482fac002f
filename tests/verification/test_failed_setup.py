"""A target on which no card can be seeded, because its listings are wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_atomic_cards.rules.verdicts import Verdict

if TYPE_CHECKING:
    import pytest
    from contract_runs import RunContracts

    from pytest_atomic_cards.rules.finding import Finding

STATIC_MOCK = """
import json
from itertools import count

number = count()
CARD = {"cardInstanceId": "c", "userId": "u", "flowInvocationId": "i", "status": "active"}

def app(environ, start_response):
    path = environ["PATH_INFO"]
    if "token" in path:
        body = {"access_token": "a-token-of-the-mock", "expires_in": 3600}
    elif "action-flow" in path:
        body = {"flowInvocationId": f"invocation-{next(number)}"}
    else:
        body = {"data": [CARD]}
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps(body).encode()]
"""
CONTRACTS = """
@requirement("QUERY-05")
def test_by_invocation(probe):
    pass

@requirement("STATE-01")
def test_dismiss(probe):
    pass
"""
ENVIRON = {
    "ENVIRONMENT_ID": "e",
    "CLIENT_ID": "c",
    "CLIENT_SECRET": "only-for-tests",
    "FLOW_ID": "f",
}


def test_a_static_mock_is_told_what_is_wrong(
    run_contracts: RunContracts,
    findings: list[Finding],
    pytester: pytest.Pytester,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Listings seen while waiting for a card violate a requirement; the rest names it as cause."""
    monkeypatch.setattr("pytest_atomic_cards.targets.seeding.awaited_cards._FEW_SECONDS", 0.2)
    monkeypatch.setattr("pytest_atomic_cards.targets.seeding.missing_cards._LEAST_CREATION", 0.0)
    for name, value in ENVIRON.items():
        monkeypatch.setenv(f"ATOMIC_CARDS_{name}", value)
    pytester.makepyfile(static_mock=STATIC_MOCK)
    result = run_contracts(CONTRACTS, "--cards-app", "static_mock:app")
    violated = {one.requirement: one for one in findings if one.verdict is Verdict.VIOLATED}
    assert violated["QUERY-05"].actual == "card c has flowInvocationId=i"
    assert violated["QUERY-05"].exchanges
    (dismiss,) = (one for one in findings if one.requirement == "STATE-01")
    assert dismiss.verdict is Verdict.INCONCLUSIVE
    assert "violate QUERY-05" in dismiss.reason
    output = result.stdout.str()
    assert output.index("QUERY-05 (documented) violated") < output.index("STATE-01 (documented)")
