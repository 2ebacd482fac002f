"""Seeding straight into the embedded sandbox."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from pytest_atomic_cards.model.card_spec import CardSpec, Population
from pytest_atomic_cards.model.lifecycle import Status
from pytest_atomic_cards.model.settings import Settings
from pytest_atomic_cards.support.errors import MisuseError, SeedingError
from pytest_atomic_cards.targets import open_target
from pytest_atomic_cards.targets.cards_fixture import Cards

HOUR = timedelta(hours=1)


@pytest.fixture
def cards() -> Cards:
    """A world of its own on the embedded sandbox."""
    return open_target(Settings()).open_world()


@pytest.mark.parametrize("state", list(Status))
def test_a_card_can_be_had_in_every_state(state: Status, cards: Cards) -> None:
    """A card of any state is handed over in it, and truly is in it."""
    card = cards.seed(status=state)
    assert card.status is state
    assert cards.get(card).status is state
    assert [record.status for record in cards.environment.cards()] == [state]


def test_a_customer_can_be_a_number(cards: Cards) -> None:
    """Generated ids of digits only are each another, and can be seeded."""
    numbers = {cards.backend.new_number() for _ in range(3)}
    assert len(numbers) == 3
    assert all(number.isdecimal() for number in numbers)
    number = numbers.pop()
    assert cards.seed(user_id=number).user_id == number


def test_every_attribute_can_be_chosen(cards: Cards) -> None:
    """On the sandbox a spec decides every attribute of its card."""
    chosen = {
        "card_template_id": "a template",
        "event_name": "an event",
        "lifecycle_id": "a lifecycle",
        "flow_instance_id": "an instance",
        "flow_invocation_id": "an invocation",
        "user_id": "a user",
    }
    card = cards.seed(**chosen, variables={"n": 1}, metadata={"m": 2}, priority=3)
    assert set(chosen.values()) < set(card.attributes.values())
    assert card.payload["detail"] == {"n": 1}
    assert card.payload["metadata"] == {"m": 2}
    assert card.payload["cardOptions"]["priority"] == 3


@pytest.mark.parametrize(
    ("fields", "before", "after"),
    [
        ({"embargo": HOUR}, Status.EMBARGOED, Status.ACTIVE),
        ({"snooze": HOUR}, Status.SNOOZED, Status.ACTIVE),
        ({"expires": HOUR}, Status.ACTIVE, Status.EXPIRED),
    ],
)
def test_time_passes_at_once(
    fields: dict[str, Any], before: Status, after: Status, cards: Cards
) -> None:
    """Embargo, snooze and expiry end by the sandbox's clock, which needs no waiting."""
    card = cards.seed(**fields)
    assert card.status is before
    cards.pass_time(HOUR)
    assert cards.wait_for(card, after).status is after


def test_waiting_in_vain_is_told(cards: Cards) -> None:
    """A card that does not get into a state in time is a TimeoutError that names both states."""
    card = cards.seed()
    with pytest.raises(TimeoutError, match=r"active and not expired after 0\.05 s"):
        cards.wait_for(card, Status.EXPIRED, timeout=0.05)


def test_a_bulk_is_one_group(cards: Cards) -> None:
    """Many cards are seeded as one group that one query selects."""
    group = cards.seeder.seed_bulk(1_030)
    assert group.count == len({card.card_instance_id for card in group.cards}) == 1_030
    assert len(cards.list(group.pin.replace(limit=1_000))) == 1_000


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"colour": "red"}, "colour"),
        ({"priority": 0}, "priority must be from 1 to 10"),
        ({"priority": 11}, "priority must be from 1 to 10"),
        ({"embargo": timedelta(0)}, "embargo must lie in the future"),
        ({"snooze": -HOUR}, "snooze must lie in the future"),
        ({"embargo": HOUR, "status": Status.EXPIRED}, "embargo contradicts status 'expired'"),
        ({"snooze": HOUR, "embargo": HOUR}, "snooze contradicts status 'embargoed'"),
    ],
)
def test_impossible_cards_are_refused(fields: dict[str, Any], message: str, cards: Cards) -> None:
    """A spec that is unknown, out of range or contradicts itself says so, and seeds nothing."""
    with pytest.raises(MisuseError, match=message):
        cards.seed(**fields)
    assert not cards.environment.cards()


def test_a_population_is_one_invocation(cards: Cards) -> None:
    """Cards that are seeded together cannot be of different invocations, nor be none at all."""
    mixed = Population(tuple(CardSpec(flow_invocation_id=name) for name in ("one", "two")))
    with pytest.raises(SeedingError, match="must share one flow_invocation_id"):
        cards.seed_all(mixed)
    with pytest.raises(SeedingError, match="at least one card"):
        cards.seeder.seed(Population())


def test_only_seeded_cards_are_looked_at_and_acted_on(cards: Cards) -> None:
    """A card that this world did not seed is refused, with a hint at the client."""
    stranger = open_target(Settings()).open_world().seed()
    for use in (cards.get, cards.dismiss, cards.complete, cards.cancel):
        with pytest.raises(MisuseError, match=r"was not seeded here; use cards\.api"):
            use(stranger)


def test_each_action_does_what_it_says(cards: Cards) -> None:
    """Dismiss, complete and cancel close just the card that is named."""
    first, second, third, fourth = cards.seed_all(Population.of(4))
    cards.dismiss(first)
    cards.complete(second, {"quantity": 2})
    cards.cancel(third)
    assert [cards.get(card).status for card in (first, second, third, fourth)] == [
        Status.DISMISSED,
        Status.COMPLETED,
        Status.CANCELLED,
        Status.ACTIVE,
    ]
