"""The attribute values of experiments, and near misses: values that a wrong comparison equates.

Each value is odd in every way at once, or consists of digits. Attributes, numbers of matching cards
and states take turns, so that each of them meets both kinds.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from pytest_atomic_cards.model.lifecycle import Status
from pytest_atomic_cards.model.query import Attribute
from pytest_atomic_cards.model.request_space import DIMENSIONS

Fields = dict[str, Any]
"""A card to seed, by the names of its fields in JSON."""

ALIKE: Final = "x"
"""What is added to a value to make another one that begins with it."""
VARIABLES: Final = {"count": 2}
"""The variables of cards that match: a number, as that becomes a text most easily."""
_MANY: Final = 16
"""Fields: more than a form has as a rule."""
EVERY_KIND: Final[Mapping[str, Any]] = {
    "": "empty key",
    "null": None,
    "false": False,
    "numbers": [0, -1, 0.5, 2**53 - 1, 1e-9],
    "number": 2,
    "nested": {"array": [[], {}, [None, {"deep": False}]]},
    "text": 'ü 日本語 😀 " \\ \n ' + "long " * 60,
    "status": "active",
    **{f"field {number}": number for number in range(_MANY)},
}
"""A payload of many fields, with every kind of JSON value, to complete cards with."""
KNOWN: Final[Mapping[str, Any]] = {
    "variables": VARIABLES,
    "payload": json.dumps(EVERY_KIND).encode(),
}
"""What all arrangements of a sandbox have in common."""
_LONG: Final = "-" * 40
"""Makes an odd value longer than 64 characters, a usual width of a database column."""
_ODD: Final = f" +&=#%41'\"~;:/?*_\\^`|<>(){{}}[]$!@,é\0{_LONG}%"
"""What a target cuts or changes that decodes a value twice, not at all, or wrongly; it ends like a
pattern that longer values match."""
_PADDED: Final = " "
"""Makes a longer value that begins alike, matches alike as a pattern, and is the same when it is
trimmed or cut."""
_ACCENT: Final = "\N{COMBINING ACUTE ACCENT}"
"""Makes another value that is the same without accents, or in ASCII alone."""
_LATER: Final = 3600.0
"""Seconds until an embargo or a snooze ends: after the run."""
_TIMERS: Final = {Status.EMBARGOED: "embargoUntil", Status.SNOOZED: "snoozeUntil"}
_LONG_ENOUGH: Final = 8
"""Characters of a value with near misses that nobody uses."""
_CUT: Final = (Attribute.EVENT_NAME, Attribute.CARD_TEMPLATE_ID, Attribute.FLOW_INVOCATION_ID)
"""The attributes whose near miss is the beginning of their value."""
_TIMES: Final = {"created": -60.0, "updated": -30.0}
"""Seconds from now: a target that shows one of the two for the other shows another time."""
_NUMBERS: Final = DIMENSIONS["matches"]


def value_of(attribute: Attribute, name: str, matches: str, state: str) -> str:
    """A value of an arrangement, odd or of digits.

    Args:
        attribute: The attribute.
        name: The name of the arrangement, of hexadecimal digits.
        matches: How many of its cards match.
        state: In which state they are.
    """
    place = list(Attribute).index(attribute)
    if (place + _NUMBERS.index(matches) + (state != Status.ACTIVE)) % 2:
        return f"{attribute.field}-{name}{_ODD}"
    return f"{place + 1}{int(name, 16):015}"


def near_misses(value: str) -> tuple[str, str]:
    """Two other values, which equal ``value`` for a target that does not compare exactly."""
    if value.isdecimal():
        return f"0{value}", _with_other_end(value)
    return f"{value}{_PADDED}", f"{value}{_ACCENT}"


def near_miss_of(attribute: Attribute, value: str) -> str:
    """Another value, of the same form, for an attribute whose values a target chooses.

    Some are the beginning of ``value``, as a target may compare beginnings. The others differ in
    their last character, which a target may ignore; so an id stays well-formed.

    Returns:
        The value; an empty one if others might use any that is so short.
    """
    if len(value) < _LONG_ENOUGH:
        return ""
    return value[:-1] if attribute in _CUT else _with_other_end(value)


def _with_other_end(value: str) -> str:
    return value[:-1] + ("1" if value[-1] == "0" else "0")


def plain_values(name: str) -> dict[Attribute, str]:
    """A value for each attribute, but for the status."""
    return {one: f"{one.field}-{name}" for one in Attribute if one is not Attribute.STATUS}


def card_fields(name: str, shared: Mapping[Attribute, str], state: Status) -> Fields:
    """A card with a name, that shares some values with others."""
    values = {**plain_values(name), **shared}
    fields: Fields = {one.value: value for one, value in values.items()}
    if timer := _TIMERS.get(state):
        fields[timer] = _LATER
    return {**fields, **_TIMES, "cardInstanceId": f"card-{name}", "status": state.value}
