"""Starts of the Action Flow, remembered for clean-up."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_atomic_cards.model.lifecycle import Status
from pytest_atomic_cards.model.query import CardQuery


@dataclass(slots=True, eq=False, kw_only=True)
class Start:
    """One start of the Action Flow, which may create cards.

    Args:
        number: Its place among the starts of its journal.
        users: Customers that exist for this run only.
        others: Further customers, who may hold cards that are not this run's.
        states: The open states that its cards may be in.
        before: Keys of the cards that ``others`` held before it; ``None`` if that is not known.
        invocation: Its ``flowInvocationId``, as the response named it.
        complete: Whether all its cards were seen.
        cleaned: Whether nothing of it was open when it was last listed.
        begun: When it was requested, by the clock of its process.
    """

    number: int
    users: tuple[str, ...]
    others: tuple[str, ...]
    states: frozenset[Status]
    before: frozenset[str] | None = None
    invocation: str | None = None
    complete: bool = False
    cleaned: bool = False
    begun: float = 0.0

    @property
    def count(self) -> int:
        """How many cards it requested."""
        return len(self.users) + len(self.others)

    @property
    def pins(self) -> list[CardQuery]:
        """The queries that select all its cards, if its response was right."""
        if self.invocation:
            return [CardQuery(flow_invocation_id=self.invocation)]
        return self.pins_by_customer

    @property
    def pins_by_customer(self) -> list[CardQuery]:
        """The queries that select all its cards of generated customers, whatever the response."""
        return [CardQuery(user_id=user) for user in dict.fromkeys(self.users)]

    @property
    def untraceable(self) -> tuple[str, ...]:
        """Customers whose cards cannot be attributed to this start or to others."""
        return () if self.invocation else self.others
