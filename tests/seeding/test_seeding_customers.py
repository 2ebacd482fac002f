"""Many groups of cards, of one customer each, take few starts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_atomic_cards.model.card_spec import CardSpec, Population
from pytest_atomic_cards.model.lifecycle import Action, Status
from pytest_atomic_cards.suite.probing.probe import Probe
from pytest_atomic_cards.suite.supply.card_pool import CardPool
from pytest_atomic_cards.support.errors import NotAvailableError, SeedingError
from pytest_atomic_cards.targets.seeding.listing_reader import Group, key_of

if TYPE_CHECKING:
    from live_sandbox import Serve


def test_one_start_is_for_many_customers(serve: Serve) -> None:
    """Each customer gets a card by each start, and is selected by its id."""
    live = serve()
    world = live.open_world()
    groups = world.seeder.seed_customers(*[[CardSpec()] * 3] * 10)
    assert live.count("POST /v1") == 3
    assert len({key_of(card) for group in groups for card in group.cards}) == 30
    for group in groups:
        assert {card.user_id for card in group.cards} == {group.pin.user_id}
        assert len({card.flow_invocation_id for card in group.cards}) == 3
    world.clean_up()
    assert live.open_cards == []


@pytest.mark.parametrize("closed_cards_listed", ["no", "only-by-status"])
def test_closed_cards_may_be_unlisted(closed_cards_listed: str, serve: Serve) -> None:
    """Groups of closed cards, which no page promises to list, are seeded beside active ones."""
    world = serve(closed_cards_listed=closed_cards_listed).open_world()
    closed = CardSpec(status=Status.DISMISSED)
    groups = world.seeder.seed_customers([closed], [CardSpec()], [closed])
    assert [group.cards[0].status for group in groups if isinstance(group, Group)] == [
        Status.DISMISSED,
        Status.ACTIVE,
        Status.DISMISSED,
    ]


def test_the_pool_of_a_live_target_seeds_what_is_planned(serve: Serve) -> None:
    """As many groups as a run is planned to take come from three starts, then a few at a time."""
    live = serve()
    world = live.open_world()
    pool = CardPool(world.seeder)
    pool.groups = 30
    taken = [pool.take() for _ in range(31)]
    assert live.count("POST /v1") == 6
    assert len({group.pin for group in taken}) == 31
    assert pool.taken == 31


def test_named_customers_share_no_group(serve: Serve) -> None:
    """Where only named customers may be targeted, groups are those of an invocation."""
    live = serve()
    world = live.open_world(user_ids=("first", "second"))
    pool = CardPool(world.seeder)
    assert pool.take().pin.flow_invocation_id
    with pytest.raises(NotAvailableError, match="ATOMIC_CARDS_USER_IDS"):
        pool.customer()


def test_a_repeated_refusal_needs_no_listing_before_it(serve: Serve) -> None:
    """States that were listed, and not changed since, are not listed again before an action."""
    live = serve()
    world = live.open_world()
    world.seeder.calibrate()
    probe = Probe(world)
    group = world.seeder.seed_customers([CardSpec()] * 2)[0]
    probe.act(Action.CANCEL, group.pin, group)
    before = live.count("GET")
    probe.act(Action.CANCEL, group.pin, group)
    assert live.count("GET") == before
    probe.change(Action.CANCEL, group.pin.replace(multiple=True), group)
    between = live.count("GET")
    probe.act(Action.DISMISS, group.pin, group)
    assert live.count("GET") > between


@pytest.mark.parametrize("per_target", ["1", "2"])
def test_a_target_that_refuses_what_matches_nothing_is_calibrated(
    per_target: str, serve: Serve
) -> None:
    """A calibration shows that actions honour a customer, with one card each or with several."""
    live = serve(zero_match_action="422", cards_per_target=per_target)
    world = live.open_world()
    world.seeder.calibrate()
    for action in Action:
        group = world.seeder.seed_customers([CardSpec()] * 2)[0]
        assert world.api.act(action, group.pin.replace(multiple=True)).summary.updated >= 2


def test_one_response_to_several_overlapping_starts_is_believed_once(serve: Serve) -> None:
    """Of starts that overlap and get the same response, all but one are unreliable."""
    live = serve()
    responses: list[object] = []

    def cached(response: object) -> object:
        responses.append(response)
        return responses[0]

    live.sandbox.restart = cached
    cards = live.open_world(seed_timeout=0.2)
    made = cards.seeder.seed_each([Population.of(1)] * 4)
    errors = [str(one) for one in made if not isinstance(one, Group)]
    assert len(responses) == 4
    assert sum("belongs to an earlier start of this run" in error for error in errors) == 3


def test_customers_whose_cards_are_not_all_listed_are_seeded_once(serve: Serve) -> None:
    """Where listings by customer lack cards, groups of one invocation take their place."""
    live = serve(faults=["list-finds-first-by-userId"])
    world = live.open_world(settling=0.2)
    pool = CardPool(world.seeder)
    groups = [pool.take(), pool.take()]
    begun = live.count("POST /v1")
    assert {group.pin.user_id for group in groups} == {None}
    assert pool.take().pin.user_id is None
    assert live.count("POST /v1") == begun
    with pytest.raises(SeedingError, match="not listed"):
        pool.customer()
    assert live.count("POST /v1") == begun
    world.clean_up()
