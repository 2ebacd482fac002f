"""Flows that send each customer two cards of one flow instance, with one lifecycle id."""

from __future__ import annotations

from contextlib import suppress
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest
from shared_target import IGNORING, INSTANCE, USER, SharedTarget, in_words

from pytest_atomic_cards.model.card_spec import Population
from pytest_atomic_cards.support.errors import SeedingError

if TYPE_CHECKING:
    from live_sandbox import Serve

STARTS = 3
TEMPLATES = ("offer", "reminder")
ALIKE = ("offer", "offer")


def two_of_one_instance(
    serve: Serve,
    templates: tuple[str, str] = TEMPLATES,
    **profile: Any,  # noqa: ANN401 - answers of the profile
) -> SharedTarget:
    """A target, shared with others, whose flow sends such pairs."""
    live = serve(cards_per_target="2", **profile)
    behaviour: Any = live.sandbox._behaviour
    lifecycles = count()
    behaviour.named_lifecycle = lambda _: f"lifecycle-{next(lifecycles)}"
    behaviour.templates = lambda _: templates
    return SharedTarget(live)


@pytest.mark.parametrize("zero_match_action", ["empty", "404", "400"])
def test_a_template_tells_the_cards_of_an_instance_apart(
    zero_match_action: str, serve: Serve
) -> None:
    """Cards that differ in nothing but their template are cancelled, with few requests."""
    shared = two_of_one_instance(serve, zero_match_action=zero_match_action)
    target = shared.target()
    for _ in range(STARTS):
        target.open_world().seed_all(Population.of(2))
    shared.live.log.clear()
    target.close()
    assert (shared.touched, shared.own_open, shared.journals) == (0, [], 0)
    assert len(shared.live.log) < 100


@pytest.mark.parametrize("zero_match_action", ["empty", "204", "404", "409", "422"])
def test_cards_that_nothing_tells_apart_are_cancelled_together(
    zero_match_action: str, serve: Serve
) -> None:
    """Cards of one instance that are alike in every attribute are cancelled with each other."""
    shared = two_of_one_instance(serve, ALIKE, zero_match_action=zero_match_action)
    target = shared.target()
    for _ in range(STARTS):
        target.open_world().seed_all(Population.of(2))
    shared.live.log.clear()
    target.close()
    assert (shared.touched, shared.own_open, shared.journals) == (0, [], 0)
    assert len(shared.live.log) < 100


@pytest.mark.parametrize("templates", [TEMPLATES, ALIKE], ids=["by template", "alike"])
@pytest.mark.parametrize("ignored", IGNORING, ids=in_words)
def test_a_pair_on_a_target_that_ignores_an_attribute(
    ignored: dict[str, set[str]], templates: tuple[str, str], serve: Serve
) -> None:
    """If listings or actions ignore an attribute, no card of others changes."""
    shared = two_of_one_instance(serve, templates)
    shared.live.sandbox.ignored = ignored
    target = shared.target()
    target.open_world().seed_all(Population.of(2))
    with suppress(SeedingError):
        target.close()
    assert shared.touched == 0
    needed = {INSTANCE, USER} if templates == ALIKE else set()
    assert not shared.own_open or needed & {name for names in ignored.values() for name in names}


@pytest.mark.parametrize("templates", [TEMPLATES, ALIKE], ids=["by template", "alike"])
def test_a_pair_of_a_run_that_died_is_cancelled(templates: tuple[str, str], serve: Serve) -> None:
    """A later clean-up, which knows only the journal, cancels such pairs as well."""
    shared = two_of_one_instance(serve, templates)
    target = shared.target()
    target.open_world().seed_all(Population.of(2))
    shared.kill(target)
    assert shared.clean(), shared.said
    assert (shared.touched, shared.own_open, shared.journals) == (0, [], 0)


def test_a_stranger_in_the_instance_of_a_pair_is_left_alone(serve: Serve) -> None:
    """Where alike cards share their instance with a card of somebody else, that never changes."""
    shared = two_of_one_instance(serve, ALIKE)
    target = shared.target()
    card = target.open_world().seed_all(Population.of(1))[0]
    fields = {"user_id": "real-9", "flow_instance_id": card.flow_instance_id}
    shared.foreign += shared.live.environment.seed([fields])
    shared.kill(target)
    shared.clean()
    assert shared.touched == 0


def test_alike_cards_that_cannot_be_cancelled_safely_are_reported(serve: Serve) -> None:
    """If no response shows that cancels honour an instance, one reason says so, and soon."""
    shared = two_of_one_instance(serve, ALIKE, zero_match_action="400")
    target = shared.target()
    for _ in range(STARTS):
        target.open_world().seed_all(Population.of(2))
    shared.live.log.clear()
    with pytest.raises(
        SeedingError, match=r"no attribute tells card \S+ from another one of its flow instance"
    ):
        target.close()
    assert (shared.touched, len(shared.own_open), shared.journals) == (0, 4 * STARTS, 1)
    assert shared.live.count("PUT") < 40
    assert len(shared.live.log) < 150
