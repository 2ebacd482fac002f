"""The stock of fresh cards: which kinds are kept, how many are seeded at once, and what is left."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from types import MappingProxyType
from typing import Final

from pytest_atomic_cards.model.card_spec import CardSpec, Population
from pytest_atomic_cards.model.cards import Card
from pytest_atomic_cards.model.lifecycle import Status
from pytest_atomic_cards.support.errors import AtomicCardsError, NotAvailableError, SeedingError
from pytest_atomic_cards.targets.seeding.listing_reader import Group

GROUP: Final = 3
"""Cards of a group: the fewest that differ from two, for targets that treat a pair specially."""
_SINGLES: Final = 6
"""Cards of a state in one start: one for each action, with and without status."""


class StartKind(Enum):
    """Active cards that belong together.

    A group of several customers and a card of one customer take a start each. Groups of one
    customer each share a few starts, and only a live target needs them for that.
    """

    GROUP = auto()
    CUSTOMER = auto()
    ALONE = auto()


Kind = StartKind | Status
"""What is kept in stock: whole starts, or single cards of a state."""
Batch = Mapping[Kind, int]
"""How many starts of each kind to seed at once; any other kind is seeded by itself."""
CONTRACTS: Final[Batch] = MappingProxyType({StartKind.GROUP: 4})
"""Groups of several customers to seed at once: few contracts need one."""
QUESTIONS: Final[Batch] = MappingProxyType({Status.ACTIVE: 2, StartKind.ALONE: 2})
"""What all open questions need together beside groups, so a live target is waited for once."""
OF_QUESTIONS: Final = 9
"""Groups that all open questions take."""
SINGLES_OF_QUESTIONS: Final = MappingProxyType({Status.ACTIVE: 12, Status.EMBARGOED: 2})
"""Single cards that all open questions take on a live target."""


@dataclass(slots=True)
class Stock:
    """The remaining cards, and what seeding showed of the target.

    Attributes:
        most: Limits the starts of a kind and the cards of a start that are seeded at once.
        starts: Whole starts that are left.
        singles: Single cards that are left, each with its group.
        no_customers: Why groups of one customer each cannot be seeded.
        is_bounded: Whether the target limits the size of a start.
        absent: Why cards of a state are unavailable.
        is_begun: Whether what is planned was seeded.
        opened: The cards that are left of a group that is handed out one by one.
    """

    most: float
    starts: defaultdict[StartKind, list[Group]] = field(default_factory=lambda: defaultdict(list))
    singles: defaultdict[Status, list[tuple[Group, Card]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    no_customers: NotAvailableError | SeedingError | None = None
    is_bounded: bool = False
    absent: dict[Status, AtomicCardsError] = field(default_factory=dict)
    is_begun: bool = False
    opened: list[tuple[Group, Card]] = field(default_factory=list)


def population_of(kind: Kind, most: float) -> Population:
    """The cards of one start of a kind, at most so many single ones."""
    if isinstance(kind, Status):
        return Population.of(int(min(_SINGLES, most)), CardSpec(status=kind))
    return Population.of(GROUP if kind is StartKind.GROUP else 1)
