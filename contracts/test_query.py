"""Query attributes: which cards a listing returns, by one attribute and by combinations."""

from __future__ import annotations

from functools import partial
from itertools import cycle
from urllib.parse import quote

import pytest

from pytest_atomic_cards.model.card_spec import CardSpec, Population
from pytest_atomic_cards.model.cards import cards_of
from pytest_atomic_cards.model.lifecycle import NAMED, Action, Status
from pytest_atomic_cards.model.query import Attribute, CardQuery
from pytest_atomic_cards.rules.verdicts import Violation, expect, not_exercised
from pytest_atomic_cards.strategies import queries
from pytest_atomic_cards.suite.experiments.attribute_combinations import (
    FEW_SUBSETS,
    PAIRS_AND_ALL,
    SUBSETS,
    by_values_of,
    crossed,
    strangers,
)
from pytest_atomic_cards.suite.generation.generated_cases import Effort
from pytest_atomic_cards.suite.probing.expected_states import all_in
from pytest_atomic_cards.suite.probing.group_selection import only
from pytest_atomic_cards.suite.probing.oracle import RULE_OF, judge_listing, judge_words
from pytest_atomic_cards.suite.probing.probe import Probe
from pytest_atomic_cards.suite.running.contract_plugin import requirement
from pytest_atomic_cards.suite.supply.card_pool import CardPool
from pytest_atomic_cards.suite.supply.shared_population import SharedPopulation, unlike
from pytest_atomic_cards.support.errors import ContractBrokenError
from pytest_atomic_cards.targets.seeding.listing_reader import Found, key_of

VALUES_TRIED = 4
"""Active cards whose values are tried, besides one of each group: the plain ones differ little."""
FEW = 2
"""Values of each kind if requests are counted."""
BY_OR = "the target joins attributes by or, so it also lists cards that do not match"
GENERATED = 60
"""Generated queries at default effort, in addition to all combinations of attributes."""


@pytest.mark.parametrize(
    "attribute",
    [pytest.param(name, id=name, marks=requirement(rule)) for name, rule in RULE_OF.items()],
)
def test_one_attribute_selects(
    attribute: Attribute, probe: Probe, population: SharedPopulation, effort: Effort
) -> None:
    """Each value of the attribute lists exactly its cards; an invented one lists none."""
    groups = [*population.groups, *filter(None, (population.long, population.numeric))]
    cards = [*population.active[:VALUES_TRIED], *(group.cards[0] for group in groups)]
    values = [card.attributes.get(attribute) for card in cards if card.status is Status.ACTIVE]
    few = FEW if effort.is_sparing else None
    odd = population.odd.cards if population.odd else ()
    capitals = [value for card in odd if is_plain(value := card.attributes.get(attribute, ""))]
    usual = unlike(filter(None, values))[:few]
    tried = [CardQuery.of({attribute: value}) for value in dict.fromkeys([*usual, *capitals])]
    for query, found in probe.find_each(tried):
        judge_listing(population.cards, query, found)
        if attribute is Attribute.STATUS:
            judge_words(found, str(query.status))
    for group in population.plain if probe.cards.is_steerable else population.plain[:1]:
        pinned = [group.pin.with_attributes(query.attributes) for query in tried]
        for query, found in probe.find_each(one for one in pinned if one not in tried):
            judge_listing(group.cards, query, found, or_allowed=True)
    if attribute is not Attribute.STATUS:
        strange = strangers(attribute, probe, population)[:few]
        for query, found in probe.find_each(CardQuery.of({attribute: one}) for one in strange):
            judge_listing(population.active, query, found)


def is_plain(value: str) -> bool:
    """Whether a value has capitals and small letters, and nothing that needs encoding."""
    return value != value.lower() and quote(value, safe="") == value


@pytest.fixture(scope="module")
def by_subset(probe: Probe, population: SharedPopulation) -> list[tuple[CardQuery, Found]]:
    """The listings for each combination of one card's values; on a live target for most."""
    card = (population.odd or population.plain[0]).cards[0]
    subsets = SUBSETS if probe.cards.is_steerable else FEW_SUBSETS
    return probe.find_each(by_values_of(card, subsets))


@pytest.fixture(scope="module")
def joins_by_or(probe: Probe, population: SharedPopulation) -> bool:
    """Whether the target joins attributes by *or*."""
    return population.is_joined_by_or(probe.find)


@requirement("QUERY-08")
def test_no_attribute_is_left_out(
    probe: Probe,
    population: SharedPopulation,
    joins_by_or: bool,  # noqa: FBT001
) -> None:
    """A card that lacks one of the values is not listed, even if all others match."""
    card, other = population.plain[0].cards[0], population.plain[1].cards[-1]
    looks = (probe.find, probe.page)[: 1 if joins_by_or else 2]
    tried = [
        (look, CardQuery.of(values))
        for number, values in enumerate(crossed(card, other, probe))
        for look in (looks if probe.cards.is_steerable else [looks[number % len(looks)]])
    ]
    listed = probe.overlap.results(partial(look, query) for look, query in tried)
    for (_, query), found in zip(tried, listed, strict=True):
        judge_listing(population.cards, query, found, or_allowed=joins_by_or)


@requirement("QUERY-08")
def test_attributes_combine(
    probe: Probe,
    population: SharedPopulation,
    by_subset: list[tuple[CardQuery, Found]],
    joins_by_or: bool,  # noqa: FBT001
    effort: Effort,
) -> None:
    """Every combination of a card's attributes lists that card; generated queries agree."""
    for query, found in by_subset:
        judge_listing(population.cards, query, found, or_allowed=joins_by_or)

    listed = {} if probe.cards.is_steerable else dict(by_subset)

    @effort.for_all(queries(population.cards, paging=False), usual=GENERATED)
    def lists_what_matches(query: CardQuery) -> None:
        if query.status is not None and query.status not in NAMED:
            return  # what a word means that the page does not name is inferred
        found = listed.get(query) or probe.find(query)
        if not probe.cards.is_steerable:
            listed[query] = found  # a live target is not asked the same twice
        judge_listing(population.cards, query, found, or_allowed=joins_by_or)


@requirement("QUERY-16")
def test_combination_means_and(
    population: SharedPopulation, by_subset: list[tuple[CardQuery, Found]]
) -> None:
    """No combination lists a card that lacks one of the values."""
    for query, found in by_subset:
        judge_listing(population.cards, query, found)


def no_environment(probe: Probe) -> str:
    """An id that begins like that of our environment: a target may compare beginnings."""
    return f"{probe.api.environment_id}-{probe.invented()}"


@requirement("QUERY-10")
def test_listings_keep_to_their_environment(probe: Probe, population: SharedPopulation) -> None:
    """A listing in one environment does not show cards of another."""
    group = population.plain[0]
    ours = {key_of(card) for card in group.cards}
    exchange = probe.raw("GET", "/cards", group.pin, environment_id=no_environment(probe))
    expect(
        not (exchange.succeeded and any(key in exchange.response_body.decode() for key in ours)),
        exchange,
        expected="no cards of this environment under the id of another one",
        actual="they are listed there",
    )
    user = group.cards[0].user_id or ""
    stranger = probe.neighbour_card(user)
    if stranger is None:
        return
    for query in (CardQuery(user_id=user), CardQuery(lifecycle_id=stranger.lifecycle_id)):
        found = probe.find(query)
        expect(
            stranger.card_instance_id not in found.keys,
            *found.exchanges,
            expected="no card of another environment",
            actual=f"card {stranger.card_instance_id} of another environment is listed",
        )


@requirement("QUERY-14")
def test_actions_keep_to_their_environment(probe: Probe, reserve: CardPool) -> None:
    """No action in one environment changes cards of another."""
    group = reserve.take()
    before = probe.states(group)
    single = dict(zip(Action, cycle(map(group.single, group.cards))))
    exchanges = [
        probe.raw("PUT", f"/cards/{action}", query, environment_id=no_environment(probe))
        for action, query in single.items()
    ]
    after = probe.states_later(group, lambda states: states == before)
    expect(
        after == before,
        *exchanges,
        expected="an action under the id of another environment to change nothing",
        actual="a card was changed",
    )
    user = group.cards[0].user_id or ""
    stranger = probe.neighbour_card(user)
    if stranger is None:
        return
    for action in Action:
        exchange = probe.act(action, CardQuery(user_id=user, multiple=True), group)
        expect(
            probe.neighbour_state(stranger) is Status.ACTIVE,
            exchange,
            expected="cards of another environment to stay unchanged",
            actual=f"card {stranger.card_instance_id} of another environment was changed",
        )


@pytest.mark.parametrize(
    "status",
    [
        pytest.param(state, marks=requirement("QUERY-19" if state in NAMED else "QUERY-12"))
        for state in Status
        if state is not Status.ACTIVE
    ],
)
def test_every_state_can_be_listed(
    status: Status, probe: Probe, population: SharedPopulation
) -> None:
    """Listing by a state word shows exactly the cards in that state."""
    alone = CardQuery(status=status)
    judge_listing(population.active, alone, probe.find(alone))
    group = population.by_state.get(status)
    if group is None:
        not_exercised(str(population.absent[status.value]))
    query = group.pin.replace(status=status)
    found = probe.find(query)
    is_doubtful = status not in NAMED and not found.cards
    if is_doubtful and set(probe.states(group).values()) == {None}:
        not_exercised(f"{status} cards are not listed at all; no page says that they are")
    judge_listing(group.cards, query, found, owed=(status,), unlisted=())


def shown_as_active(query: CardQuery, found: Found) -> set[str]:
    """The keys of the cards that a listing by status=active shows, or another one as active."""
    return {key_of(one) for one in found.cards if query.status or one.status is Status.ACTIVE}


@requirement("QUERY-18")
def test_listings_keep_up_with_changes(
    probe: Probe, reserve: CardPool, request: pytest.FixtureRequest
) -> None:
    """Once a card is closed, no listing by any attribute with status=active shows it any more.

    Nor, on a sandbox, does one by any pair of attributes show it as active.
    """
    group = reserve.take()
    card = group.cards[0]
    queries = [
        CardQuery.of({attribute: value, Attribute.STATUS: Status.ACTIVE})
        for attribute, value in card.attributes.items()
        if attribute not in {Attribute.STATUS, Attribute.CARD_TEMPLATE_ID, Attribute.EVENT_NAME}
    ]
    if probe.cards.is_steerable:
        queries += by_values_of(card, PAIRS_AND_ALL)
    looks = (probe.find, probe.page)  # with a limit, and without one: a cache may know either
    if probe.cards.is_steerable:
        listings = [(look, query) for query in queries for look in looks]
    else:
        listings = list(zip(cycle(looks), queries, strict=False))
    calls = [partial(look, query) for look, query in listings]
    asked = [query for _, query in listings]
    probe.overlap.results(calls)
    probe.change(Action.DISMISS, group.single(card), group)
    seen = probe.watch(
        lambda: list(zip(asked, probe.overlap.results(calls), strict=True)),
        lambda seen: not any(key_of(card) in shown_as_active(*one) for one in seen),
    )
    for query, found in seen:
        listed = shown_as_active(query, found)
        if key_of(card) in listed and request.getfixturevalue("joins_by_or"):
            not_exercised(BY_OR)
        expect(
            key_of(card) not in listed,
            *found.exchanges,
            expected=f"{query} not to list a card that was dismissed",
            actual="it is still listed" if query.status else "it is still listed as active",
        )


@pytest.mark.parametrize(
    "state",
    [
        pytest.param(Status.SNOOZED, marks=requirement("QUERY-19")),
        pytest.param(Status.EMBARGOED, marks=requirement("QUERY-12")),
    ],
)
def test_listings_by_state_keep_up_with_changes(state: Status, probe: Probe) -> None:
    """Once a card is cancelled, no listing by its earlier state shows it; another one stays."""
    _ = probe.cards.controls  # not exercised on a live target, where no card can be snoozed
    group = probe.cards.seeder.seed(Population((CardSpec(status=state),) * 2))[0]
    card = group.cards[0]
    queries = [query for query in by_values_of(card, PAIRS_AND_ALL) if query.status]
    probe.act(Action.CANCEL, group.single(card), group)
    cancelled = all_in(Status.CANCELLED)
    if not cancelled(probe.states_once(only(group, card), cancelled)):
        not_exercised(f"a cancel leaves the {state} card as it is")
    seen = probe.watch(
        lambda: probe.find_each(queries),
        lambda seen: not any(key_of(card) in found.keys for _, found in seen),
    )
    for query, found in seen:
        expect(
            key_of(card) not in found.keys,
            *found.exchanges,
            expected=f"{query} not to list a card that was cancelled",
            actual="it is still listed",
        )


@requirement("QUERY-13")
def test_no_match_lists_nothing(probe: Probe) -> None:
    """An invented value lists no cards, whether the response is an empty list or a 4xx error."""
    names = (name for name in Attribute if name is not Attribute.STATUS)
    try:
        pages = probe.page_each(CardQuery.of({name: probe.invented()}) for name in names)
    except ContractBrokenError as error:
        exchanges = (error.exchange,) if error.exchange else ()
        raise Violation("an empty listing, or a 4xx error", str(error), exchanges) from None
    for _, found in pages:
        exchange = found.exchanges[-1]
        expect(
            not found.cards,
            exchange,
            expected="no card if none matches",
            actual=f"HTTP {exchange.status} with {len(found.cards)} card(s)",
        )


@requirement("QUERY-15")
def test_order_of_attributes_is_free(probe: Probe, population: SharedPopulation) -> None:
    """The same attributes in reverse order list the same cards."""
    for card in population.active[: 3 if probe.cards.is_steerable else 2]:
        query = CardQuery.of(card.attributes)
        straight = {key_of(found) for found in probe.find(query).cards}
        exchange = probe.raw("GET", "/cards", query, reverse=True)
        reverse = cards_of(exchange.json()) if exchange.succeeded else []
        expect(
            {key_of(found) for found in reverse} == straight,
            exchange,
            expected=f"the {len(straight)} card(s) listed with the usual order of attributes",
            actual=f"{len(reverse)} card(s)",
        )
