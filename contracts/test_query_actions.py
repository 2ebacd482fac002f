"""Query attributes of actions: they select the cards that a listing with them shows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import product

import pytest

from pytest_atomic_cards.model.cards import Card, shows_no_cards
from pytest_atomic_cards.model.exchange import Exchange
from pytest_atomic_cards.model.lifecycle import Action, Status
from pytest_atomic_cards.model.query import Attribute, CardQuery
from pytest_atomic_cards.rules.verdicts import expect, not_exercised
from pytest_atomic_cards.suite.batched_setup import BatchedSetup
from pytest_atomic_cards.suite.card_pool import CardPool
from pytest_atomic_cards.suite.contract_plugin import requirement
from pytest_atomic_cards.suite.probe import Probe, States, all_in, left, only, words_of
from pytest_atomic_cards.support.errors import NotAvailableError, SeedingError
from pytest_atomic_cards.targets.seeding.listing_reader import Group, key_of

Choice = Callable[[Probe, Card, Attribute], str | None]


def that_none_has(probe: Probe, _: Card, attribute: Attribute) -> str:
    """A value of an attribute that no active card has."""
    return Status.SNOOZED.value if attribute is Attribute.STATUS else probe.invented()


VALUES: dict[str, Choice] = {
    "no-match": that_none_has,
    "match": lambda _, card, attribute: card.attributes.get(attribute),
}
"""Values that narrow an action, each chosen for a card of its group."""


@dataclass(frozen=True, slots=True)
class Narrowed:
    """An action narrowed by an attribute, on its own group."""

    group: Group
    query: CardQuery
    exchange: Exchange
    due: set[str]
    """The keys of the cards of the group that a listing showed for the query."""


@pytest.fixture(scope="module")
def narrowed(probe: Probe, reserve: CardPool) -> BatchedSetup[Narrowed]:
    """Each action, narrowed by a value that cards of the group have, and by one that none has."""

    def act(attribute: Attribute, action: Action, choose: Choice) -> Narrowed:
        # Only in a group of several customers does a customer's id select some of the cards.
        group = reserve.take_across() if attribute is Attribute.USER_ID else reserve.take()
        card = group.cards[0]
        pins = (group.pin, group.single(card))
        pin = next((pin for pin in pins if attribute not in pin.attributes), None)
        if pin is None:
            raise NotAvailableError(f"only {attribute} distinguishes cards of this run from others")
        value = choose(probe, card, attribute)
        if value is None:
            raise NotAvailableError(f"cards of this target have no {attribute}")
        query = pin.replace(**{attribute.field: value})
        asked_for = {key_of(one) for one in group.cards if query.matches(one.attributes)}
        listed = probe.watch(
            lambda: {key_of(found) for found in probe.find(query).cards},
            lambda keys: asked_for <= keys,
        )
        due = {key_of(member) for member in group.cards} & listed
        # Whether multiple=1 is accepted for one card is inferred; for none it can do no harm.
        exchange = probe.act(action, query.replace(multiple=len(due) != 1), group)
        return Narrowed(group, query, exchange, due)

    return BatchedSetup(
        {
            (attribute, action, name): partial(act, attribute, action, choose)
            for attribute in Attribute
            for action in Action
            for name, choose in VALUES.items()
        }
    )


@requirement("QUERY-11")
@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize("action", list(Action))
@pytest.mark.parametrize("attribute", list(Attribute))
def test_actions_select_as_listings_do(
    attribute: Attribute, action: Action, value: str, probe: Probe, narrowed: BatchedSetup[Narrowed]
) -> None:
    """An action narrowed by the attribute changes exactly the active cards that a listing shows."""
    trial = narrowed[attribute, action, value]

    def changed(states: States) -> set[str]:
        return {key for key, word in states.items() if word != Status.ACTIVE}

    states = probe.states_later(trial.group, lambda now: changed(now) == trial.due)
    expect(
        changed(states) == trial.due,
        trial.exchange,
        expected=f"{action} {trial.query} to change the {len(trial.due)} card(s) that it lists",
        actual=f"{len(changed(states))} card(s) changed",
    )


@requirement("QUERY-11")
@pytest.mark.parametrize("action", list(Action))
def test_actions_heed_every_attribute(action: Action, probe: Probe, reserve: CardPool) -> None:
    """An action changes no card if one of two attributes matches none."""
    group = reserve.take()
    card = group.cards[0]
    pins = (group.pin, group.single(card))
    exchanges = []
    for (given, value), other in product(card.attributes.items(), Attribute):
        pin = next((pin for pin in pins if other not in pin.attributes), None)
        if pin is not None and given is not other:
            missing = {given.field: value, other.field: that_none_has(probe, card, other)}
            query = pin.replace(**missing, multiple=True)
            exchanges.append(probe.raw("PUT", f"/cards/{action}", query))
    states = probe.states_later(group, all_in(Status.ACTIVE))
    suspects = (one for one in exchanges if one.succeeded and not shows_no_cards(one.json()))
    expect(
        all_in(Status.ACTIVE)(states),
        next(suspects, exchanges[-1]),
        expected=f"a {action} to change no card, as none has all values of its query",
        actual=f"cards are {words_of(states)}",
    )


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
    for user in dict.fromkeys(card.user_id for card in group.cards):
        theirs = only(group, *(card for card in group.cards if card.user_id == user))
        probe.change(Action.CANCEL, CardQuery(user_id=user, multiple=len(theirs.cards) > 1), group)
        states = probe.states_once(theirs, left(Status.ACTIVE))
        found = probe.find(group.pin)
        expect(
            Status.ACTIVE not in states.values(),
            *found.exchanges,
            expected=f"the card of {user!r} to be cancelled",
            actual="it is still active",
        )
