"""On a live target the experiments of actions need few cards, and find faults nevertheless."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_atomic_cards.model.query import Attribute
from pytest_atomic_cards.rules.verdicts import Violation
from pytest_atomic_cards.suite.experiments.claims import CLAIMS
from pytest_atomic_cards.suite.experiments.experiment import Arrangement
from pytest_atomic_cards.suite.experiments.experiment_cards import key_of_row, states_of
from pytest_atomic_cards.suite.experiments.experiment_outcomes import Experiments
from pytest_atomic_cards.suite.experiments.experiment_plan import planned_actions
from pytest_atomic_cards.suite.experiments.experiment_run import experiment
from pytest_atomic_cards.suite.experiments.experiment_values import near_miss_of
from pytest_atomic_cards.suite.experiments.flow_cards import FlowCards
from pytest_atomic_cards.suite.experiments.flow_reach import reach
from pytest_atomic_cards.suite.probing.probe import Probe

if TYPE_CHECKING:
    from live_sandbox import LiveSandbox, Serve

pytestmark = pytest.mark.usefixtures("time_flies")


def made(live: LiveSandbox, effort: str = "quick") -> Experiments:
    """The experiments of an effort on a live target."""
    cards = live.open_world()
    cards.seeder.calibrate()
    try:
        return experiment(FlowCards(Probe(cards)), planned_actions(reach(effort)))
    finally:
        cards.clean_up()


def test_a_correct_target_breaks_nothing(serve: Serve) -> None:
    """Nothing is shown against a correct target, no card of others changes, and few are needed."""
    live = serve()
    stranger = live.environment.seed([{"user_id": "somebody-else"}])[0].card_instance_id
    found = made(live)
    assert found.breaches == {}
    assert found.errors == []
    assert live.environment.card(stranger).status == "active"
    assert len(list(live.environment.cards())) < 60


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fault", "requirement"),
    [
        ("multiple-not-needed@operation=complete", "MULTI-03"),
        ("dismiss-embargoed", "STATE-06"),
        ("complete-dismissed", "STATE-07"),
        ("results-lack-last", "RESULT-04"),
        ("prefix-match@operation=dismiss", "QUERY-11"),
        ("prefix-match@operation=cancel", "QUERY-11"),
        ("last-character-ignored@operation=dismiss", "QUERY-11"),
    ],
)
def test_a_fault_is_found(serve: Serve, fault: str, requirement: str) -> None:
    """A fault of one operation, or in one state, is found with the cards of a quick run."""
    found = made(serve(faults=[fault]))
    with pytest.raises(Violation):
        found.check(requirement, CLAIMS[requirement])


@pytest.mark.nightly
@pytest.mark.parametrize(
    "fault",
    [
        "act-ignores-lifecycleId@by=lifecycleId+userId",
        "act-any-attribute@by=flowInstanceId+userId",
        "third-attribute-ignored@operation=complete",
        "act-ignores-status@operation=complete@multiple=1",
        "act-finds-nothing@by=flowInstanceId+userId",
        "act-finds-nothing@by=other@operation=dismiss",
        "act-finds-nothing@by=other@operation=complete",
        "act-finds-nothing@by=other@operation=cancel",
        "prefix-match@by=cardTemplateId+userId",
    ],
)
def test_an_action_that_is_wrong_by_some_attributes_is_found(serve: Serve, fault: str) -> None:
    """An action that ignores one of several attributes, or finds nothing by them, is found."""
    found = made(serve(faults=[fault]), "default")
    with pytest.raises(Violation):
        found.check("QUERY-11", CLAIMS["QUERY-11"])


def test_a_value_that_cards_lack_is_not_exercised(serve: Serve) -> None:
    """Cards without an event name are arranged only for queries by one that match no card."""
    live = serve()
    cards = live.open_world()
    cards.seeder.calibrate()
    keys = [("eventName+userId", matches, "active") for matches in ("1", "0")]
    absent, lacking = FlowCards(Probe(cards)).arrange(keys, 0)
    cards.clean_up()
    assert "no eventName" in str(absent)
    assert isinstance(lacking, Arrangement)
    assert not lacking.matched


@pytest.mark.parametrize(
    ("attribute", "value", "near"),
    [
        (Attribute.LIFECYCLE_ID, "lifecycle-7", "lifecycle-0"),
        (Attribute.FLOW_INSTANCE_ID, "instance-0", "instance-1"),
        (Attribute.FLOW_INVOCATION_ID, "invocation-7", "invocation-"),
        (Attribute.CARD_TEMPLATE_ID, "12", ""),
    ],
)
def test_a_near_miss_is_another_value(attribute: Attribute, value: str, near: str) -> None:
    """It lacks the last character or has another one; a short value has none."""
    assert near_miss_of(attribute, value) == near


@pytest.mark.parametrize("effort", ["quick", "default", "thorough"])
def test_no_row_needs_what_a_flow_does_not_give(effort: str) -> None:
    """No card is to be snoozed, and no two cards are to share an instance."""
    for row in planned_actions(reach(effort)):
        assert row["state"] != "snoozed"
        assert "flowInstanceId" not in row["by"] or len(states_of(key_of_row(row))) < 2
