"""Flows that send each customer two cards of one flow instance, with one lifecycle id."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any

import pytest
from shared_target import IGNORING, SharedTarget, in_words

from pytest_atomic_cards.model.card_spec import Population

if TYPE_CHECKING:
    from live_sandbox import Serve

STARTS = 3
TEMPLATES = ("offer", "reminder")


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


@pytest.mark.parametrize("ignored", IGNORING, ids=in_words)
def test_a_pair_on_a_target_that_ignores_an_attribute(
    ignored: dict[str, set[str]], serve: Serve
) -> None:
    """If listings or actions ignore an attribute, no card of others changes."""
    shared = two_of_one_instance(serve)
    shared.live.sandbox.ignored = ignored
    target = shared.target()
    target.open_world().seed_all(Population.of(2))
    target.close()
    assert (shared.touched, shared.own_open) == (0, [])
