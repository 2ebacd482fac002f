"""Rules on how many cards a response may contain, and on whether its parts agree.

They find what no schema can: an exceeded limit, or an action on a card that should have been left
alone. Each rule accepts every choice that the documentation leaves open: an invalid limit, and
whether cards in the wrong state are counted.

Source: Cards API page › Pagination, Card actions (the sample responses).
"""

from __future__ import annotations

from collections import Counter
from typing import Final

from pytest_atomic_cards.model.documented import DEFAULT_CANCEL, DEFAULT_PAGE, LARGEST_LIMIT
from pytest_atomic_cards.model.lifecycle import Action
from pytest_atomic_cards.rules.card_history import CardHistory
from pytest_atomic_cards.rules.parsed_response import (
    LISTING,
    Fidelity,
    ParsedResponse,
    is_named,
    name_of,
)
from pytest_atomic_cards.rules.redaction_markers import is_masked
from pytest_atomic_cards.rules.rule import Objection, Rule
from pytest_atomic_cards.rules.rule_dispatch import Traits, is_sampled

LISTINGS: Final = frozenset({LISTING})
COMPLETE: Final = frozenset({Action.COMPLETE.value})
DISMISS: Final = frozenset({Action.DISMISS.value})
CANCEL: Final = frozenset({Action.CANCEL.value})
ACTIONS: Final = frozenset(action.value for action in Action)
OTHERS: Final = ACTIONS - COMPLETE
_WORDS: Final = {
    action: COMPLETE if action is Action.COMPLETE else {action.value, action.outcome.value}
    for action in Action
}
"""The words that the results of an action may use for it."""


# Limits


def _at_most(limit: int, count: int | None, what: str) -> Objection | bool:
    """Compare a count with a limit, which is exercised only if it is reached."""
    if count is None or count < limit:
        return False
    return count == limit or Objection(f"at most {limit} cards", f"{count} cards are {what}")


def _default_page(response: ParsedResponse, _: CardHistory | None) -> Objection | bool:
    return _at_most(DEFAULT_PAGE, len(response.data), "listed")


def _default_page_at_offset(response: ParsedResponse, _: CardHistory | None) -> Objection | bool:
    if not response.asked.once.get("offset", "").isdigit():
        return False
    return _at_most(DEFAULT_PAGE, len(response.data), "listed")


def _page(response: ParsedResponse, _: CardHistory | None) -> Objection | bool:
    limit = response.asked.limit
    if limit is None or not 1 <= limit <= LARGEST_LIMIT:
        return False
    return _at_most(limit, len(response.data), "listed")


def _cancelled(response: ParsedResponse) -> int | None:
    """The fewest cards that a cancel can have cancelled."""
    return None if response.updated is None else min(response.updated, len(response.data))


def _default_cancel(response: ParsedResponse, _: CardHistory | None) -> Objection | bool:
    return _at_most(DEFAULT_CANCEL, _cancelled(response), "cancelled")


def _small_cancel(response: ParsedResponse, _: CardHistory | None) -> Objection | bool:
    limit = response.asked.limit
    if limit is None or not 1 <= limit < DEFAULT_CANCEL:
        return False
    return _at_most(limit, _cancelled(response), "cancelled")


def _largest_cancel(response: ParsedResponse, _: CardHistory | None) -> Objection | bool:
    return _at_most(LARGEST_LIMIT, _cancelled(response), "cancelled")


# The response to an action


def _one_without_multiple(response: ParsedResponse, _: CardHistory | None) -> Objection | bool:
    """Object only if two cards surely changed: a failure looks like any other refusal."""
    updated = response.updated or 0
    if updated <= 1 or len(set(response.keys)) <= 1:
        return False
    return Objection("the action to fail without multiple=1", f"{updated} cards are updated")


def _not_repeated(response: ParsedResponse, _: CardHistory | None) -> Objection | bool:
    """Cards that no value distinguishes are the same card, unless a recording dropped values."""
    if response.fidelity < Fidelity.KEPT:
        return False
    if len(response.keys) < 2 or len(set(response.keys)) == len(response.keys):  # noqa: PLR2004 - one is once
        return len(response.keys) > 1
    for key, count in Counter(response.keys).most_common():
        named = response.cards[response.keys.index(key)]
        if count > 1 and is_named(named):
            return Objection("each card once", f"{name_of(named)} appears {count} times")
    return False


def _word(response: ParsedResponse, _: CardHistory | None) -> Objection | bool:
    """Compare the words of the results; those of cards that did not change are open."""
    action = response.action or Action.COMPLETE
    named = [one for one in response.cards if isinstance(one.get("action"), str)]
    wrong = [
        one for one in named if one["action"] not in _WORDS[action] and not is_masked(one["action"])
    ]
    unchanged = len(response.cards) - response.updated if response.updated else 0
    if len(wrong) > max(0, unchanged):
        shown = f"{name_of(wrong[0])} has action={wrong[0]['action']} after {action}"
        return Objection(f"action={action}", shown)
    return len(named) > len(wrong)


def _adds_up(response: ParsedResponse, _: CardHistory | None) -> Objection | bool:
    if not isinstance(response.data, list):
        return False
    total, results = response.total, len(response.data)
    if response.updated is not None and response.updated > results:
        return _counts(f"updated is {response.updated}", results)
    if total is not None and total < results:
        return _counts(f"total is {total}", results)
    return total is not None and response.updated is not None


def _counts(what: str, results: int) -> Objection:
    return Objection(
        "a summary that agrees with the results",
        f"summary.{what}, but there are {results} results",
    )


def _one_completed(response: ParsedResponse, _: CardHistory | None) -> Objection | bool:
    total, updated = response.total, response.updated
    if len(response.data) != 1 or total is None or updated is None:
        return False
    if total < 1 or updated > 1:
        return Objection(
            "a summary of one card with total 1 and updated 1",
            f"total is {total} and updated {updated}",
        )
    return total == updated == 1


# The responses that each rule is about


def _pages_by_default(traits: Traits) -> bool:
    return not traits.is_small and traits.names.isdisjoint({"limit", "offset"})


def _pages_by_offset(traits: Traits) -> bool:
    return not traits.is_small and traits.names & {"limit", "offset"} == {"offset"}


def _is_limited(traits: Traits) -> bool:
    return not traits.is_small and "limit" in traits.names


def _is_not_limited(traits: Traits) -> bool:
    return not traits.is_small and "limit" not in traits.names


def _is_large(traits: Traits) -> bool:
    return not traits.is_small


def _is_large_for_one(traits: Traits) -> bool:
    return not traits.is_small and _is_for_one(traits)


def _is_for_one(traits: Traits) -> bool:
    return "multiple" not in traits.names


_WITHIN: Final = "cards_within_limit"
_ONCE: Final = "cards_not_repeated"
_SINGLE: Final = "cards_one_without_multiple"

ANSWERS: Final[tuple[Rule, ...]] = (
    Rule(_WITHIN, "PAGE-01", LISTINGS, _default_page, _pages_by_default),
    Rule(_WITHIN, "PAGE-02", LISTINGS, _page, _is_limited),
    Rule(_WITHIN, "PAGE-04", LISTINGS, _default_page_at_offset, _pages_by_offset),
    Rule(_WITHIN, "LIMIT-01", CANCEL, _default_cancel, _is_not_limited),
    Rule(_WITHIN, "LIMIT-04", CANCEL, _small_cancel, _is_limited),
    Rule(_WITHIN, "LIMIT-06", CANCEL, _largest_cancel, _is_large),
    Rule(_ONCE, "SCHEMA-04", LISTINGS, _not_repeated, _is_large),
    Rule(_ONCE, "RESULT-01", COMPLETE, _not_repeated, _is_large),
    Rule(_ONCE, "RESULT-04", OTHERS, _not_repeated, _is_large),
    Rule(_SINGLE, "MULTI-01", CANCEL, _one_without_multiple, _is_large_for_one),
    Rule(_SINGLE, "MULTI-02", DISMISS, _one_without_multiple, _is_large_for_one),
    Rule(_SINGLE, "MULTI-03", COMPLETE, _one_without_multiple, _is_large_for_one),
    Rule("cards_action_word", "RESULT-02", COMPLETE, _word),
    Rule("cards_action_word", "RESULT-06", OTHERS, _word),
    Rule("cards_summary_adds_up", "SCHEMA-04", ACTIONS, _adds_up, rests=is_sampled),
    Rule("cards_summary_adds_up", "RESULT-03", COMPLETE, _one_completed, _is_for_one, is_sampled),
)
"""How many cards a response may contain, and what it may report about them."""
