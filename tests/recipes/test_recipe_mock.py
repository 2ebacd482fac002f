"""Recipe: a mock of the Cards API of one's own, checked like a live environment.

``minimal_mock.py`` is the mock. In a project, ``atomic-cards check --cards-app minimal_mock:app``
with the variables below does what these tests do.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pytest_atomic_cards.suite.running.suite_runner import PYTEST_ARGUMENTS, SUITE

HERE = Path(__file__).parent
SETTINGS = {
    "ATOMIC_CARDS_ENVIRONMENT_ID": "test",
    "ATOMIC_CARDS_CLIENT_ID": "client",
    "ATOMIC_CARDS_CLIENT_SECRET": "only-for-tests",
    "ATOMIC_CARDS_FLOW_ID": "flow",
    "ATOMIC_CARDS_EFFORT": "quick",
}
HOOK = """
import minimal_mock
from pytest_atomic_cards import NotAvailableError

def pytest_atomic_cards_seed(cards, flow_invocation_id, environment_id):
    if any(card.embargo or card.expires for card in cards):
        raise NotAvailableError("only plain cards can be created")
    for card in cards:
        minimal_mock.create(environment_id, "flow", flow_invocation_id, card.user_id, {})
    return flow_invocation_id
"""


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A project that has the mock."""
    monkeypatch.syspath_prepend(str(HERE))
    for name, value in SETTINGS.items():
        monkeypatch.setenv(name, value)
    return pytester


def verdicts(project: pytest.Pytester, *arguments: str) -> dict[str, list[str]]:
    """The requirements of a check of the mock, by verdict."""
    own = [*PYTEST_ARGUMENTS, "--cards-app=minimal_mock:app", "--cards-report=report"]
    project.runpytest_inprocess(*own, *arguments, "--pyargs", SUITE)
    report = json.loads((project.path / "report/report.json").read_text("utf-8"))
    found: dict[str, list[str]] = {}
    for one in report["rules"]:
        found.setdefault(one["verdict"], []).append(one["id"])
    return found


SOME = ["QUERY-05", "MULTI-06", "STATE-01", "AUTH-03"]


@pytest.mark.usefixtures("time_flies")
@pytest.mark.parametrize("supply", ["flow", "hook"])
def test_the_mock_holds_some_requirements(
    supply: str, project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
):
    """A few contracts hold on the mock, with cards of its flow or of a hook of the project."""
    monkeypatch.setenv("ATOMIC_CARDS_SEEDING", supply)
    project.makepyfile(seed_mock=HOOK)
    monkeypatch.syspath_prepend(str(project.path))
    found = verdicts(project, "-p", "seed_mock", "--cards-only", ",".join(SOME))
    assert sorted(found["held"]) == sorted(SOME)
    assert found.keys() == {"held", "not exercised"}


@pytest.mark.slow
def test_the_mock_is_conformant(project: pytest.Pytester):
    """No contract is violated or inconclusive on the mock; some need a sandbox."""
    found = verdicts(project, "--cards-effort=default")
    assert found.keys() == {"held", "not exercised"}
    assert len(found["not exercised"]) < len(found["held"]) / 5
