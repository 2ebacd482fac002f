"""Generated queries are legal, mostly match, sometimes nearly match, and shrink well."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_atomic_cards.model.card_spec import CardSpec, Population
from pytest_atomic_cards.model.cards import Card
from pytest_atomic_cards.model.lifecycle import Status
from pytest_atomic_cards.model.query import Attribute, CardQuery
from pytest_atomic_cards.strategies import attribute_combinations, populations, queries

from .drawing import sample, smallest


@dataclass(frozen=True)
class Thing:
    """An object with attributes, like a card."""

    attributes: dict[Attribute, str] = field(default_factory=dict)


def _thing(number: int) -> Thing:
    """One of seven cards that differ in every attribute and have no event name."""
    values = {attribute: f"{attribute.value} {number}" for attribute in Attribute}
    del values[Attribute.EVENT_NAME]
    return Thing(values | {Attribute.STATUS: list(Status)[number].value})


THINGS = [_thing(number) for number in range(7)]


def _matches_some(query: CardQuery) -> bool:
    return any(query.matches(thing.attributes) for thing in THINGS)


def _share(examples: list[CardQuery]) -> float:
    return sum(map(_matches_some, examples)) / len(examples)


@pytest.fixture(scope="module")
def examples() -> list[CardQuery]:
    """Five hundred queries on the seven cards."""
    return sample(queries(THINGS), 500)


def test_every_combination_of_attributes_occurs() -> None:
    """All 128 sets of the seven attributes occur within 1,000 draws."""
    assert len(set(sample(attribute_combinations(), 1_000))) == 128


@pytest.mark.parametrize("fewest", range(8))
def test_combinations_have_the_fewest_attributes_asked_for(fewest: int) -> None:
    """No combination is smaller than ``min_size``, and one of that size occurs."""
    assert min(map(len, sample(attribute_combinations(fewest)))) == fewest


def test_combinations_shrink_to_the_first_attributes() -> None:
    """The minimal combination of two is the first two in the documentation."""
    first_two = frozenset({Attribute.EVENT_NAME, Attribute.LIFECYCLE_ID})
    assert smallest(attribute_combinations(2), lambda _: True) == first_two


@pytest.mark.parametrize("attribute", Attribute)
def test_combinations_shrink_to_the_attribute_that_matters(attribute: Attribute) -> None:
    """A combination that needs one attribute shrinks to it, at any position."""
    found = smallest(attribute_combinations(), lambda chosen: attribute in chosen)
    assert found == {attribute}


@settings(deadline=None)
@given(queries() | queries(THINGS) | queries([]) | populations().flatmap(queries))
def test_every_query_survives_encoding(query: CardQuery) -> None:
    """Encoding and parsing a query gives the same query."""
    assert CardQuery.parse(query.encode()) == query


@settings(deadline=None)
@given(queries() | queries(THINGS))
def test_queries_stay_within_what_is_documented(query: CardQuery) -> None:
    """The status is a known word, paging is legal, and ``multiple`` is never set."""
    assert query.status is None or query.status in set(Status)
    assert query.limit is None or 1 <= query.limit <= 1_000
    assert query.offset is None or query.offset >= 0
    assert not query.multiple


def test_most_queries_match_a_card(examples: list[CardQuery]) -> None:
    """Given cards, most queries match one of them, and some match none."""
    assert 0.6 < _share(examples) < 1


def test_queries_without_unmatched_values_hold_only_values_of_cards() -> None:
    """With ``unmatched=False`` every value is one that some card has for that attribute."""
    named = [Thing(thing.attributes | {Attribute.EVENT_NAME: "e"}) for thing in THINGS]
    held = {pair for thing in named for pair in thing.attributes.items()}
    for query in sample(queries(named, unmatched=False)):
        assert set(query.attributes.items()) <= held


def test_some_queries_mix_the_values_of_several_cards() -> None:
    """Without unmatched values, some queries still match no card."""
    assert 0 < _share(sample(queries(THINGS, unmatched=False))) < 1


def test_some_queries_miss_by_one_value(examples: list[CardQuery]) -> None:
    """Some queries match a card in all attributes except one, whose value no card has."""

    def misses_by_one(query: CardQuery) -> bool:
        return any(
            len(query.attributes.items() - thing.attributes.items()) == 1 < len(query.attributes)
            for thing in THINGS
        )

    assert any(map(misses_by_one, examples))


def test_unmatched_values_are_near_misses() -> None:
    """Near misses are longer or shorter than a value, or belong to another attribute."""
    only_user = st.just(frozenset({Attribute.USER_ID}))
    users = {query.user_id for query in sample(queries(THINGS, attributes=only_user), 1_000)}
    own = {thing.attributes[Attribute.USER_ID] for thing in THINGS}
    assert users & {f"{user}0" for user in own}
    assert "userId" in users
    assert (users - own) & {value for thing in THINGS for value in thing.attributes.values()}


def test_unmatched_values_do_not_hang_on_case() -> None:
    """A value that no card has never differs only in case."""
    known = Thing({Attribute.USER_ID: "ab0", Attribute.LIFECYCLE_ID: "AB0"})
    shout = Thing({Attribute.USER_ID: "AB"})
    for query in sample(
        queries([known, shout], attributes=st.just(frozenset({Attribute.USER_ID})))
    ):
        assert query.user_id is not None
        assert query.user_id in {"ab0", "AB"} or query.user_id.lower() not in {"ab0", "ab"}


def test_unmatched_statuses_are_words_that_no_card_has() -> None:
    """If every card is active, an unmatched status is one of the other six words."""
    active = [Thing({Attribute.STATUS: "active"})]
    examples = sample(queries(active, attributes=st.just(frozenset({Attribute.STATUS}))), 1_000)
    assert {query.status for query in examples} == set(Status)


def test_a_query_on_cards_of_every_status_finds_no_other_one() -> None:
    """If all seven words occur, the status is always one that a card has."""
    only_status = st.just(frozenset({Attribute.STATUS}))
    assert all(map(_matches_some, sample(queries(THINGS, attributes=only_status))))


def test_most_queries_leave_out_what_the_card_lacks() -> None:
    """If no card has an event name, most queries omit it and match."""
    pair = st.just(frozenset({Attribute.EVENT_NAME, Attribute.USER_ID}))
    examples = sample(queries(THINGS, attributes=pair), 300)
    assert _share(examples) > 0.5
    assert any(query.event_name for query in examples)


@pytest.mark.parametrize("cards", [[], [Thing()], THINGS], ids=["none", "bare", "no event name"])
@pytest.mark.parametrize("unmatched", [True, False])
def test_a_query_never_widens_to_every_card(cards: list[Thing], *, unmatched: bool) -> None:
    """If no card has the requested attribute, it is set to a value that matches nothing."""
    event_name = st.just(frozenset({Attribute.EVENT_NAME}))
    for query in sample(queries(cards, attributes=event_name, unmatched=unmatched), 50):
        assert set(query.attributes) == {Attribute.EVENT_NAME}


def test_a_population_gives_values_to_queries() -> None:
    """The fields of specs are the attributes of the cards that they become."""
    spec = CardSpec(
        user_id="u",
        card_template_id="t",
        event_name="e",
        lifecycle_id="l",
        flow_instance_id="i",
        flow_invocation_id="v",
        status=Status.SNOOZED,
    )
    every = st.just(frozenset(Attribute))
    found = smallest(queries(Population.of(2, spec), attributes=every), lambda _: True)
    assert found == CardQuery(
        user_id="u",
        card_template_id="t",
        event_name="e",
        lifecycle_id="l",
        flow_instance_id="i",
        flow_invocation_id="v",
        status=Status.SNOOZED,
    )


def test_a_listed_card_gives_values_to_queries() -> None:
    """Cards that the client returned can be passed directly."""
    card = Card.from_body({"userId": "u", "eventName": "", "status": "active"})
    found = smallest(queries([card]), lambda query: len(query.attributes) == 2)
    assert found == CardQuery(user_id="u", status=Status.ACTIVE)


def test_pages_lie_about_the_number_of_cards(examples: list[CardQuery]) -> None:
    """Limit and offset go up to one more than there are cards, and some queries set neither."""
    assert {query.limit for query in examples} == {None, *range(1, 9)}
    assert {query.offset for query in examples} == {None, *range(9)}


def test_paging_can_be_left_to_the_caller() -> None:
    """With ``paging=False`` no query sets limit or offset."""
    for strategy in (queries(paging=False), queries(THINGS, paging=False)):
        assert all(query.limit is query.offset is None for query in sample(strategy))


def test_queries_shrink_to_the_empty_query() -> None:
    """The minimal query has no attribute and no paging."""
    assert smallest(queries(THINGS), lambda _: True) == CardQuery()


@pytest.mark.parametrize("attribute", [Attribute.LIFECYCLE_ID, Attribute.USER_ID, Attribute.STATUS])
def test_a_failing_query_shrinks_to_one_attribute(attribute: Attribute) -> None:
    """A query that fails by one attribute shrinks to it, with the first card's value."""
    found = smallest(queries(THINGS), lambda query: attribute in query.attributes)
    assert found.attributes == {attribute: THINGS[0].attributes[attribute]}
    assert found.limit is found.offset is None


def test_a_failing_page_shrinks_to_one_parameter() -> None:
    """A query that fails by its offset shrinks to the smallest offset."""
    found = smallest(queries(THINGS), lambda query: (query.offset or 0) > 3)
    assert found == CardQuery(offset=4)


def test_a_free_query_shrinks_to_one_plain_value() -> None:
    """Without cards, a failing query shrinks to one digit in one attribute."""
    found = smallest(queries(), lambda query: query.user_id is not None)
    assert found == CardQuery(user_id="0")
