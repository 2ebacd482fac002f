"""A query is read back from the text in which it was sent."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from pytest_atomic_cards.model.query import CardQuery
from pytest_atomic_cards.support.errors import MisuseError

from .query_values import some_queries


@settings(deadline=None)
@given(some_queries)
def test_a_query_survives_encoding_and_parsing(query: CardQuery) -> None:
    """What was encoded and read back is the same query."""
    assert CardQuery.parse(query.encode()) == query


def test_parsing_reads_other_encodings_of_the_same() -> None:
    """A plus for a space, lower-case escapes, needless escapes and empty pairs are understood."""
    assert CardQuery.parse("userId=a+b&&lifecycleId=%c3%a9&eventName=%41") == CardQuery(
        user_id="a b", lifecycle_id="é", event_name="A"
    )


def test_parsing_keeps_a_semicolon() -> None:
    """A semicolon is part of a value and separates nothing."""
    assert CardQuery.parse("userId=a;status=active") == CardQuery(user_id="a;status=active")


@pytest.mark.parametrize(
    ("query_string", "message"),
    [
        ("cardInstanceId=x", "unknown query parameter 'cardInstanceId'; known: eventName, "),
        ("userid=x", "unknown query parameter 'userid'"),
        ("user_id=x", "unknown query parameter 'user_id'"),
        ("=x", "unknown query parameter ''"),
        ("userId=a&userId=b", "query parameter 'userId' is repeated"),
        ("userId=a&userId=a", "query parameter 'userId' is repeated"),
        ("limit=1&limit=1", "query parameter 'limit' is repeated"),
        ("multiple=1&multiple=1", "query parameter 'multiple' is repeated"),
        ("userId=", "user_id must be a non-empty string or None, not ''"),
        ("userId", "user_id must be a non-empty string or None, not ''"),
        ("multiple=true", "multiple='true' is not documented; only multiple=1 is"),
        ("multiple=0", "multiple='0' is not documented"),
        ("multiple=", "multiple='' is not documented"),
        ("limit=ten", "limit='ten' is not a whole number"),
        ("limit=", "limit='' is not a whole number"),
        ("offset=1.5", "offset='1.5' is not a whole number"),
        ("limit=1_000", "limit='1_000' is not a whole number"),
        ("limit=+1", "limit=' 1' is not a whole number"),
        ("limit=%2B1", "limit='+1' is not a whole number"),
        ("offset=%D9%A3", "offset='٣' is not a whole number"),
        ("limit=--1", "limit='--1' is not a whole number"),
        (f"limit={'9' * 5_000}", " is not a whole number"),
        ("userId=%ff", "query string 'userId=%ff' is not UTF-8"),
        ("%ff=a", "query string '%ff=a' is not UTF-8"),
    ],
)
def test_parsing_refuses_by_name_and_value(query_string: str, message: str) -> None:
    """What cannot be a query is refused, with the parameter and the value that it had."""
    with pytest.raises(MisuseError) as refusal:
        CardQuery.parse(query_string)
    assert message in str(refusal.value)


def test_parsing_reads_negative_numbers() -> None:
    """What a target makes of a negative number is open, so a query can hold one."""
    assert CardQuery.parse("limit=-1&offset=-0") == CardQuery(limit=-1, offset=0)
