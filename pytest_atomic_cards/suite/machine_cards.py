"""Supply: fresh cards for each run of a machine, and patience with stale reads."""

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
"""Attempts to seed: even if every second response is lost, all are with a chance of 1 in 512."""
_LEAST_PATIENCE: Final = 0.2
"""Seconds: some polls of a target whose changes have always been visible at once."""
_LAGS_OF_PATIENCE: Final = 4.0
"""Multiple of the longest lag seen so far: the next one may well be longer."""


class CardSupply:
    """What all runs of a machine share.

    Args:
        cards: The isolated environment to act in.
        reserve: Where fresh cards come from on a live target.

    Attributes:
        is_steerable: Whether the target seeds cards instantly, snoozes them and can advance time.
    """

    def __init__(self, cards: Cards, reserve: CardPool | None = None) -> None:
        self.cards = cards
        self.is_steerable = cards.is_steerable
        self._reserve = reserve or CardPool(cards.seeder, cards.recorder)
        self._patience = cards.backend.settling
        self._lag = 0.0

    def take(self, wanted: Population) -> tuple[Group, tuple[CardSpec, ...]]:
        """Fresh cards and their specs: as wanted, or active ones if seeding takes time."""
        if self.is_steerable:
            return self.cards.seeder.seed(wanted)[0], wanted.specs
        group = take_from(self._reserve)
        return group, (CardSpec(),) * len(group.cards)

    def watch(self, look: Callable[[], Seen], reached: Callable[[Seen], bool]) -> Seen:
        """The first result of ``look`` that satisfies ``reached``, or the last before the timeout.

        After a timeout the target is most likely wrong, so the time limit becomes short: what
        remains is to find fewer steps that show it.
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
    """A group of fresh active cards; seeding is retried if its response is lost.

    Raises:
        SeedingError: No more cards can be seeded.
        OutcomeUnknownError: Every response was lost.
    """
    for _ in range(_TRIES):
        with suppress(OutcomeUnknownError):
            return reserve.take()
    return reserve.take()
