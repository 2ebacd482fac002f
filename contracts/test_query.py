"""Query attributes: what a listing returns, alone and in combination."""

from __future__ import annotations

from itertools import chain, combinations
from urllib.parse import quote

import pytest

from pytest_atomic_cards.cards import cards_of
from pytest_atomic_cards.errors import SeedingError
from pytest_atomic_cards.generation.strategies import queries
from pytest_atomic_cards.lifecycle import Action, Status
from pytest_atomic_cards.query import Attribute, CardQuery
from pytest_atomic_cards.seeding.reader import Found, key_of
from pytest_atomic_cards.verification.generated import Effort
from pytest_atomic_cards.verification.oracle import judge_listing
from pytest_atomic_cards.verification.population import SharedPopulation
from pytest_atomic_cards.verification.probe import Probe, left, only
from pytest_atomic_cards.verification.reserve import Reserve
from pytest_atomic_cards.verification.suite import requirement
from pytest_atomic_cards.verification.verdicts import expect, not_exercised

VALUES_TRIED = 4
GENERATED = 60

SINGLE = {
    "QUERY-01": Attribute.EVENT_NAME,
    "QUERY-02": Attribute.LIFECYCLE_ID,
    "QUERY-03": Attribute.CARD_TEMPLATE_ID,
    "QUERY-04": Attribute.FLOW_INSTANCE_ID,
    "QUERY-05": Attribute.FLOW_INVOCATION_ID,
    "QUERY-06": Attribute.USER_ID,
    "QUERY-07": Attribute.STATUS,
}
SUBSETS = list(chain.from_iterable(combinations(Attribute, size) for size in range(1, 8)))


def query_by(values: dict[Attribute, str], **paging: int) -> CardQuery:
    """A query by attribute values."""
    return CardQuery(**{name.field: value for name, value in values.items()}, **paging)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "attribute",
    [pytest.param(name, id=name, marks=requirement(rule)) for rule, name in SINGLE.items()],
)
def test_one_attribute_selects(
    attribute: Attribute, probe: Probe, population: SharedPopulation
) -> None:
    """Each value of the attribute lists its cards and no others; a made-up one lists none."""
    for value in population.values(attribute)[:VALUES_TRIED]:
        query = query_by({attribute: value})
        judge_listing(population.cards, query, probe.find(query))
        for group in population.plain:
            pinned = group.pin.replace(**{attribute.field: value})
            judge_listing(group.cards, pinned, probe.find(pinned), or_allowed=True)
    if attribute is Attribute.STATUS:
        others = [query_by({attribute: state}) for state in Status if state is not Status.ACTIVE]
    else:
        others = [query_by({attribute: probe.invented()})]
    for query in others:
        judge_listing(population.active, query, probe.find(query))


def by_subset(probe: Probe, population: SharedPopulation) -> list[tuple[CardQuery, Found]]:
    """What each of the 127 combinations of one card's values lists."""
    card = (population.odd or population.plain[0]).cards[0]
    asked = [
        query_by({name: card.attributes[name] for name in subset})
        for subset in SUBSETS
        if card.attributes.keys() >= set(subset)
    ]
    return [(query, probe.find(query)) for query in asked]


@requirement("QUERY-08")
def test_attributes_combine(probe: Probe, population: SharedPopulation, effort: Effort) -> None:
    """Every combination of attributes lists the card it is taken from; generated ones agree."""
    for query, found in by_subset(probe, population):
        judge_listing(population.cards, query, found, or_allowed=True)

    @effort.for_all(queries(population.cards, paging=False), usual=GENERATED)
    def lists_what_matches(query: CardQuery) -> None:
        judge_listing(population.cards, query, probe.find(query), or_allowed=True)


@requirement("QUERY-16")
def test_combination_means_and(probe: Probe, population: SharedPopulation) -> None:
    """No combination lists a card that lacks one of the values."""
    for query, found in by_subset(probe, population):
        judge_listing(population.cards, query, found)


@requirement("QUERY-09")
def test_values_that_need_encoding(probe: Probe, population: SharedPopulation) -> None:
    """Each odd value of each attribute finds exactly its cards."""
    if population.odd is None:
        not_exercised(f"no card with an odd value could be seeded: {population.absent['odd']}")
    for card in population.odd.cards:
        for attribute, value in card.attributes.items():
            if quote(value, safe="") != value:
                query = query_by({attribute: value})
                judge_listing(population.cards, query, probe.find(query))


@requirement("QUERY-17")
def test_values_are_compared_to_the_letter(probe: Probe, population: SharedPopulation) -> None:
    """What merely resembles a value of ours does not find its card."""
    samples = [group.cards[0] for group in (population.plain[0], population.long) if group]
    held = {value for card in population.cards for value in card.attributes.values()}
    for card in samples:
        for attribute, value in card.attributes.items():
            if attribute is Attribute.STATUS:
                continue
            for other in look_alikes(value):
                query = query_by({attribute: other})
                found = probe.find(query)
                expect(
                    other in held or key_of(card) not in {key_of(one) for one in found.cards},
                    *found.exchanges,
                    expected=f"{query} not to find the card with {attribute}={value}",
                    came="it is listed",
                )


def look_alikes(value: str) -> list[str]:
    """Values that a target may take for ``value`` if it cuts, trims, pads or reads patterns."""
    return [
        value[: len(value) // 2],
        f"{value}x",
        f"{value} ",
        f"0{value}",
        f"{value}\0x",
        f"{value[:-1]}_",
        f"{value[0]}%",
        f"{value[0]}*",
    ]


@requirement("QUERY-10")
def test_listings_keep_to_their_environment(probe: Probe, population: SharedPopulation) -> None:
    """Neither a made-up environment nor a second one shows or sees this environment's cards."""
    group = population.plain[0]
    ours = {key_of(card) for card in group.cards}
    exchange = probe.raw("GET", "/cards", group.pin, environment_id=probe.invented())
    expect(
        not (exchange.succeeded and any(key in exchange.response_body.decode() for key in ours)),
        exchange,
        expected="no cards of this environment under the id of another",
        came="they are listed there",
    )
    user = group.cards[0].user_id or ""
    stranger = probe.neighbour_card(user)
    if stranger is None:
        return
    for query in (CardQuery(user_id=user), CardQuery(lifecycle_id=stranger.lifecycle_id)):
        found = probe.find(query)
        expect(
            stranger.card_instance_id not in {key_of(card) for card in found.cards},
            *found.exchanges,
            expected="no card of another environment",
            came=f"card {stranger.card_instance_id} of another environment is listed",
        )


@requirement("QUERY-14")
def test_actions_keep_to_their_environment(probe: Probe, reserve: Reserve) -> None:
    """An action under another environment's id changes nothing here, and none here there."""
    group = reserve.take()
    card = group.cards[0]
    before = probe.states(group)
    exchange = probe.raw(
        "PUT", "/cards/cancel", group.single(card), environment_id=probe.invented()
    )
    after = probe.states_later(group, lambda states: states == before)
    expect(
        after == before,
        exchange,
        expected="no change by an action under the id of another environment",
        came="a card was changed",
    )
    user = card.user_id or ""
    stranger = probe.neighbour_card(user)
    if stranger is None:
        return
    exchange = probe.act(Action.CANCEL, CardQuery(user_id=user, multiple=True), group)
    expect(
        probe.neighbour_state(stranger) is Status.ACTIVE,
        exchange,
        expected="cards of another environment to stay as they are",
        came=f"card {stranger.card_instance_id} of another environment was changed",
    )


@requirement("QUERY-11")
@pytest.mark.parametrize("attribute", list(Attribute))
def test_actions_select_as_listings_do(
    attribute: Attribute, probe: Probe, reserve: Reserve
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
        exchange = probe.act(Action.DISMISS, query.replace(multiple=True), group)
        due = {key_of(member) for member in group.cards} & listed
        states = probe.states_later(
            group,
            lambda now, due=due: {key for key, word in now.items() if word != "active"} == due,
        )
        changed = {key for key, word in states.items() if word != Status.ACTIVE}
        expect(
            changed == due,
            exchange,
            expected=f"dismiss {query} to change the {len(due)} card(s) that it lists",
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


@requirement("QUERY-12")
@pytest.mark.parametrize("status", [state for state in Status if state is not Status.ACTIVE])
def test_every_state_can_be_listed(
    status: Status, probe: Probe, population: SharedPopulation
) -> None:
    """Listing by a state word shows the cards in that state, and no others."""
    group = population.by_state.get(status)
    if group is None:
        not_exercised(population.absent[status.value])
    query = group.pin.replace(status=status)
    found = probe.find(query)
    if status is Status.CANCELLED and set(probe.states(group).values()) == {None}:
        not_exercised("cancelled cards are not listed at all, as a page says they are removed")
    judge_listing(group.cards, query, found, owed=(status,))
    alone = CardQuery(status=status)
    judge_listing((), alone, probe.find(alone))


@requirement("QUERY-18")
def test_listings_keep_up_with_changes(probe: Probe, reserve: Reserve) -> None:
    """A card that was listed as active by each attribute is listed so by none once it is closed."""
    group = reserve.take()
    card = group.cards[0]
    queries = [
        query_by({attribute: value, Attribute.STATUS: Status.ACTIVE})
        for attribute, value in card.attributes.items()
        if attribute not in {Attribute.STATUS, Attribute.CARD_TEMPLATE_ID, Attribute.EVENT_NAME}
    ]
    for query in queries:
        probe.find(query)
    probe.change(Action.DISMISS, group.single(card), group)
    for query in queries:
        found = probe.watch(
            lambda query=query: probe.find(query),
            lambda found: key_of(card) not in {key_of(one) for one in found.cards},
        )
        expect(
            key_of(card) not in {key_of(one) for one in found.cards},
            *found.exchanges,
            expected=f"{query} not to list a card that was dismissed",
            came="it is listed still",
        )


@requirement("QUERY-13")
def test_no_match_lists_nothing(probe: Probe) -> None:
    """A made-up value gives no cards, whether the answer is an empty list or a refusal."""
    for attribute in (name for name in Attribute if name is not Attribute.STATUS):
        found = probe.page(query_by({attribute: probe.invented()}))
        exchange = found.exchanges[-1]
        expect(
            not found.cards,
            exchange,
            expected="no card where nothing matches",
            came=f"HTTP {exchange.status} with {len(found.cards)} card(s)",
        )


@requirement("QUERY-15")
def test_order_of_attributes_is_free(probe: Probe, population: SharedPopulation) -> None:
    """The same attributes in reverse order list the same cards."""
    for card in population.active[:3]:
        query = query_by(card.attributes)
        straight = {key_of(found) for found in probe.find(query).cards}
        exchange = probe.raw("GET", "/cards", query, reverse=True)
        reverse = cards_of(exchange.json()) if exchange.succeeded else []
        expect(
            {key_of(found) for found in reverse} == straight,
            exchange,
            expected=f"the {len(straight)} card(s) listed in the usual order of attributes",
            came=f"{len(reverse)} card(s)",
        )
