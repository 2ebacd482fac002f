"""Cards of long listings as tables, and back."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_atomic_cards.recordings.cassettes.table_encoding import CardTable, at, cards_in
from pytest_atomic_cards.strategies import payloads

SHAPES = [
    {"id": 0, "payload": {"target": {"users": ["a"]}, "options": {}}, "status": "active"},
    {"id": 1, "payload": {}},
    {"id": 2, "a.b": {"c": 1}, "a": {"b.c": 2, "b": {"c": 3}}},
    {"id": 3, "payload": {"target": None}},
    {},
]
CARDS = st.lists(
    st.builds(lambda shape, number: {**shape, "id": number}, st.sampled_from(SHAPES), st.integers())
    | payloads(3),
    max_size=30,
)


@settings(max_examples=150, deadline=None)
@given(CARDS, CARDS)
def test_cards_come_back_whatever_they_hold(
    first: list[dict[str, Any]], second: list[dict[str, Any]]
) -> None:
    """Listings of cards of any shape are the same after they were written and read."""
    table = CardTable()
    places = [table.places(cards) for cards in (first, second, first)]
    cards = cards_in(json.loads(json.dumps(table.as_json())))
    assert [list(at(one, cards)) for one in places] == [first, second, first]


def test_what_all_cards_share_is_written_once() -> None:
    """A table names the common fields once, and a row holds nothing but what differs."""
    table = CardTable()
    cards = [
        {
            "id": f"card-{n}",
            "status": "active",
            "payload": {"target": {"users": [f"u{n}"]}, "o": {}},
        }
        for n in range(3)
    ]
    assert table.places(cards) == "0-2"
    assert table.places(reversed(cards)) == "2 1 0"
    assert table.as_json() == [
        {
            "like": {"status": "active", "payload": {"o": {}}},
            "columns": ["id", ["payload", "target", "users"]],
            "rows": [["card-0", ["u0"]], ["card-1", ["u1"]], ["card-2", ["u2"]]],
        }
    ]


def test_numbers_that_are_equal_but_not_the_same_are_distinguished() -> None:
    """A card with 1 is another one than a card with 1.0 or true."""
    table = CardTable()
    cards = [{"value": 1}, {"value": 1.0}, {"value": True}]
    assert table.places(cards) == "0-2"
    assert json.dumps(cards_in(table.as_json())) == json.dumps(cards)


@pytest.mark.parametrize(
    "tables",
    [
        [{"like": {}, "columns": ["a"]}],
        [{"like": {}, "columns": ["a"], "rows": [[]]}],
        [{"like": {}, "columns": ["a"], "rows": [[1, 2]]}],
        [{"like": {}, "columns": [[1, {}]], "rows": [[1]]}],
        [{"like": {"a": 1}, "columns": [["a", "b"]], "rows": [[1]]}],
        [{"like": 1, "columns": ["a"], "rows": [[1]]}],
        [1],
        1,
    ],
)
def test_a_damaged_table_is_reported(tables: Any) -> None:  # noqa: ANN401 - anything
    """What is no table is an error of the kinds that readers of a file turn into one message."""
    with pytest.raises((KeyError, TypeError, ValueError, AttributeError)):
        cards_in(tables)


@pytest.mark.parametrize("places", ["3", "0-3", "2-1", "-1", "x"])
def test_places_without_a_card_are_reported(places: str) -> None:
    """A listing that names cards which are not there cannot be read."""
    with pytest.raises(ValueError, match=r"there are no cards|invalid literal"):
        list(at(places, [{}, {}, {}]))
