"""PlannedCards: what several contracts need of a live target in certain states, seeded together."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from pytest_atomic_cards.model.card_spec import CardSpec
from pytest_atomic_cards.model.lifecycle import Action, Status
from pytest_atomic_cards.model.request_space import DIMENSIONS
from pytest_atomic_cards.support.errors import AtomicCardsError
from pytest_atomic_cards.targets.seeding.listing_reader import Group
from pytest_atomic_cards.targets.seeding.seeder import Seeder

Cards = Sequence[CardSpec]
"""The cards of one customer."""

VARIABLES: Final = {"name": "John Smith", "count": 2, "note": "ü & 日本", "urgent": True}
"""Variables of a start whose cards have some."""
INTRUDED: Final = len(DIMENSIONS["operation"])
"""Cards that each request without access is for: one of each operation."""
OTHER_STATES: Final = tuple(
    state for state in Status if state not in {Status.ACTIVE, Status.SNOOZED}
)
"""The states that a flow or an action brings a card to; no page knows of a request that snoozes."""
MIXED: Final = (Status.ACTIVE, *OTHER_STATES)
"""The states of the cards of one customer that an action meets together."""


def _in(state: Status) -> CardSpec:
    return CardSpec(status=state)


NEEDS: Final[Mapping[str, Sequence[Cards]]] = {
    "population": [(_in(state),) * 2 for state in OTHER_STATES],
    "mixed": [[_in(state) for state in MIXED] for _ in Action],
    "pairs": [
        (CardSpec(), _in(state)) for state in (Status.ACTIVE, Status.EMBARGOED) for _ in Action
    ],
    "intrusions": [(CardSpec(),) * INTRUDED],
    "out_of_place": [(_in(state),) for state in OTHER_STATES],
}
"""By the fixture that takes them: the cards of each customer."""


class PlannedCards:
    """Seeds the cards of all fixtures of a run when the first of them takes its own.

    Args:
        seeder: Seeds them.
        used: The fixtures that the run uses.

    Attributes:
        is_seeding: Whether it is seeding cards, for all fixtures of :attr:`made`.
    """

    def __init__(self, seeder: Seeder, used: Collection[str] = ()) -> None:
        self._seeder = seeder
        self._used = used
        self.is_seeding = False
        self._made: dict[str, list[Group | AtomicCardsError]] = {}

    @property
    def made(self) -> Collection[str]:
        """The fixtures whose cards were seeded."""
        return self._made.keys()

    def take(self, fixture: str) -> list[Group | AtomicCardsError]:
        """A group for each customer that a fixture needs, or why there is none.

        Raises:
            NotAvailableError: The target has no customers without other cards.
            SeedingError: Cards are not listed by the ids of their customers.
        """
        if fixture not in self._made:
            names = [name for name in NEEDS if name == fixture or name in self._used]
            names = [name for name in names if name not in self._made]
            wanted = [cards for name in names for cards in NEEDS[name]]
            self.is_seeding = True
            try:
                made = iter(self._seeder.seed_customers(*wanted, apart=False))
            finally:
                self.is_seeding = False
            for name in names:
                self._made[name] = [next(made) for _ in NEEDS[name]]
        return self._made[fixture]
