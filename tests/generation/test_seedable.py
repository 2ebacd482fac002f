"""Whatever the strategies draw can be seeded on the sandbox and read back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import strategies as st

from pytest_atomic_cards import Population, strategies, world_on
from pytest_atomic_cards.strategies import Act, Advance, Seed, Step

from .drawing import sample

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_atomic_cards import Card, Cards
    from pytest_atomic_cards.targets import Target

NAMED = (
    *("user_id", "card_template_id", "event_name", "lifecycle_id"),
    *("flow_instance_id", "flow_invocation_id", "status"),
)
DRAWN: dict[str, st.SearchStrategy[Population]] = {
    "populations": strategies.populations(),
    "timed populations": strategies.populations(timed=True),
    "single cards": strategies.card_specs(timed=True).map(lambda spec: Population((spec,))),
}
QUICK = 25
THOUSANDS = {"populations": 4_400, "timed populations": 3_300, "single cards": 2_300}
HISTORIES = 300
"""Draws of the nightly tests: about 15 ms of processor time each, and 80 ms a history."""


def _checked(cards: Cards, population: Population) -> list[Card]:
    """The cards of a population, after a look at each showed what its spec asks for."""
    seeded = cards.seed_all(population)
    assert len(seeded) == len(population)
    for card, spec in zip(seeded, population, strict=True):
        found = cards.get(card)
        wanted = {name: getattr(spec, name) for name in NAMED}
        given = {name: value for name, value in wanted.items() if value is not None}
        assert {name: getattr(found, name) for name in given} == given
    return seeded


def _carry_out(target: Target, history: Sequence[Step]) -> None:
    with world_on(target) as cards:
        for step in history:
            match step:
                case Seed(population):
                    _checked(cards, population)
                case Act(action, query):
                    cards.api.act_exchange(action, query)
                case Advance(by):
                    cards.pass_time(by)


def _seed_all(target: Target, kind: str, count: int) -> None:
    for example in sample(DRAWN[kind], count):
        with world_on(target) as cards:
            _checked(cards, example)


@pytest.mark.parametrize("kind", DRAWN)
def test_drawn_cards_can_be_seeded_and_read_back(cards_target: Target, kind: str) -> None:
    """The sandbox refuses none of them, and shows each in its state with all its ids."""
    _seed_all(cards_target, kind, QUICK)


def test_drawn_histories_can_be_carried_out(cards_target: Target) -> None:
    """Each step that seeds can be read back, whatever the steps before it seeded and changed."""
    for history in sample(strategies.histories(), QUICK):
        _carry_out(cards_target, history)


def test_an_empty_population_is_seeded_without_a_request(cards: Cards) -> None:
    """Seeding no card returns no card."""
    assert cards.seed_all(Population()) == []


@pytest.mark.nightly
@pytest.mark.parametrize("kind", THOUSANDS)
def test_thousands_of_drawn_cards_can_be_seeded(cards_target: Target, kind: str) -> None:
    """None of 10,000 draws is refused."""
    _seed_all(cards_target, kind, THOUSANDS[kind])


@pytest.mark.nightly
def test_hundreds_of_drawn_histories_can_be_carried_out(cards_target: Target) -> None:
    """None of 300 histories has a step whose cards cannot be seeded and read back."""
    for history in sample(strategies.histories(), HISTORIES):
        _carry_out(cards_target, history)
