"""What was listed under one id, and what it shows of who owns the cards there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from pytest_atomic_cards.model.cards import Card
from pytest_atomic_cards.model.query import Attribute
from pytest_atomic_cards.targets.seeding.listing_reader import Found


@dataclass(slots=True)
class ListedUnder:
    """The evidence that listings by one id have given.

    Args:
        foreign: The customer of a card that is not ours; empty while there is none.
        has_own: Whether a card of ours was listed.
        states: The states, and ``None`` for the plain listing, that were listed to the end.
    """

    foreign: str = ""
    has_own: bool = False
    states: set[str | None] = field(default_factory=set)

    def weigh(
        self,
        pin: Attribute,
        value: str,
        state: str | None,
        found: Found,
        is_ours: Callable[[Card], bool],
    ) -> None:
        """Learn from a listing by the id, and by a state if one is given."""
        under = [card for card in found.cards if card.attributes.get(pin, value) == value]
        strangers = [card for card in under if not is_ours(card)]
        if strangers:
            self.foreign = repr(strangers[0].user_id or "without an id")
        self.has_own |= len(under) > len(strangers)
        # If a status is combined by or, others are listed as well, but ours completely.
        if found.complete and (state is not None or len(under) == len(found.cards)):
            self.states.add(state)
