"""SeedingBackend: how cards are created on one kind of target."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from pytest_atomic_cards.model.card_spec import Population
from pytest_atomic_cards.model.cards import Card
from pytest_atomic_cards.model.query import CardQuery
from pytest_atomic_cards.support.randomness import TRUE_RANDOMNESS, Randomness

if TYPE_CHECKING:
    from pytest_atomic_cards.targets.seeding.starts import Start


@dataclass(frozen=True, slots=True)
class Placement:
    """Cards that were requested together.

    Args:
        invocation: Their ``flowInvocationId``.
        users: The customer of each card, in the order of the population.
        users_are_ours: Whether the users exist for this run only.
        starts: The starts that the cleaner remembers.
        expire: Whether they may have expired before they are listed.
        embargoed: How many of them are embargoed, so that they may never be listed.
        further: Invocations in addition to the first, if each start has its own; the cards then
            share a customer who has no others.
    """

    invocation: str
    users: tuple[str, ...]
    users_are_ours: bool
    starts: tuple[Start, ...] = ()
    expire: bool = False
    embargoed: int = 0
    further: frozenset[str] = frozenset()

    @property
    def count(self) -> int:
        """How many cards were requested."""
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


class SeedingBackend(ABC):
    """Creates cards; a ``Seeder`` does the rest.

    Args:
        randomness: Where ids come from.
    """

    delivery_is_certain = False
    """Whether embargo, expiry and ``lifecycleId`` are as requested; a flow may override them."""

    sends_lifecycle_ids = True
    """Whether the ``lifecycle_id`` of a spec is passed on; the target may still ignore it."""

    starts_overlap = False
    """Whether starts may be requested at once: not by a user's own code, nor for customers who have
    other cards, which are listed before each start."""

    if_missing = ""
    """What to check if requested cards are not listed; empty if nothing is known."""

    listing_timeout: float
    """Seconds of real time until the next card that was requested must be listed."""

    settling: float
    """Seconds of real time until a change of state must be listed."""

    def __init__(self, randomness: Randomness) -> None:
        self._randomness = randomness
        self._user_ids = UserIds(randomness)

    def new_user(self, suffix: str = "", *, like: str = "") -> str:
        """A user id that exists for this run only.

        Args:
            suffix: How it ends.
            like: How it begins: another user id, which the two may be taken for.

        Raises:
            NotAvailableError: The settings name the only users that may be targeted.
        """
        return self._generator.new(suffix, like)

    def new_number(self) -> str:
        """A user id of digits only that exists for this run only.

        Raises:
            NotAvailableError: The settings name the only users that may be targeted.
        """
        return self._generator.number()

    @property
    def _generator(self) -> UserIds:
        return self._user_ids

    def owns(self, user: str) -> bool:
        """Whether a user exists for this run only."""
        return self._user_ids.owns(user)

    @property
    def knows_target_time(self) -> bool:
        """Whether an embargo or expiry, requested as a time of day, is due when we expect it."""
        return True

    def observe_new(self, cards: Iterable[Card], begun: datetime, listed: datetime) -> None:
        """Take note of the first cards of a run, requested and listed at times of our clock."""
        del cards, begun, listed  # matters only where the target's own time does

    @abstractmethod
    def choose_users(self, population: Population) -> tuple[str, ...]:
        """The customer of each card of a population.

        Raises:
            NotAvailableError: The target cannot create such cards.
        """

    @abstractmethod
    def place(
        self, population: Population, users: Sequence[str], invocation: str | None = None
    ) -> str:
        """Request the cards of one invocation; returns the ``flowInvocationId`` of the response.

        Args:
            population: The cards.
            users: The customer of each.
            invocation: The invocation that they should belong to, if the target lets us choose;
                a new one if left out.

        Raises:
            SeedingError: The target refused.
            OutcomeUnknownError: The cards may or may not be created.
        """

    @abstractmethod
    def snooze(self, card: Card, duration: timedelta) -> None:
        """Snooze an active card, as if the customer did it.

        Raises:
            NotAvailableError: The target has no such control.
        """

    @abstractmethod
    def pass_time(self, duration: timedelta) -> None:
        """Let time pass on the target."""


_GENERATED: Final = re.compile(r"contract-[0-9a-f]{12}.*|1[0-2][0-9]{14}", re.DOTALL)
"""What :class:`UserIds` generates: a token of 48 bits, or a number of 16 digits from as many."""


def is_generated(user: str) -> bool:
    """Whether a user id has the form of a generated one."""
    return _GENERATED.fullmatch(user) is not None


class UserIds:
    """Generates user ids that no other run, and no other process of this one, uses.

    Args:
        randomness: Makes them unique.
    """

    def __init__(self, randomness: Randomness = TRUE_RANDOMNESS) -> None:
        self._randomness = randomness
        self._given: set[str] = set()

    def new(self, suffix: str = "", like: str = "") -> str:
        """The next id, ending in ``suffix``, and beginning with another id if one is given."""
        user = f"{like or f'contract-{self._randomness.token()}'}{suffix}"
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
