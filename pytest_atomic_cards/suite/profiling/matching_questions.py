"""Open questions of matching: which cards a query selects."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from pytest_atomic_cards.model.exchange import Exchange
from pytest_atomic_cards.model.lifecycle import Action, Status
from pytest_atomic_cards.model.query import Attribute
from pytest_atomic_cards.suite.probe import key_of, only, response_of
from pytest_atomic_cards.suite.profiling.context import Observer, Scene
from pytest_atomic_cards.suite.profiling.observed_responses import keys, listed, total
from pytest_atomic_cards.support.errors import NotAvailableError
from pytest_atomic_cards.targets.seeding.listing_reader import Group

_UNKNOWN: Final = ("contractProbe", "1")


def zero_match_listing(scene: Scene) -> str:
    """List by a made-up value."""
    return empty_or_status(scene.no_match, cards=len(listed(scene.no_match)))


def zero_match_action(scene: Scene) -> str:
    """Dismiss by a made-up value, within cards of this run."""
    exchange = scene.put(
        Action.DISMISS, scene.still.pin.replace(lifecycle_id=scene.probe.invented())
    )
    has_body = exchange.succeeded and exchange.response_body
    return empty_or_status(exchange, cards=len(response_of(exchange).results) if has_body else 0)


def empty_or_status(exchange: Exchange, *, cards: int) -> str:
    """How it is said that no card matches."""
    if exchange.status != HTTPStatus.OK:
        return str(exchange.status)
    if not exchange.response_body:
        return "200 with an empty body"
    if cards:
        return f"{cards} card(s)"
    return "null" if exchange.json()["data"] is None else "empty"


def wrong_state(scene: Scene) -> str:
    """Dismiss all cards of a group, of which one is active and the others are completed."""
    group = _mixed(scene)
    exchange = scene.put(Action.DISMISS, group.pin.replace(multiple=True))
    if not exchange.succeeded:
        refused = exchange.status == HTTPStatus.CONFLICT
        return "refused" if refused else f"refused with {exchange.status}"
    count = total(exchange)
    words = {1: "unselected", len(group.cards): "counted"}
    return words.get(count, f"summary.total {count} of {len(group.cards)}")


def multiple_counts(scene: Scene) -> str:
    """Dismiss such a group without ``multiple``, and with it where that was refused."""
    group = _mixed(scene)
    exchange = scene.put(Action.DISMISS, group.pin)
    if exchange.succeeded:
        return "actionable"
    again = scene.put(Action.DISMISS, group.pin.replace(multiple=True))
    if again.succeeded or again.status != exchange.status:
        scene.evidence = exchange
        return "matching"
    raise NotAvailableError(
        f"cards in a wrong state are refused with HTTP {again.status}, with multiple=1 as well"
    )


def _mixed(scene: Scene) -> Group:
    """One active card, the first, and at least one completed card."""
    group = scene.supply.group()
    for card in group.cards[1:]:
        scene.succeed(scene.put(Action.COMPLETE, group.single(card)))
    closed = only(group, *group.cards[1:])
    scene.probe.states_once(closed, lambda now: Status.ACTIVE not in now.values())
    return group


def empty_attribute(scene: Scene) -> str:
    """List a group with an empty customer id beside its pin."""
    exchange = scene.get(scene.still.pin, (Attribute.USER_ID, ""))
    return "absent" if listed(exchange) >= keys(scene.still) else _not_listed(scene, exchange)


def repeated_attribute(scene: Scene) -> str:
    """List two groups by giving both of their invocation ids."""
    first, second = scene.still, scene.still_too
    other = second.pin.attributes[Attribute.FLOW_INVOCATION_ID]
    exchange = scene.get(first.pin, (Attribute.FLOW_INVOCATION_ID, other))
    found = listed(exchange)
    if not found:
        return _not_listed(scene, exchange)
    for word, due in (
        ("any", keys(first) | keys(second)),
        ("first", keys(first)),
        ("last", keys(second)),
    ):
        if found >= due:
            return word
    return f"{len(found)} card(s)"


def unknown_parameter(scene: Scene) -> str:
    """List a group with an unknown parameter beside its pin."""
    exchange = scene.get(scene.still.pin, _UNKNOWN)
    return "ignored" if listed(exchange) >= keys(scene.still) else _not_listed(scene, exchange)


def unknown_status(scene: Scene) -> str:
    """List a group by a made-up status."""
    exchange = scene.get(scene.still.pin.replace(status=scene.probe.invented()))
    found = listed(exchange)
    return f"{len(found)} card(s)" if found else _not_listed(scene, exchange)


def attribute_case(scene: Scene) -> str:
    """List a group by one of its values in the other case."""
    field, value = _lettered(scene.still.cards[0].attributes)
    exchange = scene.get(scene.still.pin.replace(**{field: value.swapcase()}))
    return "insensitive" if key_of(scene.still.cards[0]) in listed(exchange) else "sensitive"


def _lettered(values: Mapping[Attribute, str]) -> tuple[str, str]:
    for attribute in (Attribute.USER_ID, Attribute.CARD_TEMPLATE_ID, Attribute.LIFECYCLE_ID):
        value = values.get(attribute, "")
        if value.swapcase() != value:
            return attribute.field, value
    raise NotAvailableError("no attribute of a card has a value with letters")


def multiple_spelling(scene: Scene) -> str:
    """Dismiss a group of active cards with ``multiple=true``."""
    exchange = scene.put(Action.DISMISS, scene.supply.group().pin, ("multiple", "true"))
    if exchange.succeeded:
        return "truthy"
    return "1" if exchange.status == HTTPStatus.BAD_REQUEST else str(exchange.status)


def _not_listed(scene: Scene, exchange: Exchange) -> str:
    """Whether a listing without a card found none or was refused.

    Raises:
        NotAvailableError: This target answers both alike.
    """
    if exchange.status == HTTPStatus.OK:
        return "no-match"
    none = scene.no_match
    scene.evidence = exchange
    if exchange.status != none.status:
        return str(exchange.status)
    if exchange.status in {HTTPStatus.NO_CONTENT, HTTPStatus.NOT_FOUND}:
        return "no-match"
    raise NotAvailableError(
        f"a listing that no card matches is answered with HTTP {none.status} as well"
    )


OBSERVERS: Final[Mapping[str, Observer]] = {
    observer.__name__: observer
    for observer in (
        zero_match_listing,
        zero_match_action,
        wrong_state,
        multiple_counts,
        empty_attribute,
        repeated_attribute,
        unknown_parameter,
        unknown_status,
        attribute_case,
        multiple_spelling,
    )
}
