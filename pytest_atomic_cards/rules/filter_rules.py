"""Rules that compare the listed or changed cards with the attributes of the query.

Each rule accepts every choice that the documentation leaves open: case, an attribute that is
repeated or empty, a value with commas read as a list, a stale listing.

Source: Cards API page › Query attributes, Retrieving cards, Card actions.
"""

from __future__ import annotations

import re
from functools import partial
from typing import Final
from urllib.parse import unquote

from pytest_atomic_cards.model.lifecycle import Action, Status
from pytest_atomic_cards.model.query import Attribute
from pytest_atomic_cards.rules.card_history import CardHistory, Sighting, long_after
from pytest_atomic_cards.rules.parsed_query import ATTRIBUTES
from pytest_atomic_cards.rules.parsed_response import LISTING, PLAIN, ParsedResponse, name_of
from pytest_atomic_cards.rules.redaction_markers import is_masked
from pytest_atomic_cards.rules.rule import Choice, Judge, Objection, Rule
from pytest_atomic_cards.rules.rule_dispatch import Traits

_NAME: Final = "cards_match_query"
_STATUS: Final = Attribute.STATUS.value
_ACTIVE: Final = frozenset({Status.ACTIVE.value})
_SNOOZED: Final = frozenset({Status.SNOOZED.value})
_STATES: Final = frozenset(status.value for status in Status)
_UNRESERVED: Final = re.compile(r"[A-Za-z0-9._~-]*")


def _match(response: ParsedResponse, past: CardHistory | None) -> Objection | bool:
    """Compare every card with every attribute of the query.

    The status is skipped for actions, as a result may show the state after the action.
    """
    compared = False
    for attribute, allowed in response.asked.readings.items():
        if attribute == _STATUS and response.action:
            continue
        for place, card in enumerate(response.cards):
            held = card.get(attribute)
            if not isinstance(held, PLAIN):
                continue
            compared = True
            if str(held).casefold() in allowed or is_masked(held):
                continue
            if (
                attribute == _STATUS
                and past
                and not _is_settled(response, held, past.of(response, place))
            ):
                continue
            return Objection(
                f"only cards with {attribute}={_value(response, attribute)}",
                f"{name_of(card)} has {attribute}={held}",
            )
    return compared


def _is_settled(response: ParsedResponse, held: object, seen: Sighting | None) -> bool:
    """Whether a card is shown in a closed state that it has long had."""
    return seen is not None and seen.closed == held and long_after(response.started, seen.closed_by)


def _value(response: ParsedResponse, attribute: str) -> str:
    encoded = response.asked.once[attribute]
    return unquote(encoded) if "%" in encoded else encoded


def _match_active(response: ParsedResponse, past: CardHistory | None) -> Objection | bool:
    return response.asked.readings.get(_STATUS) == _ACTIVE and _match(response, past)


def _match_snoozed(response: ParsedResponse, past: CardHistory | None) -> Objection | bool:
    return response.asked.readings.get(_STATUS) == _SNOOZED and _match(response, past)


def _match_unnamed(response: ParsedResponse, past: CardHistory | None) -> Objection | bool:
    asked = response.asked.readings.get(_STATUS, _ACTIVE)
    return asked not in {_ACTIVE, _SNOOZED} and asked <= _STATES and _match(response, past)


def _match_odd_value(response: ParsedResponse, past: CardHistory | None) -> Objection | bool:
    """Like :func:`_match`, for queries with a value that needs encoding."""
    for attribute in response.asked.readings:
        if not _UNRESERVED.fullmatch(_value(response, attribute)):
            return _match(response, past)
    return False


def _is(attribute: Attribute, traits: Traits) -> bool:
    return traits.names & ATTRIBUTES == {attribute.value}


def _is_one(traits: Traits) -> bool:
    return len(traits.names & ATTRIBUTES) == 1


def _may_be_odd(traits: Traits) -> bool:
    return not traits.is_plain and _is_one(traits)


def _are_several(traits: Traits) -> bool:
    return len(traits.names & ATTRIBUTES) > 1


_LISTINGS: Final[tuple[tuple[str, Choice, Judge], ...]] = (
    ("QUERY-01", partial(_is, Attribute.EVENT_NAME), _match),
    ("QUERY-02", partial(_is, Attribute.LIFECYCLE_ID), _match),
    ("QUERY-03", partial(_is, Attribute.CARD_TEMPLATE_ID), _match),
    ("QUERY-04", partial(_is, Attribute.FLOW_INSTANCE_ID), _match),
    ("QUERY-05", partial(_is, Attribute.FLOW_INVOCATION_ID), _match),
    ("QUERY-06", partial(_is, Attribute.USER_ID), _match),
    ("QUERY-07", partial(_is, Attribute.STATUS), _match_active),
    ("QUERY-09", _may_be_odd, _match_odd_value),
    ("QUERY-12", partial(_is, Attribute.STATUS), _match_unnamed),
    ("QUERY-19", partial(_is, Attribute.STATUS), _match_snoozed),
    ("QUERY-16", _are_several, _match),
)
_ACTIONS: Final[tuple[tuple[str, Choice, Judge], ...]] = (
    ("QUERY-11", _is_one, _match),
    ("SCHEMA-04", _are_several, _match),
)

MATCHING: Final[tuple[Rule, ...]] = tuple(
    Rule(_NAME, requirement, kinds, judge, about)
    for kinds, table in (
        (frozenset({LISTING}), _LISTINGS),
        (frozenset(action.value for action in Action), _ACTIONS),
    )
    for requirement, about, judge in table
)
"""The listed or changed cards have the attributes of the query."""
