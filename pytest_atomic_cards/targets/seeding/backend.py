"""SeedingBackend: how cards come into being on one kind of target."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Protocol

from pytest_atomic_cards.model.card_spec import Population
from pytest_atomic_cards.model.cards import Card
from pytest_atomic_cards.model.query import CardQuery
from pytest_atomic_cards.support.randomness import TRUE_RANDOMNESS, Randomness

if TYPE_CHECKING:
    from pytest_atomic_cards.targets.seeding.starts import Start


@dataclass(frozen=True, slots=True)
class Placement:
    """Cards that were asked for together.

    Args:
        invocation: Their ``flowInvocationId``.
        users: The customer of each card, in the order of the population.
        users_are_ours: Whether the users exist for this run only.
        starts: What the cleaner remembers them by.
        expire: Whether they may have expired before they are listed.
        further: Invocations beside the first, where each start has one of its own; the cards then
            share a customer who has no others.
    """

    invocation: str
    users: tuple[str, ...]
    users_are_ours: bool
    starts: tuple[Start, ...] = ()
    expire: bool = False
    further: frozenset[str] = frozenset()

    @property
    def count(self) -> int:
        """How many cards were asked for."""
        return len(self.users)

    @property
    def pin(self) -> CardQuery:
        """The query that selects exactly these cards."""
        if self.further:
            return CardQuery(user_id=self.users[0])
        return CardQuery(flow_invocation_id=self.invocation)

    def holds(self, card: Card) -> bool:
        """Whether a listed card is one of these, as far as its body shows."""
        if card.flow_invocation_id is None:
            return self.users_are_ours and card.user_id in self.users
        return card.flow_invocation_id in {self.invocation, *self.further}


class SeedingBackend(Protocol):
    """Puts cards in place; a ``Seeder`` does the rest."""

    delivery_is_certain: bool
    """Whether embargo and expiry hold as asked for; a flow may override them."""

    listing_timeout: float
    """Seconds of real time until another card that was asked for must be visible."""

    settling: float
    """Seconds of real time until a change of state must be visible."""

    def new_user(self, suffix: str = "") -> str:
        """A user id that exists for this run only.

        Raises:
            NotAvailableError: The settings name the only users that may be targeted.
        """

    def new_number(self) -> str:
        """A user id of digits only that exists for this run only.

        Raises:
            NotAvailableError: The settings name the only users that may be targeted.
        """

    def choose_users(self, population: Population) -> tuple[str, ...]:
        """The customer of each card of a population.

        Raises:
            NotAvailableError: The target cannot give such cards.
        """

    def owns(self, user: str) -> bool:
        """Whether a user exists for this run only."""

    def place(
        self, population: Population, users: Sequence[str], invocation: str | None = None
    ) -> str:
        """Ask for the cards of one invocation; gives the ``flowInvocationId`` of the response.

        Args:
            population: The cards.
            users: The customer of each.
            invocation: The invocation that they are to belong to, if the target lets us choose;
                a new one if left out.

        Raises:
            SeedingError: The target refused.
            OutcomeUnknownError: The cards may or may not come into being.
        """

    def snooze(self, card: Card, duration: timedelta) -> None:
        """Snooze an active card, as its customer would.

        Raises:
            NotAvailableError: The target has no such control.
        """

    def pass_time(self, duration: timedelta) -> None:
        """Let the target's time pass."""


_GENERATED: Final = re.compile(r"contract-[0-9a-f]{12}.*|1[0-2][0-9]{14}", re.DOTALL)
"""What :class:`UserIds` makes: a token of 48 bits, or the number that one is counted up from."""


def is_generated(user: str) -> bool:
    """Whether a user id has the form of those that runs generate."""
    return _GENERATED.fullmatch(user) is not None


class UserIds:
    """Generates user ids that no other run, and no other process of this one, uses.

    Args:
        randomness: Tells them apart.
    """

    def __init__(self, randomness: Randomness = TRUE_RANDOMNESS) -> None:
        self._randomness = randomness
        self._given: set[str] = set()

    def new(self, suffix: str = "") -> str:
        """The next id, ending in ``suffix``."""
        user = f"contract-{self._randomness.token()}{suffix}"
        self._given.add(user)
        return user

    def number(self) -> str:
        """The next id, of digits only."""
        user = self._randomness.number()
        self._given.add(user)
        return user

    def owns(self, user: str) -> bool:
        """Whether an id was generated here."""
        return user in self._given
