"""Rules that one request and its answer can show by themselves, without knowing any card.

They see what no schema can: that a filter was ignored, a limit passed, a card acted on that should
not have been. Each takes every choice that the documentation leaves open: letters of either case,
an attribute that is given twice or empty, a value with commas read as a list, a limit that is none,
cards in a wrong state counted or not.

Source: Cards API page › Query attributes, Pagination, Card actions (the samples of answers).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from functools import partial
from typing import Final
from urllib.parse import unquote

from pytest_atomic_cards.lifecycle import Action
from pytest_atomic_cards.query import Attribute
from pytest_atomic_cards.verification.rules.past import Past, long_after
from pytest_atomic_cards.verification.rules.rule import Judge, Objection, Rule
from pytest_atomic_cards.verification.rules.told import (
    LISTING,
    Body,
    Fidelity,
    Told,
    is_masked,
    is_named,
    name_of,
)

_STATUS: Final = Attribute.STATUS.value
_ACTIVE: Final = frozenset({"active"})
_DEFAULT_PAGE: Final = 100
_DEFAULT_CANCEL: Final = 500
_LARGEST_LIMIT: Final = 1_000
_UNRESERVED: Final = frozenset("-._~")

LISTINGS: Final = frozenset({LISTING})
COMPLETE: Final = frozenset({Action.COMPLETE.value})
CANCEL: Final = frozenset({Action.CANCEL.value})
ACTIONS: Final = frozenset(action.value for action in Action)
OTHERS: Final = ACTIONS - COMPLETE


# Attributes


def _compare(told: Told, past: Past | None) -> Objection | bool:
    """Hold every card against every attribute that was asked for."""
    compared = False
    for attribute, allowed in told.asked.items():
        for card in told.cards:
            held = card.get(attribute)
            if not isinstance(held, str | int):
                continue
            compared = True
            if str(held).casefold() not in allowed and not is_masked(held):
                if attribute == _STATUS and not _is_settled(told, past, card):
                    continue
                return Objection(
                    f"only cards with {attribute}={_shown(told, attribute)}",
                    f"{name_of(card)} has {attribute}={held}, which was not asked for",
                )
    return compared


def _is_settled(told: Told, past: Past | None, card: Body) -> bool:
    """Whether a card is shown in a closed state that it has had for long."""
    if past is None:
        return True
    seen = past.of(told.keys[told.cards.index(card)])
    return (
        seen is not None
        and seen.closed == card.get(_STATUS)
        and long_after(told.started, seen.closed_by)
    )


def _shown(told: Told, attribute: str) -> str:
    return unquote(told.once(attribute) or "")


def _alone(attribute: str, told: Told, past: Past | None) -> Objection | bool:
    if told.attributes != {attribute}:
        return False
    if attribute == _STATUS and told.asked.get(_STATUS) != _ACTIVE:
        return False
    return _compare(told, past)


def _by_other_state(told: Told, past: Past | None) -> Objection | bool:
    asked = told.asked.get(_STATUS)
    if told.attributes != {_STATUS} or asked == _ACTIVE or not asked or not asked <= _STATES:
        return False
    return _compare(told, past)


_STATES: Final = frozenset(
    {"active", "embargoed", "snoozed", "dismissed", "completed", "cancelled", "expired"}
)


def _of_one(told: Told, past: Past | None) -> Objection | bool:
    return len(told.attributes) == 1 and _compare(told, past)


def _of_several(told: Told, past: Past | None) -> Objection | bool:
    return len(told.attributes) > 1 and _compare(told, past)


def _of_odd_value(told: Told, past: Past | None) -> Objection | bool:
    """As for one attribute, where its value is one that needs encoding."""
    if len(told.attributes) != 1 or not told.asked:
        return False
    value = _shown(told, next(iter(told.asked)))
    if all((letter.isascii() and letter.isalnum()) or letter in _UNRESERVED for letter in value):
        return False
    return _compare(told, past)


# Limits


def _at_most(limit: int, count: int | None, what: str) -> Objection | bool:
    """Hold a count against a limit, which is only exercised where it is reached."""
    if count is None or count < limit:
        return False
    return count == limit or Objection(f"at most {limit} cards", f"{count} cards are {what}")


def _default_page(told: Told, _: Past | None) -> Objection | bool:
    if {"limit", "offset"} & told.given.keys():
        return False
    return _at_most(_DEFAULT_PAGE, len(told.data), "listed")


def _default_page_at_offset(told: Told, _: Past | None) -> Objection | bool:
    if "limit" in told.given or not (told.once("offset") or "").isdigit():
        return False
    return _at_most(_DEFAULT_PAGE, len(told.data), "listed")


def _page(told: Told, _: Past | None) -> Objection | bool:
    if told.limit is None or not 1 <= told.limit <= _LARGEST_LIMIT:
        return False
    return _at_most(told.limit, len(told.data), "listed")


def _cancelled(told: Told) -> int | None:
    """How many cards a cancel has cancelled at least."""
    return None if told.updated is None else min(told.updated, len(told.data))


def _default_cancel(told: Told, _: Past | None) -> Objection | bool:
    return "limit" not in told.given and _at_most(_DEFAULT_CANCEL, _cancelled(told), "cancelled")


def _small_cancel(told: Told, _: Past | None) -> Objection | bool:
    if told.limit is None or not 1 <= told.limit < _DEFAULT_CANCEL:
        return False
    return _at_most(told.limit, _cancelled(told), "cancelled")


def _largest_cancel(told: Told, _: Past | None) -> Objection | bool:
    return _at_most(_LARGEST_LIMIT, _cancelled(told), "cancelled")


# The answer of an action


def _one_without_multiple(told: Told, _: Past | None) -> Objection | bool:
    """Two cards that are changed for certain: what fails cannot be told from other refusals."""
    updated, results = told.updated or 0, len(set(told.keys))
    if "multiple" in told.given or min(updated, results) <= 1:
        return False
    return Objection("the action to fail without multiple=1", f"{updated} cards are updated")


def _not_repeated(told: Told, _: Past | None) -> Objection | bool:
    """Cards that are told apart by no value are one card, but for where values were taken out."""
    if told.fidelity < Fidelity.KEPT:
        return False
    if len(told.keys) < 2 or len(set(told.keys)) == len(told.keys):  # noqa: PLR2004 - one is once
        return len(told.keys) > 1
    for key, count in Counter(told.keys).most_common():
        named = told.cards[told.keys.index(key)]
        if count > 1 and is_named(named):
            return Objection("each card once", f"{name_of(named)} is there {count} times")
    return False


def _word(told: Told, _: Past | None) -> Objection | bool:
    action = told.action or Action.COMPLETE
    words = {action.value}
    if action is not Action.COMPLETE:
        words.add(action.outcome.value)
    named = False
    for result in told.cards:
        word = result.get("action")
        if not isinstance(word, str):
            continue
        named = True
        if word not in words and not is_masked(word):
            return Objection(
                f"action={action}", f"{name_of(result)} has action={word} after {action}"
            )
    return named


def _adds_up(told: Told, _: Past | None) -> Objection | bool:
    total, results = told.total, len(told.data)
    if told.updated is not None and told.updated > results:
        return _counts(f"updated is {told.updated}", results)
    if total is not None and total < results:
        return _counts(f"total is {total}", results)
    return total is not None and told.updated is not None


def _counts(what: str, results: int) -> Objection:
    return Objection(
        "a summary that agrees with the results",
        f"summary.{what}, and there are {results} results",
    )


def _one_completed(told: Told, _: Past | None) -> Objection | bool:
    total, updated = told.total, told.updated
    if "multiple" in told.given or len(told.data) != 1 or total is None or updated is None:
        return False
    if total < 1 or updated > 1:
        return Objection(
            "a summary of one card with total 1 and updated 1",
            f"total is {total} and updated {updated}",
        )
    return total == updated == 1


def _rules(name: str, kinds: Iterable[str], **judges: Judge) -> tuple[Rule, ...]:
    """Rules of one name; a requirement ``PAGE-01`` is written ``PAGE_01``."""
    return tuple(
        Rule(name, requirement.replace("_", "-"), frozenset(kinds), judge)
        for requirement, judge in judges.items()
    )


_MATCH: Final = "cards_match_query"
_WITHIN: Final = "cards_within_limit"
_ONCE: Final = "cards_not_repeated"
_SINGLE: Final = "cards_one_without_multiple"
_NAMED: Final = "cards_action_word"
_SUMMED: Final = "cards_summary_adds_up"

AGREEMENT: Final[tuple[Rule, ...]] = (
    *_rules(
        _MATCH,
        LISTINGS,
        QUERY_01=partial(_alone, Attribute.EVENT_NAME.value),
        QUERY_02=partial(_alone, Attribute.LIFECYCLE_ID.value),
        QUERY_03=partial(_alone, Attribute.CARD_TEMPLATE_ID.value),
        QUERY_04=partial(_alone, Attribute.FLOW_INSTANCE_ID.value),
        QUERY_05=partial(_alone, Attribute.FLOW_INVOCATION_ID.value),
        QUERY_06=partial(_alone, Attribute.USER_ID.value),
        QUERY_07=partial(_alone, _STATUS),
        QUERY_09=_of_odd_value,
        QUERY_12=_by_other_state,
        QUERY_16=_of_several,
    ),
    *_rules(_MATCH, ACTIONS, QUERY_11=_of_one, SCHEMA_04=_of_several),
    *_rules(
        _WITHIN,
        LISTINGS,
        PAGE_01=_default_page,
        PAGE_02=_page,
        PAGE_04=_default_page_at_offset,
    ),
    *_rules(
        _WITHIN,
        CANCEL,
        LIMIT_01=_default_cancel,
        LIMIT_04=_small_cancel,
        LIMIT_06=_largest_cancel,
    ),
    *_rules(_ONCE, LISTINGS, SCHEMA_04=_not_repeated),
    *_rules(_ONCE, COMPLETE, RESULT_01=_not_repeated),
    *_rules(_ONCE, OTHERS, RESULT_04=_not_repeated),
    *_rules(_SINGLE, CANCEL, MULTI_01=_one_without_multiple),
    *_rules(_SINGLE, {Action.DISMISS.value}, MULTI_02=_one_without_multiple),
    *_rules(_SINGLE, COMPLETE, MULTI_03=_one_without_multiple),
    *_rules(_NAMED, COMPLETE, RESULT_02=_word),
    *_rules(_NAMED, OTHERS, RESULT_06=_word),
    *_rules(_SUMMED, ACTIONS, SCHEMA_04=_adds_up),
    *_rules(_SUMMED, COMPLETE, RESULT_03=_one_completed),
)
"""What an answer must have in common with its own request."""
