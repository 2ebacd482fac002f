"""Traits: the few facts that decide which rules concern a response.

Most responses of a recording share them, so rules can be selected once and skipped cheaply.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pytest_atomic_cards.rules.card_history import CardHistory
    from pytest_atomic_cards.rules.parsed_response import ParsedResponse


class Traits(NamedTuple):
    """What is known of a response before any rule judges it.

    Args:
        kind: The kind of response (see ``ParsedResponse.kind``).
        names: The names of the documented parameters that the request gives.
        is_plain: Whether no value in the query needs encoding.
        is_authorized: Whether the request had an ``Authorization`` header.
        is_labelled: Whether the Content-Type is JSON, in lower case.
        is_small: Whether it has at most one card, and the limit is not 1.
        is_sampled: Whether all its cards or results are as sampled.
        seen: The closed states in which its cards were listed before; ``None`` for an open card.
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
    """Whether all cards or results of a response are as sampled."""
    return traits.is_sampled


def traits_of(response: ParsedResponse, past: CardHistory | None) -> Traits:
    """The traits of a response, given what earlier ones showed."""
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
