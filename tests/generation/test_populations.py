"""Populations have cards that collide, and shrink to few plain ones."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import given, settings

from pytest_atomic_cards.model.card_spec import CardSpec, Population
from pytest_atomic_cards.model.lifecycle import Status
from pytest_atomic_cards.model.query import Attribute
from pytest_atomic_cards.strategies import (
    card_specs,
    durations,
    populations,
    statuses,
)

from .drawing import sample, smallest

IDS = (
    "user_id",
    "card_template_id",
    "event_name",
    "lifecycle_id",
    "flow_instance_id",
    "flow_invocation_id",
)


def _ids(population: Population) -> set[str]:
    return {getattr(spec, name) for spec in population for name in IDS} - {None}


def _share_a_user(population: Population) -> bool:
    users = Counter(spec.user_id for spec in population if spec.user_id is not None)
    return max(users.values(), default=0) > 1


@pytest.fixture(scope="module")
def specs() -> list[CardSpec]:
    """Two hundred cards, drawn one by one."""
    return sample(card_specs())


@pytest.fixture(scope="module")
def examples() -> list[Population]:
    """Two hundred populations."""
    return sample(populations())


def test_statuses_are_the_seven_and_shrink_to_active() -> None:
    """Every state occurs; the simplest is active."""
    assert set(sample(statuses())) == set(Status)
    assert smallest(statuses(), lambda _: True) is Status.ACTIVE


def test_durations_never_tie_with_whole_hours() -> None:
    """No duration is a whole number of hours."""
    assert {length % timedelta(hours=1) for length in sample(durations())} == {
        timedelta(minutes=30)
    }


def test_card_specs_collide(specs: list[CardSpec]) -> None:
    """No attribute has more than three values, even in many cards."""
    for name in IDS:
        assert len({getattr(spec, name) for spec in specs} - {None}) == 3


def test_card_specs_leave_attributes_to_the_target(specs: list[CardSpec]) -> None:
    """Every attribute is left out in some cards and set in others."""
    for name in IDS:
        assert {getattr(spec, name) is None for spec in specs} == {True, False}


def test_card_specs_have_every_status(specs: list[CardSpec]) -> None:
    """All seven states are seeded."""
    assert {spec.status for spec in specs} == set(Status)


def test_card_specs_hold_only_the_values_given() -> None:
    """The target chooses attributes that are not named; a status that is not named is active."""
    specs = sample(card_specs({Attribute.USER_ID: ["ann", "bob"]}))
    assert {spec.user_id for spec in specs} == {None, "ann", "bob"}
    assert {spec.status for spec in specs} == {Status.ACTIVE}
    assert all(getattr(spec, name) is None for spec in specs for name in IDS[1:])


def test_card_specs_hold_only_the_statuses_given() -> None:
    """Statuses can be strings or enum members."""
    words = {Attribute.STATUS: ["completed", Status.EXPIRED]}
    assert {spec.status for spec in sample(card_specs(words))} == {
        Status.COMPLETED,
        Status.EXPIRED,
    }


def test_a_status_that_does_not_exist_is_refused() -> None:
    """A misspelt status is an error that names it, before anything is drawn."""
    with pytest.raises(ValueError, match="'canceled' is not a valid Status"):
        card_specs({Attribute.STATUS: ["canceled"]})


def test_card_specs_are_untimed_unless_asked(specs: list[CardSpec]) -> None:
    """Without ``timed`` no card has a duration."""
    assert {(spec.expires, spec.embargo, spec.snooze) for spec in specs} == {(None, None, None)}


def test_timed_card_specs_use_the_documented_exits_only() -> None:
    """With ``timed`` some cards expire, some embargoes end and some snoozed cards wake up."""
    specs = sample(card_specs(timed=True), 300)
    timers = {
        (spec.status, name)
        for spec in specs
        for name in ("expires", "embargo", "snooze")
        if getattr(spec, name) is not None
    }
    assert timers == {
        (Status.ACTIVE, "expires"),
        (Status.EMBARGOED, "embargo"),
        (Status.SNOOZED, "snooze"),
    }
    assert any(spec.status is Status.EMBARGOED and spec.embargo is None for spec in specs)


def test_card_specs_shrink_to_a_plain_card() -> None:
    """The minimal card is active and leaves everything to the target."""
    assert smallest(card_specs(timed=True), lambda _: True) == CardSpec()


@settings(deadline=None)
@given(populations(2, 4))
def test_populations_have_the_size_asked_for(population: Population) -> None:
    """The size lies between the two bounds."""
    assert 2 <= len(population) <= 4


def test_populations_reach_both_ends_of_their_size() -> None:
    """Empty populations occur, and full ones."""
    sizes = {len(population) for population in sample(populations(max_size=4))}
    assert sizes == set(range(5))


def test_populations_have_few_distinct_values(examples: list[Population]) -> None:
    """At most three values are shared by all attributes, none differing only in case."""
    for values in map(_ids, examples):
        assert len(values) <= 3
        assert len({value.casefold() for value in values}) == len(values)


def test_populations_have_awkward_values(examples: list[Population]) -> None:
    """Values that need encoding occur."""
    assert any("%" in value for population in examples for value in _ids(population))


def test_populations_collide(examples: list[Population]) -> None:
    """Two cards of one user are common."""
    assert sum(map(_share_a_user, examples)) > len(examples) / 4


def test_populations_hold_only_the_values_given() -> None:
    """Given values are used unchanged."""
    given_values = {Attribute.USER_ID: ["ann"], Attribute.STATUS: ["completed"]}
    examples = sample(populations(1, values=given_values), 50)
    assert {spec.user_id for population in examples for spec in population} == {None, "ann"}
    assert {spec.status for population in examples for spec in population} == {Status.COMPLETED}


def test_cards_of_a_population_have_one_invocation(examples: list[Population]) -> None:
    """Cards that are seeded together share their invocation, whether it is named or not."""
    for population in examples:
        assert len({spec.flow_invocation_id for spec in population}) <= 1


def test_a_query_can_select_each_card_of_a_population(examples: list[Population]) -> None:
    """No two cards share both a named flow instance and the template."""
    for population in examples:
        named = [spec for spec in population if spec.flow_instance_id is not None]
        kinds = {(spec.flow_instance_id, spec.card_template_id) for spec in named}
        assert len(kinds) == len(named)


def test_a_population_shrinks_to_nothing() -> None:
    """The minimal population is empty."""
    assert smallest(populations(), lambda _: True) == Population()


def test_a_population_shrinks_to_plain_cards() -> None:
    """A population that needs a number of cards shrinks to that many plain ones."""
    found = smallest(populations(max_size=3), lambda cards: len(cards) > 2)
    assert found == Population.of(3)


def test_a_minimum_is_filled_up_with_plain_cards() -> None:
    """A population of minimal size shrinks to the plainest of the given values."""
    only_closed = {Attribute.STATUS: ["expired"]}
    found = smallest(populations(2, values=only_closed), lambda _: True)
    assert found == Population.of(2, CardSpec(status=Status.EXPIRED))


def test_two_cards_of_one_user_shrink_to_two_cards_with_one_value() -> None:
    """The minimal population in which two cards share a user has nothing else."""
    found = smallest(populations(max_size=4), _share_a_user)
    assert found == Population.of(2, CardSpec(user_id="0"))


def test_two_users_shrink_to_two_cards_with_two_values() -> None:
    """The minimal population with two users has two cards with a plain user each."""

    def two_users(population: Population) -> bool:
        return len({spec.user_id for spec in population} - {None}) > 1

    found = smallest(populations(max_size=4), two_users)
    assert len(found) == 2
    assert all(spec == CardSpec(user_id=spec.user_id) for spec in found)
    assert all(spec.user_id and len(spec.user_id) <= 2 for spec in found)


def test_an_awkward_value_shrinks_to_one_card_that_has_it() -> None:
    """The minimal population with a plus sign is one card with that user."""
    found = smallest(
        populations(), lambda cards: any("+" in (spec.user_id or "") for spec in cards)
    )
    assert found == Population.of(1, CardSpec(user_id="+"))
