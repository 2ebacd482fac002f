"""Supply: fresh cards for one run of a machine after another, and patience with their target."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final, TypeVar

from pytest_atomic_cards.model.card_spec import CardSpec, Population
from pytest_atomic_cards.suite.card_pool import CardPool
from pytest_atomic_cards.support.errors import OutcomeUnknownError
from pytest_atomic_cards.support.polling import poll

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_atomic_cards.targets.cards_fixture import Cards
    from pytest_atomic_cards.targets.seeding.listing_reader import Group

Seen = TypeVar("Seen")

_TRIES: Final = 8
_LEAST_PATIENCE: Final = 0.2
_LAGS_OF_PATIENCE: Final = 4.0


class CardSupply:
    """What all runs of a machine share.

    Args:
        cards: The world to act in.
        reserve: Where fresh cards come from on a target that cannot be steered.

    Attributes:
        is_steerable: Whether cards can be seeded in a moment, and snoozed, and time can pass.
    """

    def __init__(self, cards: Cards, reserve: CardPool | None = None) -> None:
        self.cards = cards
        self.is_steerable = cards.is_steerable
        self._reserve = reserve or CardPool(cards.seeder, cards.recorder)
        self._patience = cards.backend.settling
        self._lag = 0.0

    def take(self, wanted: Population) -> tuple[Group, tuple[CardSpec, ...]]:
        """Fresh cards as wanted, or active ones where seeding takes time, and what they are."""
        if self.is_steerable:
            return self.cards.seeder.seed(wanted)[0], wanted.specs
        group = take_from(self._reserve)
        return group, (CardSpec(),) * len(group.cards)

    def watch(self, look: Callable[[], Seen], reached: Callable[[Seen], bool]) -> Seen:
        """What is seen as soon as it is as awaited, or when patience has run out.

        Once it has run out, the target is wrong, and patience is short: what remains is to find
        few steps that show it.
        """
        clock = self.cards.clock
        began = clock.monotonic()
        seen = poll(look, reached, self._patience, clock)
        if reached(seen):
            self._lag = max(self._lag, clock.monotonic() - began)
        else:
            own = max(_LEAST_PATIENCE, _LAGS_OF_PATIENCE * self._lag)
            self._patience = min(self._patience, own)
        return seen


def take_from(reserve: CardPool) -> Group:
    """A group of fresh active cards, also where answers to the seeding are lost now and then.

    Raises:
        SeedingError: No more cards can be seeded.
        OutcomeUnknownError: Answers are lost again and again.
    """
    for _ in range(_TRIES):
        with suppress(OutcomeUnknownError):
            return reserve.take()
    return reserve.take()
