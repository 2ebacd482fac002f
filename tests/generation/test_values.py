"""Attribute values and payloads are as documented, and shrink to plain ones."""

from __future__ import annotations

import json
import math
import unicodedata
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings

from pytest_atomic_cards.strategies import attribute_values, payloads

from .drawing import sample, smallest

if TYPE_CHECKING:
    from collections.abc import Iterator

Json = Any


def _leaves(value: Json) -> Iterator[Json]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from _leaves(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(inner)
    else:
        yield value


def _depth(value: Json) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return isinstance(value, dict | list) + max(map(_depth, inner), default=0)


@settings(deadline=None)
@given(attribute_values())
def test_attribute_values_are_tame_text(value: str) -> None:
    """A value is not empty, is trimmed, has no control characters, and encodes as UTF-8."""
    assert value
    assert value == value.strip()
    assert not any(unicodedata.category(character) == "Cc" for character in value)
    assert value.encode()


@settings(deadline=None)
@given(attribute_values(hostile=True))
def test_hostile_values_are_text(value: str) -> None:
    """A hostile value is not empty and encodes as UTF-8."""
    assert value
    assert value.encode()


@pytest.mark.parametrize("hostile", [False, True])
def test_values_fit_into_a_url(*, hostile: bool) -> None:
    """Seven values of maximum length, with four bytes for each character, stay below 4 kB."""
    longest = max(map(len, sample(attribute_values(hostile=hostile))))
    assert 7 * 12 * longest < 4_000


def test_awkward_pieces_occur() -> None:
    """Everything that an encoder may get wrong occurs within 1,000 values."""
    values = sample(attribute_values(), 1_000)
    awkward = [*"+&%=#/?;, '\"", "%20", "%2B", "é", "日", "😀"]
    assert [piece for piece in awkward if not any(piece in value for value in values)] == []


def test_hostile_values_have_blank_ends_and_control_characters() -> None:
    """Hostile values have what the others omit."""
    values = sample(attribute_values(hostile=True))
    assert any(value != value.strip() for value in values)
    assert any("\0" in value for value in values)


@pytest.mark.parametrize("hostile", [False, True])
def test_attribute_values_shrink_to_one_digit(*, hostile: bool) -> None:
    """The minimal value is "0"."""
    assert smallest(attribute_values(hostile=hostile), lambda _: True) == "0"


def test_attribute_values_shrink_to_the_offending_character() -> None:
    """A value that needs one character shrinks to it."""
    assert smallest(attribute_values(), lambda value: "%" in value) == "%"


@pytest.fixture(scope="module")
def examples() -> list[dict[str, Any]]:
    """So many payloads that rare ones are among them, whichever constants Hypothesis knows.

    The rarest, 2**53 - 1, is in one of 25.
    """
    return sample(payloads(), 500)


def test_payloads_are_json_objects(examples: list[dict[str, Any]]) -> None:
    """A payload is an object that strict JSON in UTF-8 preserves."""
    for payload in examples:
        text = json.dumps(payload, allow_nan=False, ensure_ascii=False)
        assert isinstance(payload, dict)
        assert json.loads(text.encode()) == payload


def test_payload_integers_fit_into_64_bits(examples: list[dict[str, Any]]) -> None:
    """Every integer fits in 64 bits."""
    integers = [leaf for leaf in _leaves(examples) if isinstance(leaf, int)]
    assert all(-(2**63) <= number < 2**63 for number in integers)


def test_payloads_are_at_most_24_levels_deep(examples: list[dict[str, Any]]) -> None:
    """The nesting is deep, but not deeper than JSON parsers allow."""
    assert 20 <= max(map(_depth, examples)) <= 24


def test_payloads_reach_the_edges(examples: list[dict[str, Any]]) -> None:
    """Edge-case numbers, ambiguous keys and long values all occur."""
    leaves = list(_leaves(examples))
    numbers = [leaf for leaf in leaves if isinstance(leaf, int | float)]
    assert {2**53 - 1, 2**53 + 1, 1e308, 5e-324, 0} <= set(numbers)
    assert any(number == 0 and math.copysign(1, number) < 0 for number in numbers)
    assert {"", "status", "data", "__proto__"} <= {key for payload in examples for key in payload}
    assert max(len(json.dumps(payload)) for payload in examples) > 4_000
    assert any(isinstance(leaf, str) and not leaf.isascii() for leaf in leaves)


def test_payloads_shrink_to_the_empty_object() -> None:
    """The minimal payload is empty."""
    assert smallest(payloads(), lambda _: True) == {}


def test_payloads_shrink_to_the_one_key_that_matters() -> None:
    """Irrelevant members are dropped, including those drawn earlier."""
    assert smallest(payloads(), lambda payload: "status" in payload) == {"status": None}


def test_payloads_shrink_to_the_one_value_that_matters() -> None:
    """A text that is not ASCII shrinks to one character with the shortest key."""

    def has_letters_of_others(payload: dict[str, Any]) -> bool:
        return any(isinstance(leaf, str) and not leaf.isascii() for leaf in payload.values())

    assert smallest(payloads(), has_letters_of_others) == {"": "\x80"}
