"""Open questions about actions: their limits, their responses, and what they accept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pytest_atomic_cards.model.documented import DEFAULT_CANCEL, DEFAULT_PAGE, LARGEST_LIMIT
from pytest_atomic_cards.model.lifecycle import Action
from pytest_atomic_cards.suite.probing.action_responses import response_of
from pytest_atomic_cards.suite.profiling.bulk_cards import Bulk
from pytest_atomic_cards.suite.profiling.context import ProfilingContext
from pytest_atomic_cards.suite.profiling.listing_questions import cards_at_moments
from pytest_atomic_cards.suite.profiling.observed_responses import total, updated
from pytest_atomic_cards.suite.profiling.observers import observer
from pytest_atomic_cards.support.errors import NotAvailableError

_TRIES: Final = 3
"""Times that cards are seeded anew if their ids agree with their times by chance: one case of ten
thousand is left."""
_ACTIONS: Final = (Action.DISMISS, Action.COMPLETE)
_WORDS: Final = {
    tuple(action.value for action in (Action.DISMISS, Action.CANCEL)): "imperative",
    tuple(action.outcome.value for action in (Action.DISMISS, Action.CANCEL)): "past",
}


@observer
def action_status(context: ProfilingContext) -> str:
    """Dismiss a card."""
    group, card = context.supply.card()
    return str(context.succeed(context.put(Action.DISMISS, group.single(card))).status)


@observer
def action_order(context: ProfilingContext) -> str:
    """Cancel half of the cards of one customer that were created at different times."""
    cards, query = context.once(cards_at_moments)
    for _ in range(_TRIES):
        if not agree_by_chance(cards):
            break
        cards, query = cards_at_moments(context)
    half = len(cards) // 2
    exchange = context.succeed(context.put(Action.CANCEL, query.replace(multiple=True, limit=half)))
    changed = {result.card_instance_id for result in response_of(exchange).results}
    if len(changed) != half:
        raise NotAvailableError("cancel does not name the cards that it changed", exchange)
    for word, keys in (
        ("oldest-first", cards[:half]),
        ("newest-first", cards[-half:]),
        ("by-id", sorted(cards)[:half]),
    ):
        if changed == set(keys):
            return word
    return "neither by time nor by id"


def agree_by_chance(cards: Sequence[str]) -> bool:
    """Whether the first half by id is the oldest or newest one, though ids are not numbered.

    Of six cards with made-up ids it is in one case of ten.
    """
    half, by_id = len(cards) // 2, sorted(cards)
    if list(cards) in (by_id, by_id[::-1]):
        return False
    return set(by_id[:half]) in (set(cards[:half]), set(cards[-half:]))


@observer
def payload_content_type(context: ProfilingContext) -> str:
    """Complete a card with a payload that is labelled as plain text."""
    return _accepted_as(context, "text/plain", body=b'{"quantity": 2}')


@observer
def action_content_type(context: ProfilingContext) -> str:
    """Complete a card without a payload and a Content-Type."""
    return _accepted_as(context, None)


def _accepted_as(context: ProfilingContext, content_type: str | None, body: bytes = b"") -> str:
    group, card = context.supply.card()
    exchange = context.put(
        Action.COMPLETE, group.single(card), body=body, headers={"Content-Type": content_type}
    )
    return "accepted" if exchange.succeeded else str(exchange.status)


@observer
def action_limit_over_1000(context: ProfilingContext) -> str:
    """Cancel with ``limit=1001``; if that is accepted, cancel more than 1000 cards."""
    query = context.supply.take().pin.replace(multiple=True, limit=LARGEST_LIMIT + 1)
    exchange = context.put(Action.CANCEL, query)
    if not exchange.succeeded:
        return str(exchange.status)
    batch = context.once(Bulk).cancelled
    context.evidence = batch.exchange
    words = {LARGEST_LIMIT: "clamped", DEFAULT_CANCEL: "default"}
    return words.get(batch.changed, f"{batch.changed} cards")


@observer
def other_action_limits(context: ProfilingContext) -> str:
    """Act on a group with ``limit=1``; if that is honoured, on over 500 cards without limit."""
    words = {action: _limited(context, action) for action in _ACTIONS}
    if len(set(words.values())) > 1:
        return ", ".join(f"{action} {word}" for action, word in words.items())
    word = words[Action.DISMISS]
    if word != "as-cancel":
        return word
    batch = context.once(Bulk).dismissed
    context.evidence = batch.exchange
    caps = {DEFAULT_CANCEL: "as-cancel", DEFAULT_PAGE: "default-100", batch.before: "only-given"}
    return caps.get(batch.changed, f"{batch.changed} cards")


def _limited(context: ProfilingContext, action: Action) -> str:
    group = context.supply.take()
    exchange = context.put(action, group.pin.replace(multiple=True, limit=1))
    if not exchange.succeeded:
        return str(exchange.status)
    count = updated(exchange)
    return {1: "as-cancel", len(group.cards): "none"}.get(count, f"{count} cards")


@observer
def action_offset(context: ProfilingContext) -> str:
    """Cancel a group with ``offset=1``."""
    group = context.supply.take()
    exchange = context.put(Action.CANCEL, group.pin.replace(multiple=True, offset=1))
    if not exchange.succeeded:
        return str(exchange.status)
    count, all_of_them = updated(exchange), len(group.cards)
    words = {all_of_them: "ignored", all_of_them - 1: "honoured"}
    return words.get(count, f"{count} of {all_of_them} cards")


@observer
def summary_total(context: ProfilingContext) -> str:
    """Cancel a group with ``limit=1``."""
    group = context.supply.take()
    query = group.pin.replace(multiple=True, limit=1)
    exchange = context.succeed(context.put(Action.CANCEL, query))
    if updated(exchange) != 1:
        raise NotAvailableError("cancel does not respect its limit", exchange)
    count = total(exchange)
    return {1: "acted", len(group.cards): "matched"}.get(count, str(count))


@observer
def action_word(context: ProfilingContext) -> str:
    """Dismiss a card, and cancel another one."""
    words = tuple(_word(context, action) for action in (Action.DISMISS, Action.CANCEL))
    return _WORDS.get(words, ", ".join(words))


def _word(context: ProfilingContext, action: Action) -> str:
    group, card = context.supply.card()
    exchange = context.succeed(context.put(action, group.single(card)))
    for result in response_of(exchange).results:
        if result.action is not None:
            return result.action
    raise NotAvailableError(f"the response to {action} has no result with an action", exchange)


@observer
def non_object_payload(context: ProfilingContext) -> str:
    """Complete a card with a JSON array."""
    group, card = context.supply.card()
    exchange = context.put(Action.COMPLETE, group.single(card), json=[1])
    return "accepted" if exchange.succeeded else str(exchange.status)
