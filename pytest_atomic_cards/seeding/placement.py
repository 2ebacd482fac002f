"""Placement: how cards come into being on one kind of target."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from pytest_atomic_cards.cards import Card
from pytest_atomic_cards.chance import TRUE_CHANCE, Chance
from pytest_atomic_cards.seeding.spec import Population


@dataclass(frozen=True, slots=True)
class Placed:
    """One invocation that was asked for.

    Args:
        invocation: Its ``flowInvocationId``.
        users: The customer of each card, in the order of the population.
        users_are_ours: Whether the users exist for this run only.
    """

    invocation: str
    users: tuple[str, ...]
    users_are_ours: bool

    @property
    def count(self) -> int:
        """How many cards were asked for."""
        return len(self.users)


class Placement(Protocol):
    """Puts cards in place; :class:`~pytest_atomic_cards.seeding.seeder.Seeder` does the rest."""

    delivery_is_certain: bool
    """Whether embargo and expiry hold as asked for; a flow may override them."""

    patience: float
    """Seconds of real time until cards that were asked for must be visible."""

    settling: float
    """Seconds of real time until a change of state must be visible."""

    def new_user(self, suffix: str = "") -> str:
        """A user id that exists for this run only.

        Raises:
            NotAvailableError: The settings name the only users that may be targeted.
        """

    def stray_users(self) -> list[str]:
        """Generated users of invocations that were asked for and never heard of."""

    def place(self, population: Population) -> Placed:
        """Ask for the cards of one invocation.

        Raises:
            NotAvailableError: The target cannot give such cards.
            SeedingError: The target refused.
        """

    def snooze(self, card: Card, duration: timedelta) -> None:
        """Snooze an active card, as its customer would.

        Raises:
            NotAvailableError: The target has no such control.
        """

    def pass_time(self, duration: timedelta) -> None:
        """Let the target's time pass."""


class UserIds:
    """Generates user ids that no other run uses.

    Args:
        chance: Tells them apart.

    Attributes:
        astray: Generated users whose invocation was asked for and never heard of.
    """

    def __init__(self, chance: Chance = TRUE_CHANCE) -> None:
        self._chance = chance
        self._given: set[str] = set()
        self.astray: list[str] = []

    def new(self, suffix: str = "") -> str:
        """The next id, ending in ``suffix``."""
        user = f"contract-{self._chance.token()}{suffix}"
        self._given.add(user)
        return user

    def own(self, users: Iterable[str]) -> bool:
        """Whether all of these ids were generated here."""
        return self._given.issuperset(users)
