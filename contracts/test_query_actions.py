"""Query attributes of actions: they select the cards that a listing with them shows."""

from __future__ import annotations

from pytest_atomic_cards.model.exchange import Exchange
from pytest_atomic_cards.model.lifecycle import Action, Status
from pytest_atomic_cards.model.query import CardQuery
from pytest_atomic_cards.rules.verdicts import expect, not_exercised
from pytest_atomic_cards.suite.probing.expected_states import left
from pytest_atomic_cards.suite.probing.group_selection import only
from pytest_atomic_cards.suite.probing.probe import Probe
from pytest_atomic_cards.suite.running.contract_plugin import requirement
from pytest_atomic_cards.support.errors import SeedingError
from pytest_atomic_cards.targets.seeding.listing_reader import Group, key_of


@requirement("QUERY-09")
def test_actions_decode_values_as_listings_do(probe: Probe) -> None:
    """An action by a customer id that needs encoding changes that customer's card."""
    odd = [probe.cards.backend.new_user(suffix) for suffix in (" a", "+a", "%20a", "ü&é", "=1")]
    try:
        group = probe.seed_for(odd)
    except SeedingError as error:
        if error.exchange is None:
            raise
        not_exercised(f"the target accepts no customer id that needs encoding: {error}")
    cancelled: dict[str | None, tuple[Group, Exchange]] = {}
    for user in dict.fromkeys(card.user_id for card in group.cards):
        theirs = only(group, *(card for card in group.cards if card.user_id == user))
        query = CardQuery(user_id=user, multiple=len(theirs.cards) > 1)
        cancelled[user] = theirs, probe.change(Action.CANCEL, query, theirs)
    states = probe.states_once(group, left(Status.ACTIVE))
    for user, (theirs, exchange) in cancelled.items():
        expect(
            Status.ACTIVE not in {states[key_of(card)] for card in theirs.cards},
            exchange,
            expected=f"the card of {user!r} to be cancelled",
            actual="it is still active",
        )
