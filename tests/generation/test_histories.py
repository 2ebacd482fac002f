"""Histories are plain data that a stateful test can carry out step by step."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, settings

from pytest_atomic_cards.model.card_spec import CardSpec, Population
from pytest_atomic_cards.model.lifecycle import Action, Status
from pytest_atomic_cards.model.query import Attribute, CardQuery
from pytest_atomic_cards.strategies import Act, Advance, Seed, Step, actions, histories

from .drawing import sample, smallest

History = tuple[Step, ...]


def _acts(history: History) -> list[Act]:
    return [step for step in history if isinstance(step, Act)]


def _first(history: History) -> Population:
    step = history[0]
    assert isinstance(step, Seed)
    return step.population


def _hits(act: Act, population: Population) -> bool:
    return any(
        act.query.matches(
            {Attribute.STATUS: spec.status}
            | {
                attribute: value
                for attribute, value in (
                    (Attribute.EVENT_NAME, spec.event_name),
                    (Attribute.LIFECYCLE_ID, spec.lifecycle_id),
                    (Attribute.CARD_TEMPLATE_ID, spec.card_template_id),
                    (Attribute.FLOW_INSTANCE_ID, spec.flow_instance_id),
                    (Attribute.FLOW_INVOCATION_ID, spec.flow_invocation_id),
                    (Attribute.USER_ID, spec.user_id),
                )
                if value is not None
            }
        )
        for spec in population
    )


@pytest.fixture(scope="module")
def examples() -> list[History]:
    """Two hundred histories."""
    return sample(histories())


def test_actions_are_the_three_and_shrink_to_dismiss() -> None:
    """Every action occurs; the simplest is the first one in the documentation."""
    assert set(sample(actions())) == set(Action)
    assert smallest(actions(), lambda _: True) is Action.DISMISS


@settings(deadline=None)
@given(histories(5))
def test_a_history_begins_with_cards(history: History) -> None:
    """The first step seeds at least one card, and there are no more steps than asked for."""
    assert 1 <= len(history) <= 5
    assert len(_first(history)) >= 1


def test_no_action_is_unscoped(examples: list[History]) -> None:
    """Every action has at least one attribute, and no paging that is not documented for it."""
    for act in (act for history in examples for act in _acts(history)):
        assert act.query.attributes
        assert act.query.limit is act.query.offset is None
        assert CardQuery.parse(act.query.encode()) == act.query


def test_nothing_is_due_on_the_hour(examples: list[History]) -> None:
    """Time advances in whole hours, and no timer of a card is a whole number of them."""
    hour = timedelta(hours=1)
    for step in (step for history in examples for step in history):
        match step:
            case Advance(by):
                assert by > timedelta(0)
                assert not by % hour
            case Seed(population):
                timers = [t for s in population for t in (s.expires, s.embargo, s.snooze) if t]
                assert all(timer % hour for timer in timers)


def test_histories_have_every_kind_of_step(examples: list[History]) -> None:
    """Seeding again, acting with and without ``multiple``, and waiting all occur."""
    later = [step for history in examples for step in history[1:]]
    assert {type(step) for step in later} == {Seed, Act, Advance}
    acts = [step for step in later if isinstance(step, Act)]
    assert {(act.action, act.query.multiple) for act in acts} == {
        (action, multiple) for action in Action for multiple in (True, False)
    }


def test_most_actions_match_a_card(examples: list[History]) -> None:
    """Most queries match a card of the first step as it was seeded."""
    hits = [_hits(act, _first(history)) for history in examples for act in _acts(history)]
    assert sum(hits) > len(hits) / 2


def test_later_cards_share_the_values_of_the_first(examples: list[History]) -> None:
    """All steps of a history draw from the same one to three values."""
    for history in examples:
        users = {
            spec.user_id for step in history if isinstance(step, Seed) for spec in step.population
        }
        assert len(users - {None}) <= 3


def test_histories_hold_only_the_values_given() -> None:
    """Given values are used for the cards of every step."""
    values = {Attribute.USER_ID: ["ann"], Attribute.STATUS: ["active", "snoozed"]}
    for history in sample(histories(values=values), 50):
        for step in history:
            if isinstance(step, Seed):
                assert {spec.user_id for spec in step.population} <= {None, "ann"}
                assert {spec.status for spec in step.population} <= {Status.ACTIVE, Status.SNOOZED}


def test_a_history_shrinks_to_one_plain_card() -> None:
    """The minimal history seeds one plain card."""
    assert smallest(histories(), lambda _: True) == (Seed(Population.of(1)),)


def test_a_failing_action_shrinks_to_two_steps() -> None:
    """A history that fails by an action shrinks to a card and that action on one attribute."""
    history = smallest(histories(3), lambda steps: any(act.query.multiple for act in _acts(steps)))
    seeded, act = history
    assert seeded == Seed(Population.of(1))
    assert isinstance(act, Act)
    assert act.action is Action.DISMISS
    assert len(act.query.attributes) == 1


def test_a_failing_timer_shrinks_to_one_card_and_one_hour() -> None:
    """A history with an expiry shrinks to one card that expires and the shortest wait."""

    def expires(history: History) -> bool:
        waits = any(isinstance(step, Advance) for step in history)
        return waits and any(spec.expires for spec in _first(history))

    assert smallest(histories(4), expires) == (
        Seed(Population.of(1, CardSpec(expires=timedelta(minutes=30)))),
        Advance(timedelta(hours=1)),
    )
