"""Rule: a requirement that can be decided by looking at exchanges alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_atomic_cards.verification.rules.past import Past
    from pytest_atomic_cards.verification.rules.told import Told


@dataclass(frozen=True, slots=True)
class Objection:
    """What a rule holds against an answer.

    Args:
        expected: What the requirement demands.
        came: What came instead.
    """

    expected: str
    came: str


Judge = Callable[["Told", "Past | None"], "Objection | bool"]
"""Decides on one answer, given what was told before it: an objection, ``True`` where the
requirement held, ``False`` where this answer does not show it. Without a past, an answer is taken
to be settled: what looks like a listing that lags is objected to at once."""

Asks = Callable[[frozenset[str]], bool]
"""Decides on the names of the documented parameters that a request gives."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One requirement, and what decides it.

    Args:
        name: Name of the check; rules of several requirements may share it.
        requirement: Id of the requirement, which has the level.
        kinds: The kinds of answers that it is about (see ``Told.kind``).
        judge: Decides on an answer of such a kind.
        asks: Whether it is about requests that give these parameters; all are, if left out.
        only_hold: The kinds of answers that can show no more than that the requirement held.
        holds_sampled: Whether that is all that a listing as sampled can show.
        seen: How a card must have been listed before that it is about: in which closed state, or in
            none; about any card, if left out.
    """

    name: str
    requirement: str
    kinds: frozenset[str]
    judge: Judge
    asks: Asks | None = None
    only_hold: frozenset[str] = frozenset()
    holds_sampled: bool = False
    seen: frozenset[str | None] | None = None

    @property
    def can_rest(self) -> bool:
        """Whether some answers need not be asked about once the requirement has held."""
        return bool(self.only_hold) or self.holds_sampled

    def concerns(self, kind: str, names: frozenset[str]) -> bool:
        """Whether it is about answers of a kind, to requests that give these parameters."""
        return kind in self.kinds and (self.asks is None or self.asks(names))
