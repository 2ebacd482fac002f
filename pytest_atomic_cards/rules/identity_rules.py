"""Rules on identity: whose card an id is, and what actions and timers leave alone.

Only exchanges exactly as sent and received are judged: a redacted recording may show one value for
several cards, or several for one.

Source: Cards API page › Retrieving cards, Card actions.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pytest_atomic_cards.rules.card_history import CardHistory
from pytest_atomic_cards.rules.parsed_response import (
    LISTING,
    Fidelity,
    ParsedResponse,
    is_named,
    name_of,
)
from pytest_atomic_cards.rules.reference_shapes import FIXED_FIELDS, Body, Fixed
from pytest_atomic_cards.rules.rule import Objection, Rule

_OWNER: Final = FIXED_FIELDS.index("userId")


def _known(
    response: ParsedResponse, past: CardHistory | None
) -> Iterator[tuple[Body, Fixed, Fixed]]:
    """The listed cards whose id was listed before, with what does not change, then and now."""
    if past is None or response.fidelity is not Fidelity.WIRE:
        return
    yield from (one for one in past.shown(response) if is_named(one[0]))


def _differ(one: object, other: object) -> bool:
    return one != other and one is not None and other is not None


def one_owner(response: ParsedResponse, past: CardHistory | None) -> Objection | bool:
    """Cards of two customers never share an id."""
    exercised = False
    for body, first, now in _known(response, past):
        if _differ(first[_OWNER], now[_OWNER]):
            return Objection(
                f"{name_of(body)} to be of one customer",
                f"it is of {now[_OWNER]}, and was of {first[_OWNER]}",
            )
        exercised = True
    return exercised


def rest_stays(response: ParsedResponse, past: CardHistory | None) -> Objection | bool:
    """Ids, template, detail and target of a card stay as they were first listed.

    What is null in one of the listings does not count, nor does another card with the same id.
    """
    exercised = False
    for body, first, now in _known(response, past):
        if now == first:
            exercised = True
        elif not _differ(first[_OWNER], now[_OWNER]):
            pairs = zip(FIXED_FIELDS, first, now, strict=True)
            changed = [name for name, before, after in pairs if _differ(before, after)]
            if changed:
                return Objection(
                    f"only status and updated of {name_of(body)} to change",
                    f"{', '.join(changed)} changed as well",
                )
    return exercised


IDENTITY: Final[tuple[Rule, ...]] = (
    Rule("cards_one_owner", "SHAPE-08", frozenset({LISTING}), one_owner),
    Rule("cards_rest_stays", "TIME-09", frozenset({LISTING}), rest_stays),
)
"""What never changes about a card."""
