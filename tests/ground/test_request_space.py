"""Requests and matching cards are placed in the space that the documentation speaks about."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_atomic_cards.model.query import Attribute
from pytest_atomic_cards.model.request_space import DIMENSIONS, card_point, request_point


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ([], {"by": "none", "multiple": "absent", "limit": "absent", "offset": "absent"}),
        ([("userId", "u"), ("multiple", "1")], {"by": "userId", "multiple": "1"}),
        ([("status", "active"), ("userId", "u")], {"by": "userId+status"}),
        ([(name, "x") for name in Attribute], {"by": "all"}),
        ([(name, "x") for name in list(Attribute)[:3]], {"by": "other"}),
        ([("multiple", "true"), ("limit", "0")], {"multiple": "other", "limit": "other"}),
        ([("limit", "1000"), ("offset", "100")], {"limit": "1000", "offset": "page"}),
        ([("limit", "7"), ("offset", "7")], {"limit": "some", "offset": "inside"}),
        ([("limit", "1"), ("offset", "0")], {"limit": "1", "offset": "0"}),
        ([("offset", "-1")], {"offset": "other"}),
    ],
)
def test_parameters_place_a_request(
    parameters: list[tuple[str, str]], expected: dict[str, str]
) -> None:
    """The parameters of a request decide its attributes, multiple, limit and offset."""
    assert expected.items() <= request_point("cancel", parameters).items()


@pytest.mark.parametrize(
    ("body", "expected"),
    [(b"", "none"), (b"{ }", "empty"), (b'{"a": 1}', "object"), (b"[1]", "other")],
)
def test_a_body_places_a_request(body: bytes, expected: str) -> None:
    """A request body is absent, an empty object, an object, or something else."""
    assert request_point("complete", [], body)["body"] == expected


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        ([], {"matches": "0"}),
        (["active"], {"matches": "1", "state": "active"}),
        (["active", "expired"], {"matches": "2", "state": "mixed"}),
        (["snoozed"] * 100, {"matches": "many", "state": "snoozed"}),
        (["active"] * 101, {"matches": "over-page", "state": "active"}),
        (["active"] * 501, {"matches": "over-limit", "state": "active"}),
        (["active"] * 1001, {"matches": "over-largest", "state": "active"}),
    ],
)
def test_matching_cards_place_a_request(states: list[str], expected: dict[str, str]) -> None:
    """The cards that have the given values decide how many match, and in what state."""
    assert card_point(states) == expected


@given(
    st.sampled_from(DIMENSIONS["operation"]),
    st.dictionaries(st.sampled_from([*Attribute, "limit", "offset", "multiple"]), st.text()),
    st.binary(),
)
def test_every_request_lies_in_the_space(
    operation: str, parameters: dict[str, str], body: bytes
) -> None:
    """Whatever a request holds, it has a value of each dimension that it decides."""
    point = request_point(operation, list(parameters.items()), body)
    assert all(value in DIMENSIONS[name] for name, value in point.items())
