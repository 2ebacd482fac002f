"""Rules: requirements that can be decided from exchanges alone.

The Schemathesis checks, the contract suite, the monitor and the audit share this one table. Each
rule belongs to a requirement of the catalogue, which defines its level. A rule accepts every choice
that the documentation leaves open and everything a recording may have lost: it objects only to what
is present.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from pytest_atomic_cards.model.exchange import Exchange
from pytest_atomic_cards.rules.agreement_rules import ANSWERS
from pytest_atomic_cards.rules.card_history import CardHistory
from pytest_atomic_cards.rules.filter_rules import MATCHING
from pytest_atomic_cards.rules.identity_rules import IDENTITY
from pytest_atomic_cards.rules.parsed_response import (
    Fidelity,
    ParsedResponse,
    parse_response,
    parsed,
)
from pytest_atomic_cards.rules.rule import Objection, Rule
from pytest_atomic_cards.rules.rule_dispatch import Traits, traits_of
from pytest_atomic_cards.rules.shape_rules import SHAPE
from pytest_atomic_cards.rules.time_rules import HISTORY

__all__ = [
    "AGREEMENT",
    "HISTORY",
    "RULES",
    "SHAPE",
    "CardHistory",
    "Fidelity",
    "Objection",
    "ParsedResponse",
    "Rule",
    "Traits",
    "objections",
    "parse_response",
    "parsed",
    "rules_of",
    "traits_of",
]

AGREEMENT: Final = (*MATCHING, *ANSWERS)
"""Rules that compare a response with its own request."""

RULES: Final[tuple[Rule, ...]] = (*AGREEMENT, *SHAPE, *HISTORY, *IDENTITY)
"""Every rule."""


def rules_of(requirement: str) -> tuple[Rule, ...]:
    """The rules that decide a requirement."""
    return tuple(rule for rule in RULES if rule.requirement == requirement)


def objections(
    exchange: Exchange, rules: Iterable[Rule] = AGREEMENT, past: CardHistory | None = None
) -> Iterator[Objection]:
    """The objections of the rules to one exchange; without a past, it is taken to be settled."""
    response = parse_response(exchange)
    if response is None:
        return
    traits = traits_of(response, past)
    for rule in rules:
        found = rule.concerns(traits) and rule.judge(response, past)
        if isinstance(found, Objection):
            yield found
