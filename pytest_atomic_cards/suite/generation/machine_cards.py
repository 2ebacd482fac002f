"""MachineCards: fresh cards for each run of a lifecycle machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pytest_atomic_cards.client.retry import until_known
from pytest_atomic_cards.model.card_spec import CardSpec, Population
from pytest_atomic_cards.suite.probing.eventual_consistency import ChangeWatcher
from pytest_atomic_cards.suite.probing.retrying import EVERY_SECOND_LOST
from pytest_atomic_cards.suite.supply.card_pool import CardPool

if TYPE_CHECKING:
    from pytest_atomic_cards.targets.cards_fixture import Cards
    from pytest_atomic_cards.targets.seeding.listing_reader import Group

_LEAST_SECONDS: Final = 0.2
"""A machine waits less than contracts after a timeout: its target is most likely wrong, and what
remains is to find fewer steps that show it."""


class MachineCards:
    """What all runs of a machine share.

    Args:
        cards: The isolated environment to act in.
        reserve: Where fresh cards come from on a live target.

    Attributes:
        is_steerable: Whether the target seeds cards instantly, snoozes them and can advance time.
        watcher: Waits for changes.
    """

    def __init__(self, cards: Cards, reserve: CardPool | None = None) -> None:
        self.cards = cards
        self.is_steerable = cards.is_steerable
        self.watcher = ChangeWatcher(cards, least=_LEAST_SECONDS)
        self._reserve = reserve or CardPool(cards.seeder, cards.recorder)

    def take(self, wanted: Population) -> tuple[Group, tuple[CardSpec, ...]]:
        """Fresh cards and their specs: as wanted, or active ones if seeding takes time."""
        if self.is_steerable:
            return self.cards.seeder.seed(wanted)[0], wanted.specs
        group = until_known(self._reserve.take, tries=EVERY_SECOND_LOST)
        return group, (CardSpec(),) * len(group.cards)
