"""Rule: a requirement that can be decided by looking at exchanges alone."""

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
    """What a rule holds against an answer.

    Args:
        expected: What the requirement demands.
        actual: What came instead.
    """

    expected: str
    actual: str


Judge = Callable[["ParsedResponse", "CardHistory | None"], "Objection | bool"]
"""Decides on one answer, given what was told before it: an objection, ``True`` where the
requirement held, ``False`` where this answer does not show it. Without a past, an answer is taken
to be settled: what looks like a listing that lags is objected to at once."""

Choice = Callable[["Traits"], bool]
"""Decides on the traits of an answer."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One requirement, and what decides it.

    Args:
        name: Name of the check; rules of several requirements may share it.
        requirement: Id of the requirement, which has the level.
        kinds: The kinds of answers that it is about (see ``ParsedResponse.kind``).
        judge: Decides on an answer of such a kind.
        about: Tells an answer that it may have something to say of; it may of all, if left out.
        rests: Tells an answer of which it could say no more than that the requirement has held; it
            might object to any, if left out.
    """

    name: str
    requirement: str
    kinds: frozenset[str]
    judge: Judge
    about: Choice | None = None
    rests: Choice | None = None

    def concerns(self, traits: Traits, held: Container[str] = ()) -> bool:
        """Whether it is to be asked about an answer, where these requirements are known to hold."""
        return (
            traits.kind in self.kinds
            and (self.about is None or self.about(traits))
            and not (self.rests and self.requirement in held and self.rests(traits))
        )
