"""Rules on the shape of bodies: the sampled fields and types; more fields are fine.

Any field may be null, as the documentation does not say which may. Placeholders in a redacted
recording have no type.

Source: Cards API page › Retrieving cards, Complete (the example responses).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

from pytest_atomic_cards.model.cards import shows_no_cards
from pytest_atomic_cards.model.documented import (
    ELIDED_CARD_FIELDS,
    RESULT_FIELDS,
    SAMPLED_TIME,
    SHOWN_CARD_FIELDS,
    SUMMARY_FIELDS,
    Fields,
)
from pytest_atomic_cards.rules.agreement_rules import ACTIONS, COMPLETE, LISTINGS, OTHERS
from pytest_atomic_cards.rules.body_form import LISTING_FORM, RESULT_FORM, form_of, kind_of
from pytest_atomic_cards.rules.card_history import CardHistory
from pytest_atomic_cards.rules.parsed_response import (
    EMPTY,
    UNREADABLE,
    Fidelity,
    ParsedResponse,
    name_of,
)
from pytest_atomic_cards.rules.redaction_markers import is_masked
from pytest_atomic_cards.rules.reference_shapes import (
    LASTING_PAYLOAD_FIELDS,
    Body,
    is_sampled_result,
    is_sampled_summary,
)
from pytest_atomic_cards.rules.rule import Objection, Rule
from pytest_atomic_cards.rules.rule_dispatch import Traits, is_sampled
from pytest_atomic_cards.support.printable import cut

_ZONED_TIME: Final = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d([.,]\d+)?)?(Z|[+-]\d\d(:?\d\d)?)"
)
_LONGEST: Final = 80
"""Characters of a value in a message, which then fits on one line."""
_STRUCTURES: Final = (dict, list)
_WORDS: Final = {str: "a string", dict: "an object", list: "an array", int: "a whole number"}


def _has_fields(body: Body, fields: Fields, what: str = "") -> Objection | None:
    if fields.keys() <= body.keys():
        return None
    what = what or name_of(body)
    missing = [name for name in fields if name not in body]
    verb = "is" if len(missing) == 1 else "are"
    others = ", ".join(name for name in body if name not in {*fields, *ELIDED_CARD_FIELDS})
    instead = f"; it has {others} instead" if others and len(missing) > 1 else ""
    return Objection(
        f"{what} to have {', '.join(fields)}", f"{', '.join(missing)} {verb} missing{instead}"
    )


def _has_types(body: Body, fields: Fields, what: str = "") -> Objection | None:
    for name, kind in fields.items():
        value = body.get(name)
        if value.__class__ is kind or value is None or is_masked(value):
            continue
        what = what or name_of(body)
        return Objection(f"{name} of {what} to be {_WORDS[kind]}", f"it is {_brief(value)}")
    return None


def _has_both(body: Body, fields: Fields, what: str = "") -> Objection | None:
    return _has_fields(body, fields, what) or _has_types(body, fields, what)


def _brief(value: Any) -> str:  # noqa: ANN401 - a JSON value
    return cut(repr(value), _LONGEST)


def _is_object_with_data(response: ParsedResponse) -> Objection | bool:
    """A body that is absent, or unreadable in a recording, shows nothing.

    Nor does one whose data is null, if no card was expected in it.
    """
    body = response.body
    data = body.get("data") if isinstance(body, dict) else None
    if isinstance(data, list):
        if len(response.cards) == len(data):
            return True
        odd = any(not isinstance(one, dict) and not is_masked(one) for one in data)
        return _no_object(response, f"an array of something else: {form_of(data)}") if odd else True
    if shows_no_cards(body):
        return bool(response.updated) and _no_object(response, "an object whose data is null")
    if body is EMPTY or is_masked(body) or is_masked(data):
        return False
    if body is UNREADABLE:
        label = f", labelled {response.content_type}" if response.content_type else ""
        return response.fidelity is Fidelity.WIRE and _no_object(response, f"not JSON{label}")
    return _no_object(response, kind_of(body))


def _no_object(response: ParsedResponse, what: str) -> Objection:
    form = LISTING_FORM if response.action is None else RESULT_FORM
    return Objection(f"a JSON object with an array data of objects: {form}", f"the body is {what}")


def listing(response: ParsedResponse, _: CardHistory | None) -> Objection | bool:
    """A successful listing is an object with an array of objects."""
    return _is_object_with_data(response)


def card_fields(response: ParsedResponse, _: CardHistory | None) -> Objection | bool:
    """No field that the sample shows is missing from any card."""
    if response.fidelity < Fidelity.KEPT:
        return False
    return _first(_has_fields(card, SHOWN_CARD_FIELDS) for card in response.cards)


def card_types(response: ParsedResponse, _: CardHistory | None) -> Objection | bool:
    """Fields of a card are strings and objects as sampled."""
    return _first(_has_types(card, SHOWN_CARD_FIELDS) for card in response.cards)


def card_definition(response: ParsedResponse, _: CardHistory | None) -> Objection | bool:
    """A card has an object definition."""
    if response.fidelity < Fidelity.KEPT:
        return False
    return _first(_has_both(card, ELIDED_CARD_FIELDS) for card in response.cards)


def _first(found: Iterable[Objection | None]) -> Objection | bool:
    """The first objection; if there is none, whether anything was checked."""
    exercised = False
    for objection in found:
        if objection is not None:
            return objection
        exercised = True
    return exercised


def _times(response: ParsedResponse, form: re.Pattern[str], wanted: str) -> Objection | bool:
    exercised = False
    for card in response.cards:
        for name in ("created", "updated"):
            value = card.get(name)
            if not isinstance(value, str):
                continue
            if not form.fullmatch(value):
                if value and is_masked(value):
                    continue
                if response.fidelity < Fidelity.WIRE and not value[:1].isdigit():
                    continue
                return Objection(f"{name} of {name_of(card)} to be {wanted}", f"it is {value!r}")
            exercised = True
    return exercised


def times_with_zone(response: ParsedResponse, _: CardHistory | None) -> Objection | bool:
    """Created and updated are ISO 8601 with a zone."""
    return _times(response, _ZONED_TIME, "an ISO 8601 time with a zone")


def times_as_sampled(response: ParsedResponse, _: CardHistory | None) -> Objection | bool:
    """Created and updated have milliseconds and Z, and updated is not before created."""
    found = _times(response, SAMPLED_TIME, "a UTC time with milliseconds and Z")
    if isinstance(found, Objection):
        return found
    for card in response.cards:
        created, updated = card.get("created"), card.get("updated")
        if response.fidelity is Fidelity.WIRE and (created is None or updated is None):
            return Objection(
                f"created and updated of {name_of(card)} to be times",
                f"created is {created!r}, updated {updated!r}",
            )
        if isinstance(created, str) and isinstance(updated, str) and _is_before(updated, created):
            return Objection(
                f"updated of {name_of(card)} not to be before created",
                f"created is {created} and updated {updated}",
            )
    return found


def _is_before(one: str, other: str) -> bool:
    """Whether one sampled time is earlier; sampled times sort as text."""
    return one < other and bool(SAMPLED_TIME.fullmatch(one) and SAMPLED_TIME.fullmatch(other))


def payload(response: ParsedResponse, _: CardHistory | None) -> Objection | bool:
    """The payload has its sampled parts, and targets the card's customer."""
    if response.fidelity < Fidelity.KEPT:
        return False
    bodies = [(card, card.get("payload")) for card in response.cards]
    for card, body in bodies:
        if body is None and response.fidelity is Fidelity.WIRE and "payload" in card:
            return Objection(f"payload of {name_of(card)} to be an object", "it is null")
    return _first(_payload(card, body) for card, body in bodies if isinstance(body, dict))


def _payload(card: Body, body: Body) -> Objection | None:
    if wrong := _has_both(body, LASTING_PAYLOAD_FIELDS, "payload"):
        return wrong
    details = [body[name] for name in ("detail", "variables") if name in body]
    odd = [one for one in details if not isinstance(one, dict) and not is_masked(one)]
    if odd or not details:
        return Objection(
            f"payload of {name_of(card)} to have an object detail or variables",
            f"it has {', '.join(body) or 'nothing'}",
        )
    target, user = body["target"], card.get("userId")
    users = target.get("usersById") if isinstance(target, dict) else user
    listed = users if isinstance(users, list) else []
    if user in listed or user is None or users is None:
        return None
    if any(map(is_masked, (user, users, *listed))):
        return None
    return Objection(
        f"payload.target.usersById to be an array with {user!r}", f"it is {_brief(users)}"
    )


def answer(response: ParsedResponse, past: CardHistory | None) -> Objection | bool:
    """The response to an action has data, a summary and every field of its results."""
    found = listing(response, past)
    if found is not True:
        return found
    keeps = response.fidelity >= Fidelity.KEPT
    objection = _has_both if keeps else _has_types
    summary = response.body.get("summary")
    if not isinstance(summary, dict):
        if keeps and not is_masked(summary):
            return Objection(
                f"an object with an array data and an object summary: {RESULT_FORM}",
                f"it has no summary: {form_of(response.body)}",
            )
    elif not is_sampled_summary(summary) and (
        wrong := objection(summary, SUMMARY_FIELDS, "summary")
    ):
        return wrong
    for result in response.cards:
        if not is_sampled_result(result) and (wrong := objection(result, RESULT_FIELDS)):
            return wrong
    return bool(response.cards)


def label(response: ParsedResponse, _: CardHistory | None) -> Objection | bool:
    """The Content-Type is JSON."""
    known = response.content_type or response.fidelity is Fidelity.WIRE
    if not known or not isinstance(response.body, _STRUCTURES):
        return False
    return "json" in response.content_type.lower() or Objection(
        "a Content-Type of JSON", f"it is {response.content_type!r}"
    )


def _is_labelled(traits: Traits) -> bool:
    return traits.is_labelled


SHAPE: Final[tuple[Rule, ...]] = (
    Rule("cards_listing_shape", "SHAPE-01", LISTINGS, listing, rests=is_sampled),
    Rule("cards_card_fields", "SHAPE-02", LISTINGS, card_fields, rests=is_sampled),
    Rule("cards_card_types", "SHAPE-03", LISTINGS, card_types, rests=is_sampled),
    Rule("cards_definition", "SHAPE-12", LISTINGS, card_definition, rests=is_sampled),
    Rule("cards_times", "SHAPE-04", LISTINGS, times_with_zone, rests=is_sampled),
    Rule("cards_times", "SHAPE-05", LISTINGS, times_as_sampled, rests=is_sampled),
    Rule("cards_payload", "SHAPE-06", LISTINGS, payload, rests=is_sampled),
    Rule("cards_answer_shape", "SHAPE-07", COMPLETE, answer, rests=is_sampled),
    Rule("cards_answer_shape", "RESULT-04", OTHERS, answer, rests=is_sampled),
    Rule("cards_json_label", "SHAPE-09", LISTINGS | ACTIONS, label, rests=_is_labelled),
)
"""The required shape of response bodies."""
