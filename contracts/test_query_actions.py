"""Query attributes of actions: they select the cards that a listing shows."""

from __future__ import annotations

import pytest

from pytest_atomic_cards.errors import SeedingError
from pytest_atomic_cards.lifecycle import Action, Status
from pytest_atomic_cards.query import Attribute, CardQuery
from pytest_atomic_cards.seeding.reader import key_of
from pytest_atomic_cards.verification.probe import Probe, left, only
from pytest_atomic_cards.verification.reserve import Reserve
from pytest_atomic_cards.verification.suite import requirement
from pytest_atomic_cards.verification.verdicts import expect, not_exercised


@requirement("QUERY-11")
@pytest.mark.parametrize("action", list(Action))
@pytest.mark.parametrize("attribute", list(Attribute))
def test_actions_select_as_listings_do(
    attribute: Attribute, action: Action, probe: Probe, reserve: Reserve
) -> None:
    """An action narrowed by the attribute changes just the active cards that a listing shows."""
    group = reserve.take()
    card = group.cards[0]
    value = card.attributes.get(attribute)
    other = Status.COMPLETED.value if attribute is Attribute.STATUS else probe.invented()
    pins = (group.pin, group.single(card))
    pin = next((pin for pin in pins if attribute not in pin.attributes), None)
    if pin is None:
        not_exercised(f"nothing but {attribute} tells cards of this run from others")
    for chosen in (other, value):
        if chosen is None:
            continue
        query = pin.replace(**{attribute.field: chosen})
        listed = {key_of(found) for found in probe.find(query).cards}
        exchange = probe.act(action, query.replace(multiple=True), group)
        due = {key_of(member) for member in group.cards} & listed
        states = probe.states_later(
            group,
            lambda now, due=due: {key for key, word in now.items() if word != "active"} == due,
        )
        changed = {key for key, word in states.items() if word != Status.ACTIVE}
        expect(
            changed == due,
            exchange,
            expected=f"{action} {query} to change the {len(due)} card(s) that it lists",
            came=f"{len(changed)} card(s) changed",
        )


@requirement("QUERY-11")
def test_actions_decode_values_as_listings_do(probe: Probe) -> None:
    """An action by a customer id that needs encoding changes that customer's card and no other."""
    odd = [probe.cards.placement.new_user(suffix) for suffix in (" a", "+a", "%20a", "ü&é", "=1")]
    try:
        group = probe.seed_for(odd)
    except SeedingError as error:
        if error.exchange is None:
            raise
        not_exercised(f"the target takes no customer whose id needs encoding: {error}")
    for user in dict.fromkeys(card.user_id for card in group.cards):
        theirs = only(group, *(card for card in group.cards if card.user_id == user))
        probe.change(Action.CANCEL, CardQuery(user_id=user, multiple=True), group)
        states = probe.states_once(theirs, left(Status.ACTIVE))
        found = probe.find(group.pin)
        expect(
            Status.ACTIVE not in states.values(),
            *found.exchanges,
            expected=f"the card of {user!r} to be cancelled",
            came="it is still active",
        )
