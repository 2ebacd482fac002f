"""Rule: a requirement that can be decided from exchanges alone."""

from __future__ import annotations

from collections.abc import Callable, Container
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_atomic_cards.rules.card_history import CardHistory
    from pytest_atomic_cards.rules.parsed_response import ParsedResponse
    from pytest_atomic_cards.rules.rule_dispatch import Traits


@dataclass(frozen=True, slots=True)
class Objection:
    """Why a rule rejects a response.

    Args:
        expected: What the requirement demands.
        actual: What the response has instead.
    """

    expected: str
    actual: str


Judge = Callable[["ParsedResponse", "CardHistory | None"], "Objection | bool"]
"""Judges one response, given what earlier ones showed: an objection, ``True`` if the requirement
held, ``False`` if this response does not exercise it. Without a past, a response is taken to be
settled: what may be a stale listing is rejected at once."""

Choice = Callable[["Traits"], bool]
"""A condition on the traits of a response."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One requirement, and the function that decides it.

    Args:
        name: Name of the check; rules of several requirements may share it.
        requirement: Id of the requirement, which has the level.
        kinds: The kinds of responses that it is about (see ``ParsedResponse.kind``).
        judge: Judges a response of such a kind.
        about: Selects the responses that the rule may concern; all, if left out.
        rests: Selects the responses to which the rule cannot object, but which may exercise it;
            none, if left out.
    """

    name: str
    requirement: str
    kinds: frozenset[str]
    judge: Judge
    about: Choice | None = None
    rests: Choice | None = None

    def concerns(self, traits: Traits, held: Container[str] = ()) -> bool:
        """Whether to judge a response, given the requirements that are known to hold."""
        return (
            traits.kind in self.kinds
            and (self.about is None or self.about(traits))
            and not (self.rests and self.requirement in held and self.rests(traits))
        )
