"""Contracts that only read, on cards that exist already."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from pytest_atomic_cards.model.lifecycle import Status
from pytest_atomic_cards.rules.verdicts import Verdict

if TYPE_CHECKING:
    from contract_runs import RunContracts
    from live_sandbox import LiveSandbox, Serve

    from pytest_atomic_cards.rules.finding import Finding

READING = """
@requirement("QUERY-05")
def test_reads(population):
    first, second = population.plain
    assert first.pin != second.pin
    assert [str(card.status) for card in first.cards] == ["active", "active"]
    assert "snoozed" in population.by_state

@requirement("STATE-01")
def test_acts(reserve):
    reserve.take()

@requirement("QUERY-06")
def test_objects(population):
    {meanwhile}
    raise Violation("a page", "none", (EXCHANGE,))
"""
CHANGED = "change_a_card()"


@pytest.fixture
def live(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> LiveSandbox:
    """A target with cards of others, and the settings to read them."""
    live = serve()
    live.environment.seed(
        {"user_id": f"u{number}", "flow_invocation_id": f"i{number // 2}"} for number in range(6)
    )
    live.environment.seed({"status": state.value} for state in Status)
    for name, value in (live.environ | {"ATOMIC_CARDS_SEEDING": "none"}).items():
        monkeypatch.setenv(name, value)
    return live


def test_existing_cards_are_read_and_left_alone(
    live: LiveSandbox, run_contracts: RunContracts, findings: list[Finding]
) -> None:
    """Contracts that read run on cards of others, those that act do not, and no action is sent."""
    before = live.environment.cards()
    run_contracts(READING.format(meanwhile="pass"))
    assert [one.verdict for one in findings] == [
        Verdict.HELD,
        Verdict.VIOLATED,
        Verdict.NOT_EXERCISED,
    ]
    assert "no supply of cards" in findings[2].reason
    assert live.environment.cards() == before
    assert not live.count("PUT")
    assert not live.count("POST /v1")


def test_a_change_by_others_is_no_violation(
    live: LiveSandbox,
    run_contracts: RunContracts,
    findings: list[Finding],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What a contract objects to is inconclusive if the owner has changed a card meanwhile."""
    (card, *_) = live.environment.cards()

    def change() -> None:
        live.environment.snooze(card.card_instance_id, timedelta(days=1))

    monkeypatch.setattr("builtins.change_a_card", change, raising=False)
    run_contracts(READING.format(meanwhile=CHANGED))
    assert findings[1].verdict is Verdict.INCONCLUSIVE
    assert "others own have changed" in findings[1].reason


def test_too_few_cards_are_not_exercised(
    serve: Serve,
    run_contracts: RunContracts,
    findings: list[Finding],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An environment without cards says what is missing."""
    for name, value in (serve().environ | {"ATOMIC_CARDS_SEEDING": "none"}).items():
        monkeypatch.setenv(name, value)
    run_contracts(READING.format(meanwhile="pass"))
    assert {one.verdict for one in findings} == {Verdict.NOT_EXERCISED}
    assert "two invocations with active cards" in findings[0].reason
