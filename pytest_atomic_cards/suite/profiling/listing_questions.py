"""Open questions about listings: their order, their paging, and which cards they omit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from http import HTTPStatus
from itertools import pairwise
from typing import Any, Final

from pytest_atomic_cards.model.card_spec import Population
from pytest_atomic_cards.model.cards import Card, cards_of
from pytest_atomic_cards.model.documented import DEFAULT_PAGE, LARGEST_LIMIT
from pytest_atomic_cards.model.exchange import Exchange
from pytest_atomic_cards.model.lifecycle import Action, Status
from pytest_atomic_cards.model.query import CardQuery
from pytest_atomic_cards.suite.probing.group_selection import only
from pytest_atomic_cards.suite.profiling.bulk_cards import Bulk
from pytest_atomic_cards.suite.profiling.context import ProfilingContext
from pytest_atomic_cards.suite.profiling.observed_responses import keys, listed
from pytest_atomic_cards.suite.profiling.observers import observer
from pytest_atomic_cards.support.errors import NotAvailableError, NotListedError
from pytest_atomic_cards.targets.seeding.listing_reader import Group, key_of

_MOMENTS: Final = 4
"""Creation times: four are in order by chance in one of 24 cases only."""
_AT_A_MOMENT: Final = Population.of(3)
"""Cards with the same creation time, whose order may differ from one request to the next."""
_WRITES: Final = 3
"""Writes, each read back at once: a stale read need not occur every time."""
_INSTANT: Final = timedelta(milliseconds=2)
"""Makes creation times differ, which have a resolution of one millisecond."""
_BAD_NUMBERS: Final = (("limit", "-1"), ("limit", "x"), ("offset", "-1"), ("offset", "x"))


@observer
def order(context: ProfilingContext) -> str:
    """List cards of one customer that were created at different times, twice."""
    ours, query = context.once(cards_at_moments)
    query = query.replace(limit=LARGEST_LIMIT)
    pages = [_known(context.get(query), ours) for _ in range(2)]
    if any(len(page) < len(ours) for page in pages):
        raise NotAvailableError("a listing by userId does not show all cards of a customer")
    first, second = ([key_of(card) for card in page] for page in pages)
    return "shuffled-page" if first != second else _order_of(pages[0], ours)


def cards_at_moments(context: ProfilingContext) -> tuple[list[str], CardQuery]:
    """Cards of one customer in the order of their creation, and the query that selects them."""
    names = context.settings.user_ids
    user = names[0] if context.is_live and names else context.cards.backend.new_user()
    groups = _at_moments(context, user)
    return [key_of(card) for group in groups for card in group.cards], CardQuery(user_id=user)


def _at_moments(context: ProfilingContext, user: str) -> list[Group]:
    """Cards of one customer; on a live target the starts differ in time anyway."""
    population = _AT_A_MOMENT.with_fields(user_id=user)
    if context.is_live:
        return context.cards.seeder.seed(*[population] * _MOMENTS)
    groups = []
    for _ in range(_MOMENTS):
        groups += context.cards.seeder.seed(population)
        context.cards.pass_time(_INSTANT)
    return groups


def _known(exchange: Exchange, ours: Sequence[str]) -> list[Card]:
    found = cards_of(exchange.json()) if exchange.succeeded else []
    return [card for card in found if key_of(card) in ours]


def _order_of(cards: Sequence[Card], ours: Sequence[str]) -> str:
    moments: list[Any] = [card.created for card in cards]
    if None in moments or len(set(moments)) == 1:
        moments = [ours.index(key_of(card)) for card in cards]
    ids = [key_of(card) for card in cards]
    for word, sequence in (
        ("oldest-first", moments),
        ("newest-first", moments[::-1]),
        ("by-id", ids),
        ("by-id", [(len(one), one) for one in ids]),
    ):
        if all(before <= after for before, after in pairwise(sequence)):
            return word
    return "fixed, but neither by time nor by id"


@observer
def listing_limit_over_1000(context: ProfilingContext) -> str:
    """List with ``limit=1001``; if that is served, list more than 1000 cards."""
    exchange = context.get(context.still.pin.replace(limit=LARGEST_LIMIT + 1))
    if not exchange.succeeded:
        return str(exchange.status)
    context.evidence = context.once(Bulk).listing
    count = len(listed(context.evidence))
    words = {DEFAULT_PAGE: "default", LARGEST_LIMIT: "clamped", LARGEST_LIMIT + 1: "served"}
    return words.get(count, f"{count} cards")


@observer
def limit_zero(context: ProfilingContext) -> str:
    """List a group with ``limit=0``."""
    exchange = context.get(context.still.pin.replace(limit=0))
    if exchange.status != HTTPStatus.OK:
        return str(exchange.status)
    found = listed(exchange)
    if found >= keys(context.still):
        return "default"
    return f"{len(found)} card(s)" if found else "empty"


@observer
def bad_number(context: ProfilingContext) -> str:
    """List a group with limits and offsets that are negative or not numbers."""
    seen: dict[str, str] = {}
    for name, value in _BAD_NUMBERS:
        exchange = context.get(context.still.pin, (name, value))
        ignored = listed(exchange) >= keys(context.still)
        word = "ignored" if ignored else f"{exchange.status}"
        seen[f"{name}={value}"] = word
    words = set(seen.values())
    if len(words) == 1:
        return words.pop()
    return ", ".join(f"{parameter} {word}" for parameter, word in seen.items())


@observer
def embargoed_cards_listed(context: ProfilingContext) -> str:
    """List a group with an embargoed card, if it could be seeded at all."""
    try:
        group, card = context.supply.card(Status.EMBARGOED)
    except NotListedError:
        return "no"
    word = context.probe.watch(partial(_plainly, context, group, key_of(card)), bool)
    return "only-by-status" if word is None else "yes"


@observer
def closed_cards_listed(context: ProfilingContext) -> str:
    """List a group with a dismissed card, once the dismissal is visible."""
    closed = _close(context, Action.DISMISS)
    if closed.word is None:
        return "no"
    plainly = partial(_plainly, context, closed.group, closed.key)
    word = context.probe.watch(plainly, lambda word: word != Status.ACTIVE)
    return "only-by-status" if word is None else "yes"


def _plainly(context: ProfilingContext, group: Group, key: str) -> str | None:
    """The state word of a card in a listing without a status attribute."""
    exchange = context.get(group.pin)
    found = cards_of(exchange.json()) if listed(exchange) else []
    return {key_of(card): card.status for card in found}.get(key)


@observer
def cancelled_cards_listed(context: ProfilingContext) -> str:
    """Look for a cancelled card, with and without each state."""
    closed = _close(context, Action.CANCEL)
    context.get(closed.group.pin.replace(status=Status.CANCELLED))
    word = closed.word
    if word is None:
        return "no"
    return "yes" if word == Status.CANCELLED else word


@dataclass(frozen=True, slots=True)
class _Closed:
    """A card that an action closed, and the state word under which it is still listed."""

    group: Group
    key: str
    word: str | None


def _close(context: ProfilingContext, action: Action) -> _Closed:
    group, card = context.supply.card()
    key, watched = key_of(card), only(group, card)
    context.succeed(context.put(action, group.single(card)))
    states = context.probe.states_once(watched, lambda now: now[key] != Status.ACTIVE)
    if states[key] is None:
        context.probe.settle_surely()
        states = context.probe.states(watched)
    return _Closed(group, key, states[key])


@observer
def read_after_write(context: ProfilingContext) -> str:
    """Dismiss cards one by one, and list the active ones right after each."""
    for _ in range(_WRITES):
        group, card = context.supply.card()
        query = group.single(card)
        context.succeed(context.put(Action.DISMISS, query))
        if listed(context.get(query.replace(status=Status.ACTIVE))):
            return "delayed"
    return "immediate"
