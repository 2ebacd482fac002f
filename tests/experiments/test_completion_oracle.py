"""The oracle of payloads: every completed card has the payload it was completed with, once."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from pytest_atomic_cards.model.request_space import Point
from pytest_atomic_cards.model.settings import Settings
from pytest_atomic_cards.rules.verdicts import Violation
from pytest_atomic_cards.suite.experiments.completion_oracle import expect_payload, expect_payloads
from pytest_atomic_cards.suite.experiments.experiment_cards import SandboxCards
from pytest_atomic_cards.suite.experiments.experiment_rows import PLAIN
from pytest_atomic_cards.suite.experiments.experiment_run import experiment
from pytest_atomic_cards.targets import SandboxTarget

COMPLETE: Point = {**PLAIN, "operation": "complete", "by": "eventName+userId"}
SEVERAL: Point = {**COMPLETE, "matches": "many", "state": "mixed", "multiple": "1"}


def judged(*faults: str) -> None:
    """Judge completes of one and several cards, with and without a payload."""
    with ExitStack() as stack:
        cards = SandboxCards(SandboxTarget(Settings(fault=faults)), stack)
        rows = [{**row, "body": body} for row in (COMPLETE, SEVERAL) for body in ("none", "object")]
        expect_payloads(experiment(cards, rows).trials)


def test_payloads_of_a_correct_target_are_accepted() -> None:
    """Each card has its own payload, or none, in exactly one event."""
    judged()


@pytest.mark.parametrize(
    "fault",
    [
        "completion-lost@by=eventName+userId",
        "completion-texts-cut@state=mixed",
        "completion-ascii-only@matches=1",
        "completion-numbers-as-text@state=mixed",
        "completion-for-first-card-only@by=eventName+userId",
        "completion-of-request-before@by=eventName+userId",
    ],
)
def test_a_payload_that_is_changed_under_a_condition_is_found(fault: str) -> None:
    """A payload that is lost or changed for some requests only is a violation."""
    with pytest.raises(Violation):
        judged(fault)


def test_a_card_is_completed_once() -> None:
    """Two events of one card are a violation, whatever they show."""
    with pytest.raises(Violation):
        expect_payload({"c": [{"a": 1}, {"a": 1}]}, "c", {"a": 1})
