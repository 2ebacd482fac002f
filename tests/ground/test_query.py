"""A query reaches the target exactly as it was meant, or not at all."""

from __future__ import annotations

import dataclasses
from io import BytesIO
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote_to_bytes

import pytest
import requests
from hypothesis import given, settings
from werkzeug.wrappers import Request

from pytest_atomic_cards.model.lifecycle import Status
from pytest_atomic_cards.model.query import Attribute, CardQuery, encode_parameters
from pytest_atomic_cards.support.errors import MisuseError

from .query_values import FIELDS, HOSTILE, VALUES

if TYPE_CHECKING:
    from collections.abc import Callable


def by_name(**values: Any) -> CardQuery:  # noqa: ANN401 - any field, right or wrong
    """A query of which the fields are only known by name."""
    return CardQuery(**values)


def _wsgi_pairs(query_string: str) -> list[tuple[str, str]]:
    """What a WSGI application reads: bytes in Latin-1, split before they are decoded."""
    pairs = [pair.split(b"=", 1) for pair in query_string.encode("latin-1").split(b"&") if pair]
    return [
        (
            unquote_to_bytes(name.replace(b"+", b" ")).decode(),
            unquote_to_bytes(value.replace(b"+", b" ")).decode(),
        )
        for name, value in pairs
    ]


def _werkzeug_pairs(query_string: str) -> list[tuple[str, str]]:
    environ = {
        "REQUEST_METHOD": "GET",
        "QUERY_STRING": query_string,
        "wsgi.input": BytesIO(),
        "wsgi.url_scheme": "http",
        "SERVER_NAME": "cards.test",
        "SERVER_PORT": "80",
    }
    return list(Request(environ).args.items(multi=True))


def test_the_attributes_are_the_seven_of_the_api() -> None:
    """The seven attributes have the names of the documentation, and fields named alike."""
    assert {attribute.value: attribute.field for attribute in Attribute} == FIELDS


def test_every_attribute_is_a_field_of_the_query() -> None:
    """Besides the attributes a query has limit, offset and multiple, and nothing else."""
    names = {field.name for field in dataclasses.fields(CardQuery)}
    assert names == {*FIELDS.values(), "limit", "offset", "multiple"}


def test_an_empty_query_encodes_to_nothing() -> None:
    """A query in which nothing is set has no parameters."""
    assert CardQuery().parameters() == []
    assert CardQuery().encode() == ""


@pytest.mark.parametrize(("name", "field"), FIELDS.items())
def test_an_attribute_is_sent_under_its_name(name: str, field: str) -> None:
    """Each attribute alone becomes one parameter with the name of the documentation."""
    assert by_name(**{field: "x-1"}).encode() == f"{name}=x-1"


def test_parameters_come_in_the_order_of_the_documentation() -> None:
    """All parameters together keep one order, whatever the order in which they were given."""
    query = by_name(
        multiple=True,
        offset=20,
        limit=10,
        status=Status.ACTIVE,
        **{field: f"v{number}" for number, field in enumerate(list(FIELDS.values())[:-1])},
    )
    assert query.encode() == (
        "eventName=v0&lifecycleId=v1&cardTemplateId=v2&flowInstanceId=v3&flowInvocationId=v4"
        "&userId=v5&status=active&limit=10&offset=20&multiple=1"
    )


def test_multiple_is_the_literal_1_or_absent() -> None:
    """``multiple`` is sent as 1, and not at all where it is false."""
    assert CardQuery(multiple=True).encode() == "multiple=1"
    assert CardQuery(multiple=False).encode() == ""


def test_zero_is_sent() -> None:
    """A limit or offset of zero is a value, and not the same as none."""
    assert CardQuery(limit=0, offset=0).encode() == "limit=0&offset=0"


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize("read", [parse_qsl, _wsgi_pairs, _werkzeug_pairs])
def test_hostile_values_arrive_as_they_are(
    value: str, read: Callable[[str], list[tuple[str, str]]]
) -> None:
    """Three independent readers, one of them of raw bytes, get the value back."""
    query = CardQuery(lifecycle_id=value, user_id="after")
    assert read(query.encode()) == [("lifecycleId", value), ("userId", "after")]


@settings(deadline=None)
@given(VALUES)
def test_any_text_arrives_as_it_is(value: str) -> None:
    """Whatever the text, the readers agree on it."""
    query_string = CardQuery(user_id=value).encode()
    for read in (parse_qsl, _wsgi_pairs, _werkzeug_pairs):
        assert read(query_string) == [("userId", value)]


@settings(deadline=None)
@given(VALUES)
def test_the_encoded_query_is_plain_ascii(value: str) -> None:
    """Only unreserved characters and percent escapes are left, so nothing on the way differs."""
    allowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~%"
    encoded = CardQuery(user_id=value).encode().removeprefix("userId=")
    assert set(encoded) <= set(allowed)


@pytest.mark.parametrize("value", HOSTILE)
def test_requests_leaves_the_encoded_query_alone(value: str) -> None:
    """The HTTP library that normalises URLs sends the query just as it was encoded."""
    encoded = CardQuery(user_id=value, status="active").encode()
    prepared = requests.Request("GET", f"http://cards.test/cards?{encoded}").prepare()
    assert prepared.url == f"http://cards.test/cards?{encoded}"


def test_a_space_is_not_a_plus() -> None:
    """A space becomes %20 and a plus %2B, which no reader can mistake for each other."""
    assert CardQuery(user_id="a b+c").encode() == "userId=a%20b%2Bc"


def test_parameter_names_are_encoded_too() -> None:
    """A name that needs escaping cannot smuggle in another parameter."""
    assert encode_parameters([("a&b", "c"), ("d=e", "f")]) == "a%26b=c&d%3De=f"


@pytest.mark.parametrize("field", FIELDS.values())
@pytest.mark.parametrize("value", ["", 7, 0, False, b"x", ["x"], object])
def test_an_attribute_is_a_non_empty_string(field: str, value: object) -> None:
    """Anything but a non-empty string is refused, with the field, the value and the danger."""
    with pytest.raises(MisuseError) as refusal:
        by_name(**{field: value})
    assert str(refusal.value) == (
        f"{field} must be a non-empty string or None, not {value!r}; "
        "an empty attribute could widen the query to every card"
    )


@pytest.mark.parametrize("field", ["limit", "offset"])
@pytest.mark.parametrize("value", ["10", 1.0, True, False, [1]])
def test_limit_and_offset_are_whole_numbers(field: str, value: object) -> None:
    """Numbers in strings, fractions and booleans are refused, with the field and the value."""
    with pytest.raises(MisuseError) as refusal:
        by_name(**{field: value})
    assert str(refusal.value) == f"{field} must be a whole number or None, not {value!r}"


@pytest.mark.parametrize("value", ["\ud800", "a\udfffb"], ids=["high", "low"])
def test_half_a_surrogate_pair_is_refused(value: str) -> None:
    """Text that has no UTF-8 form cannot be encoded, and the error says which text."""
    with pytest.raises(MisuseError) as refusal:
        CardQuery(user_id=value).encode()
    assert str(refusal.value).startswith(f"{value!r} is not valid Unicode text: ")


def test_fields_cannot_be_given_by_position() -> None:
    """Two ids cannot be confused, as every field is named."""
    with pytest.raises(TypeError):
        CardQuery("life-1")  # type: ignore[call-arg] # the point of the test


def test_a_query_cannot_be_changed() -> None:
    """A query that was checked stays as it was."""
    query = CardQuery(user_id="a")
    with pytest.raises(dataclasses.FrozenInstanceError):
        query.user_id = ""  # type: ignore[misc] # the point of the test


def test_attributes_are_those_that_are_set() -> None:
    """The attributes are given as plain words, without limit, offset and multiple."""
    query = CardQuery(status=Status.SNOOZED, user_id="u", limit=5, multiple=True)
    assert query.attributes == {Attribute.USER_ID: "u", Attribute.STATUS: "snoozed"}
    assert list(query.attributes) == [Attribute.USER_ID, Attribute.STATUS]
    assert type(query.attributes[Attribute.STATUS]) is str


def test_a_status_may_be_any_word() -> None:
    """A word that is no known state is passed through."""
    assert CardQuery(status="paused").encode() == "status=paused"


def test_replace_changes_a_copy() -> None:
    """The named fields are changed, the others kept, and the original left alone."""
    query = CardQuery(user_id="u", limit=5)
    assert query.replace(limit=None, multiple=True) == CardQuery(user_id="u", multiple=True)
    assert query == CardQuery(user_id="u", limit=5)


def test_attributes_can_be_added_by_name() -> None:
    """A copy that names further attributes keeps the others, and the paging."""
    query = CardQuery(user_id="u", limit=1).with_attributes({Attribute.LIFECYCLE_ID: "l"})
    assert query == CardQuery(user_id="u", lifecycle_id="l", limit=1)


def test_replace_checks_like_the_constructor() -> None:
    """A copy cannot hold what a query cannot hold."""
    with pytest.raises(MisuseError, match="user_id must be a non-empty string"):
        CardQuery(user_id="u").replace(user_id="")


CARD = dict(zip(Attribute, ["e", "l", "t", "i", "v", "u", "active"], strict=True))


def test_an_empty_query_matches_every_card() -> None:
    """Where nothing is asked, everything matches, also a card of which nothing is known."""
    assert CardQuery().matches(CARD)
    assert CardQuery().matches({})


@pytest.mark.parametrize("attribute", Attribute)
def test_one_attribute_decides(attribute: Attribute) -> None:
    """A card matches if it has the value asked for, and not if it has another or none."""
    query = by_name(**{attribute.field: CARD[attribute]})
    assert query.matches(CARD)
    assert not query.matches(CARD | {attribute: "other"})
    assert not query.matches({name: value for name, value in CARD.items() if name != attribute})


@pytest.mark.parametrize("wrong", Attribute)
def test_all_attributes_must_match(wrong: Attribute) -> None:
    """One wrong value among seven is enough not to match."""
    query = by_name(**{attribute.field: value for attribute, value in CARD.items()})
    assert query.matches(CARD)
    assert not query.matches(CARD | {wrong: "other"})


@pytest.mark.parametrize("near", ["U", "uu", "", " u", "u "])
def test_matching_is_exact(near: str) -> None:
    """Case, length and blanks count."""
    assert not CardQuery(user_id="u").matches(CARD | {Attribute.USER_ID: near})


def test_paging_and_multiple_do_not_affect_matching() -> None:
    """Limit, offset and multiple say how many cards, not which."""
    assert CardQuery(user_id="u", limit=0, offset=9, multiple=True).matches(CARD)


def test_a_status_matches_its_word() -> None:
    """A status asked for as a member matches the word of a body."""
    assert CardQuery(status=Status.ACTIVE).matches(CARD)


def test_a_query_prints_as_it_is_sent() -> None:
    """In a message a query reads like the end of the URL."""
    assert str(CardQuery(user_id="a b", limit=1)) == "?userId=a%20b&limit=1"
