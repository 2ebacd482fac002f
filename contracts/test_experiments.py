"""Experiments: every pair of values of the space that the documentation speaks about."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack

import pytest

from pytest_atomic_cards.model.exchange import Exchange
from pytest_atomic_cards.model.lifecycle import CLOSED, OPEN, Action, Transition
from pytest_atomic_cards.model.query import CardQuery
from pytest_atomic_cards.rules.requirements import catalogue
from pytest_atomic_cards.rules.verdicts import expect, not_exercised
from pytest_atomic_cards.suite.experiments.claims import BESIDES, CLAIMS, OF_ACCESS
from pytest_atomic_cards.suite.experiments.completion_oracle import expect_payloads
from pytest_atomic_cards.suite.experiments.crowd_rows import (
    bystander_actions,
    crowd_actions,
    crowd_refusals,
    crowd_rows,
    large_listings,
)
from pytest_atomic_cards.suite.experiments.experiment_cards import SandboxCards
from pytest_atomic_cards.suite.experiments.experiment_outcomes import Experiments
from pytest_atomic_cards.suite.experiments.experiment_plan import FEW_SETS, planned_actions
from pytest_atomic_cards.suite.experiments.experiment_run import act_singly, experiment, list_singly
from pytest_atomic_cards.suite.experiments.flow_cards import FlowCards
from pytest_atomic_cards.suite.experiments.flow_reach import reach
from pytest_atomic_cards.suite.experiments.paging_rows import paging_rows
from pytest_atomic_cards.suite.probing.listing_history import History
from pytest_atomic_cards.suite.probing.probe import Probe
from pytest_atomic_cards.suite.running.contract_plugin import requirement
from pytest_atomic_cards.targets import Target
from pytest_atomic_cards.targets.seeding.listing_reader import Found, key_of


@pytest.fixture(scope="session")
def experiments(
    probe: Probe,
    cards_target: Target,
    early: object,
    every_set: bool,  # noqa: FBT001
) -> Iterator[Experiments]:
    """All experiments that the target and the effort allow, made together."""
    del early
    if not probe.cards.is_steerable:
        rows = planned_actions(reach(cards_target.settings.effort))
        yield experiment(FlowCards(probe), rows)
        return
    with ExitStack() as stack:
        cards = SandboxCards(cards_target, stack)
        if not every_set:
            yield experiment(cards, planned_actions(FEW_SETS), paging_rows(FEW_SETS.sets))
            return
        done = experiment(cards, planned_actions(), paging_rows(), crowd_rows(), crowd_refusals())
        list_singly(large_listings(), cards.crowd, done)
        act_singly(crowd_actions(), cards.crowd, done)
        yield act_singly(bystander_actions(), cards.among_bystanders, done)


OF_CELLS = [(rule.id, cell) for rule in catalogue().requirements.values() for cell in rule.cells]
"""The transitions of the lifecycle, each with its requirement."""
OTHERS = [rule for rule in CLAIMS if rule not in OF_ACCESS and not catalogue()[rule].cells]


@pytest.mark.parametrize("rule", [pytest.param(rule, marks=requirement(rule)) for rule in OTHERS])
def test_experiments(rule: str, probe: Probe, experiments: Experiments) -> None:
    """No experiment that concerns the requirement shows that it is broken."""
    del probe
    experiments.check(rule, CLAIMS[rule])


@pytest.mark.parametrize(
    ("rule", "cell"),
    [pytest.param(rule, cell, id=cell.name, marks=requirement(rule)) for rule, cell in OF_CELLS],
)
def test_transitions(rule: str, cell: Transition, probe: Probe, experiments: Experiments) -> None:
    """No experiment shows an action do to a card what the lifecycle does not allow."""
    del probe
    experiments.of(cell).check(rule, CLAIMS[rule])


@pytest.mark.parametrize(
    ("rule", "cards"),
    [
        pytest.param(rule, cards, marks=requirement(rule))
        for rule, cards in (("COMPLETE-04", "one"), ("COMPLETE-06", "several"))
    ],
)
def test_payloads_reach_analytics(
    rule: str, cards: str, probe: Probe, experiments: Experiments
) -> None:
    """The completion event of every card has the payload of the experiment that completed it."""
    del rule, probe
    completes = (one for one in experiments.trials if one.action is Action.COMPLETE)
    expect_payloads(one for one in completes if (one.point["matches"] == "1") is (cards == "one"))


@pytest.mark.parametrize("rule", [pytest.param(rule, marks=requirement(rule)) for rule in BESIDES])
def test_what_experiments_show_besides(rule: str, probe: Probe, experiments: Experiments) -> None:
    """No experiment breaks a requirement that experiments cover only in part."""
    del probe
    if rule == "SHAPE-11" and not any(one.cards.variables for one in experiments.listings):
        not_exercised("the cards of experiments have no variables on this target")
    experiments.check(rule, BESIDES[rule])


@requirement("TIME-04")
def test_what_experiments_closed_stays_closed(
    probe: Probe, experiments: Experiments, history: History
) -> None:
    """No card that was listed as closed after its experiment is listed as open a while later."""
    if probe.cards.is_steerable:
        not_exercised("the cards of a sandbox's experiments are in a hundred environments")
    trials = experiments.trials
    closed = {key for trial in trials for key, word in trial.after.items() if word in CLOSED}
    pins = {group.pin for trial in trials for group in trial.cards.groups}
    if not closed:
        not_exercised("no card of the experiments was listed as closed")
    history.let_a_while_pass(probe, closed)

    def reopened(seen: Sequence[tuple[CardQuery, Found]]) -> list[Exchange]:
        return [
            exchange
            for _, found in seen
            if any(card.status in OPEN and key_of(card) in closed for card in found.cards)
            for exchange in found.exchanges
        ]

    again = reopened(probe.watch(lambda: probe.find_each(pins), lambda seen: not reopened(seen)))
    expect(
        not again,
        *again,
        expected="cards that experiments closed to stay closed",
        actual="one is listed as open again",
    )
