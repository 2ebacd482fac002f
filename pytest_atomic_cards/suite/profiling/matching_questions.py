"""Open questions about matching: which cards a query selects."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from pytest_atomic_cards.model.exchange import Exchange
from pytest_atomic_cards.model.lifecycle import Action, Status
from pytest_atomic_cards.model.query import Attribute, CardQuery
from pytest_atomic_cards.suite.probing.action_responses import response_of
from pytest_atomic_cards.suite.probing.group_selection import only
from pytest_atomic_cards.suite.profiling.context import ProfilingContext
from pytest_atomic_cards.suite.profiling.observed_responses import keys, listed, total
from pytest_atomic_cards.suite.profiling.observers import observer
from pytest_atomic_cards.support.errors import NotAvailableError
from pytest_atomic_cards.targets.seeding.listing_reader import Group, key_of

_UNKNOWN: Final = ("contractProbe", "1")


@observer
def zero_match_listing(context: ProfilingContext) -> str:
    """List by an invented value."""
    return empty_or_status(context.no_match, cards=len(listed(context.no_match)))


@observer
def zero_match_action(context: ProfilingContext) -> str:
    """Dismiss by an invented value, pinned to cards of this run."""
    exchange = context.put(
        Action.DISMISS, context.still.pin.replace(lifecycle_id=context.probe.invented())
    )
    has_body = exchange.succeeded and exchange.response_body
    return empty_or_status(exchange, cards=len(response_of(exchange).results) if has_body else 0)


def empty_or_status(exchange: Exchange, *, cards: int) -> str:
    """How a response shows that no card matches."""
    if not exchange.succeeded or exchange.status == HTTPStatus.NO_CONTENT:
        return str(exchange.status)
    if not exchange.response_body:
        return f"{exchange.status} with an empty body"
    if cards:
        return f"{cards} card(s)"
    return "null" if exchange.json()["data"] is None else "empty"


@observer
def wrong_state(context: ProfilingContext) -> str:
    """Dismiss a group with one active card and completed ones."""
    group = _mixed(context)
    exchange = context.put(Action.DISMISS, group.pin.replace(multiple=True))
    if not exchange.succeeded:
        return str(exchange.status)
    count = total(exchange)
    words = {1: "unselected", len(group.cards): "counted"}
    return words.get(count, f"summary.total {count} of {len(group.cards)}")


@observer
def multiple_counts(context: ProfilingContext) -> str:
    """Dismiss such a group without ``multiple``; if that is refused, with it."""
    group = _mixed(context)
    exchange = context.put(Action.DISMISS, group.pin)
    if exchange.succeeded:
        return "actionable"
    again = context.put(Action.DISMISS, group.pin.replace(multiple=True))
    if again.succeeded or again.status != exchange.status:
        context.evidence = exchange
        return "matching"
    raise NotAvailableError(
        f"cards in a wrong state are refused with HTTP {again.status}, with multiple=1 as well"
    )


def _mixed(context: ProfilingContext) -> Group:
    """A group whose first card is active and whose other cards are completed."""
    group = context.supply.take()
    for card in group.cards[1:]:
        context.succeed(context.put(Action.COMPLETE, group.single(card)))
    closed = only(group, *group.cards[1:])
    context.probe.states_once(closed, lambda now: Status.ACTIVE not in now.values())
    return group


@observer
def empty_attribute(context: ProfilingContext) -> str:
    """List a group with its pin and an empty customer id."""
    exchange = context.get(context.still.pin, (Attribute.USER_ID, ""))
    return "absent" if listed(exchange) >= keys(context.still) else _not_listed(context, exchange)


@observer
def repeated_attribute(context: ProfilingContext) -> str:
    """List two groups with both of their invocation ids."""
    first, second = context.still, context.still_too
    other = second.pin.attributes[Attribute.FLOW_INVOCATION_ID]
    exchange = context.get(first.pin, (Attribute.FLOW_INVOCATION_ID, other))
    found = listed(exchange)
    if not found:
        return _not_listed(context, exchange)
    for word, due in (
        ("any", keys(first) | keys(second)),
        ("first", keys(first)),
        ("last", keys(second)),
    ):
        if found >= due:
            return word
    return f"{len(found)} card(s)"


@observer
def comma_list(context: ProfilingContext) -> str:
    """List two groups by their invocation ids, separated by a comma."""
    groups = (context.still, context.still_too)
    ids = [group.pin.attributes[Attribute.FLOW_INVOCATION_ID] for group in groups]
    exchange = context.get(CardQuery(flow_invocation_id=",".join(ids)))
    found = listed(exchange)
    if not found:
        word = _not_listed(context, exchange)
        return "literal" if word == "no-match" else word
    return "any" if found >= keys(groups[0]) | keys(groups[1]) else f"{len(found)} card(s)"


@observer
def unknown_parameter(context: ProfilingContext) -> str:
    """List a group with its pin and an unknown parameter."""
    exchange = context.get(context.still.pin, _UNKNOWN)
    return "ignored" if listed(exchange) >= keys(context.still) else _not_listed(context, exchange)


@observer
def unknown_status(context: ProfilingContext) -> str:
    """List a group by an invented status."""
    exchange = context.get(context.still.pin.replace(status=context.probe.invented()))
    found = listed(exchange)
    return f"{len(found)} card(s)" if found else _not_listed(context, exchange)


@observer
def attribute_case(context: ProfilingContext) -> str:
    """List a group by one of its values with the case swapped."""
    attribute, value = _lettered(context.still.cards[0].attributes)
    exchange = context.get(context.still.pin.with_attributes({attribute: value.swapcase()}))
    return "insensitive" if key_of(context.still.cards[0]) in listed(exchange) else "sensitive"


def _lettered(values: Mapping[Attribute, str]) -> tuple[Attribute, str]:
    for attribute in (Attribute.USER_ID, Attribute.CARD_TEMPLATE_ID, Attribute.LIFECYCLE_ID):
        value = values.get(attribute, "")
        if value.swapcase() != value:
            return attribute, value
    raise NotAvailableError("no attribute of a card has a value with letters")


@observer
def multiple_spelling(context: ProfilingContext) -> str:
    """Dismiss a group of active cards with ``multiple=true``."""
    exchange = context.put(Action.DISMISS, context.supply.take().pin, ("multiple", "true"))
    if exchange.succeeded:
        return "truthy"
    return "1" if exchange.status == HTTPStatus.BAD_REQUEST else str(exchange.status)


def _not_listed(context: ProfilingContext, exchange: Exchange) -> str:
    """Whether a listing without cards matched none or was refused.

    Raises:
        NotAvailableError: This target responds the same way in both cases.
    """
    if exchange.succeeded:
        return "no-match"
    none = context.no_match
    context.evidence = exchange
    if exchange.status != none.status:
        return str(exchange.status)
    if exchange.status == HTTPStatus.NOT_FOUND:
        return "no-match"
    raise NotAvailableError(f"a listing that matches no card gets HTTP {none.status} as well")
