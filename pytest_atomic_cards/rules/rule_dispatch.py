"""Traits: the little that tells which rules an answer concerns, the same for most of a recording.

It is read at one look, so that no rule is asked that has nothing to say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pytest_atomic_cards.rules.card_history import CardHistory
    from pytest_atomic_cards.rules.parsed_response import ParsedResponse


class Traits(NamedTuple):
    """What is told of an answer before any rule is asked.

    Args:
        kind: The kind of answer (see ``ParsedResponse.kind``).
        names: The names of the documented parameters that the request gives.
        is_plain: Whether no value in the query needs encoding.
        is_authorized: Whether the request had an ``Authorization`` header.
        is_labelled: Whether the Content-Type says JSON, in lower case.
        is_small: Whether it holds one card at most, and no limit of one was asked for.
        is_sampled: Whether all cards or results in it are as sampled.
        seen: How its cards were listed before: in which closed states, or in none.
    """

    kind: str
    names: frozenset[str]
    is_plain: bool
    is_authorized: bool
    is_labelled: bool
    is_small: bool
    is_sampled: bool
    seen: frozenset[str | None]


def is_sampled(traits: Traits) -> bool:
    """Whether all cards or results in an answer are as sampled."""
    return traits.is_sampled


def traits_of(response: ParsedResponse, past: CardHistory | None) -> Traits:
    """The traits of an answer, given what was told before it."""
    asked = response.asked
    return Traits(
        response.kind,
        asked.names,
        asked.is_plain,
        response.authorized,
        "json" in response.content_type,
        len(response.data) <= 1 and asked.limit != 1,
        response.as_sampled,
        frozenset() if past is None else past.seen(response),
    )
