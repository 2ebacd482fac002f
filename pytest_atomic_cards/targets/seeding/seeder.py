"""Seeder: creates cards, waits until they are listed, and cleans up."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from math import ceil
from typing import Final

from pytest_atomic_cards.client.cards_api import CardsApi
from pytest_atomic_cards.client.overlap import outcome_of
from pytest_atomic_cards.client.scope_guard import PINS, Scope
from pytest_atomic_cards.model.card_spec import CardSpec, Population
from pytest_atomic_cards.model.cards import Card
from pytest_atomic_cards.model.query import Attribute, CardQuery
from pytest_atomic_cards.support.errors import (
    AtomicCardsError,
    ContractBrokenError,
    NotAvailableError,
    SeedingError,
)
from pytest_atomic_cards.support.polling import poll
from pytest_atomic_cards.targets.seeding.backend import Placement, SeedingBackend
from pytest_atomic_cards.targets.seeding.clean_up import Cleaner, CleanUp
from pytest_atomic_cards.targets.seeding.flow_batches import FlowStarter
from pytest_atomic_cards.targets.seeding.listing_reader import Group, Reader, key_of
from pytest_atomic_cards.targets.seeding.ownership import Ownership
from pytest_atomic_cards.targets.seeding.planned_starts import (
    active_keys,
    by_state,
    of_customer,
    planned_starts,
)
from pytest_atomic_cards.targets.seeding.start_register import StartRegister
from pytest_atomic_cards.targets.seeding.state_setup import StateSetup, creatable
from pytest_atomic_cards.targets.seeding.wait_for_cards import CardWaiter

_OF_ONE_START: Final = (NotAvailableError, SeedingError, ContractBrokenError)
"""Errors that concern one start alone. Any other is of the target, and ends the seeding."""
_MOST_USED: Final = (Attribute.USER_ID, Attribute.FLOW_INVOCATION_ID)
"""The ids by which groups are selected."""
_CALIBRATED: Final = 4
"""Targets of a calibration: usually enough to see that not all get the same number of cards."""


@dataclass(frozen=True, slots=True)
class _Request:
    """Cards that were requested.

    Args:
        population: As they were wanted.
        placed: As they were requested.
        begun: When the target had taken the request, by the clock of the session.
    """

    population: Population
    placed: Placement
    begun: float


class Seeder:
    """Seeds populations into one target.

    Args:
        api: Client of the target.
        backend: Creates cards there.
        scope: Learns which cards are this run's own; ``None`` if no guard is needed.
        cleaner: Remembers what was started, for all seeders of the target.

    Attributes:
        backend: Creates cards.
        reader: Lists them, and notes their states for clean-up.
    """

    def __init__(
        self,
        api: CardsApi,
        backend: SeedingBackend,
        scope: Scope | None = None,
        cleaner: Cleaner | None = None,
    ) -> None:
        self._cleaner = cleaner or Cleaner(api, StartRegister(Ownership(api, Reader(api))))
        self.reader = reader = Reader(api, self._cleaner.ownership.provenance.observe)
        self._clock = api.session.clock
        self._overlap = api.session.overlap
        self.backend = backend
        self._scope = scope
        self._ownership = self._cleaner.ownership if scope and scope.evidence else None
        self._waiter = CardWaiter(reader, backend, api.session.clock, self._ownership)
        self._state_setup = StateSetup(api, reader, backend)
        self._starter = FlowStarter(backend, self._cleaner, scope)

    @property
    def listing_lag(self) -> float:
        """Seconds until listings reliably show a change; 0 if they were never seen to go back."""
        return self._waiter.listing_lag

    @property
    def started(self) -> list[CardQuery]:
        """The queries that select what was started here, even if it is not listed."""
        return [pin for start in self._starter.starts for pin in start.pins]

    def learn_from(self, other: Seeder) -> None:
        """Take over what the starts of another seeder of the same live target have shown."""
        if not self.backend.delivery_is_certain:  # a sandbox has nothing to learn
            self._waiter = other._waiter.so_far()
            self._starter.learn_from(other._starter)

    def learn_rest_from(self, other: Seeder) -> bool:
        """Take over the rest once that is over; returns whether it matters for earlier cards.

        Raises:
            AtomicCardsError: Its cards could not be listed.
        """
        before = self._waiter
        other._waiter.finish_calibration()
        self.learn_from(other)
        return self._waiter is not before and self._waiter.expects_more

    def calibrate(self, *, sparing: bool = False) -> None:
        """Seed some cards, to check that it works and how many cards a target gets.

        Args:
            sparing: Whether to learn of the ids that most actions use only, of others later; and
                to request further cards while those of the first start are watched.

        Raises:
            SeedingError: No card appeared in time.
        """
        begun = self._clock.now()
        placed = self._place(Population.of(_CALIBRATED))
        cards = self._waiter.await_first(placed)
        self.backend.observe_new(cards, begun, self._clock.now())
        if self._scope:
            self._scope.adopt(cards)
        if self._ownership:
            acted_on = self._ownership.action_semantics.acted_on
            watch = partial(self._waiter.calibrate, placed, acted_on)
            trial = partial(self._ownership.calibrate, cards, _MOST_USED if sparing else PINS)
            if sparing and self._overlap.is_used:
                self._waiter.calibration = self._overlap.begin(watch)
                trial()
            else:
                self._overlap.results([watch, trial])
        else:
            self._waiter.calibrate(placed)
        self._completed(placed)

    def seed(self, *populations: Population, at_once: bool = False) -> list[Group]:
        """Seed populations, each as one invocation, and return their cards in the given states.

        Args:
            *populations: The cards of each invocation.
            at_once: Whether to list the cards before they can be expected.

        Raises:
            NotAvailableError: The target cannot create such cards.
            SeedingError: The cards did not appear in time, or not as requested.
        """
        requests = [self._request(population) for population in populations]
        placed = [one.placed for one in requests]
        visible = self._waiter.await_visible(placed, at_once=at_once)
        groups = []
        for made in self._arranged(requests, visible):
            if isinstance(made, AtomicCardsError):
                raise made
            groups.append(made)
        return groups

    def seed_each(self, populations: Iterable[Population]) -> list[Group | AtomicCardsError]:
        """Seed populations like :meth:`seed`; those that fail leave the others alone.

        Args:
            populations: The cards of each invocation; each one is taken right before its request,
                unless requests overlap.
        """
        calls = (partial(self._request, one) for one in populations)
        if self.backend.starts_overlap:
            requests = self._overlap.outcomes(calls, _OF_ONE_START)
        else:
            requests = [outcome_of(call, _OF_ONE_START) for call in calls]
        sent = [one for one in requests if isinstance(one, _Request)]
        visible = self._waiter.await_each([one.placed for one in sent]) if sent else []
        made = iter(self._arranged(sent, visible))
        return [next(made) if isinstance(one, _Request) else one for one in requests]

    def _request(self, population: Population) -> _Request:
        return _Request(population, self._place(population), self._clock.monotonic())

    def _arranged(
        self,
        requests: Sequence[_Request],
        visible: Sequence[tuple[Card, ...] | SeedingError | NotAvailableError],
    ) -> list[Group | AtomicCardsError]:
        """The cards of each start in the given states, or why there are none."""
        seen = [
            (request, cards)
            for request, cards in zip(requests, visible, strict=True)
            if isinstance(cards, tuple)
        ]
        self._completed(*(request.placed for request, _ in seen))
        if self._scope:
            self._scope.adopt([card for _, cards in seen for card in cards])
        calls = (partial(self._in_states, request, cards) for request, cards in seen)
        made = self._overlap.outcomes(calls, _OF_ONE_START)
        if self._ownership:
            groups = [one for one in made if isinstance(one, Group)]
            self._ownership.expect([card for group in groups for card in group.cards])
        arranged = iter(made)
        return [next(arranged) if isinstance(cards, tuple) else cards for cards in visible]

    def _in_states(self, request: _Request, cards: tuple[Card, ...]) -> Group:
        group = Group(request.placed.pin, cards, request.placed.users)
        return self._state_setup.arrange(request.population, group, request.begun)

    def seed_bulk(self, count: int) -> Group:
        """Seed at least ``count`` active cards that one query selects.

        Raises:
            NotAvailableError: The target does not create so many cards that belong together.
            SeedingError: The target does not create so many cards.
        """
        return self.seed(Population.of(ceil(count / self._waiter.cards_per_target)))[0]

    def seed_customers(
        self, *wanted: Sequence[CardSpec], apart: bool = True
    ) -> list[Group | AtomicCardsError]:
        """Seed cards for new customers; returns a group for each, which its id selects.

        Each start is for many customers, so that many groups take few starts, and is for cards of
        one state where that takes no further start, so that one action brings them there.

        Args:
            *wanted: The cards of each customer.
            apart: Whether cards of a customer have different invocations although they are alike.

        Returns:
            Each group, or why cards of it are missing.

        Raises:
            NotAvailableError: The target has no customers without other cards.
            SeedingError: The cards are not listed by the ids of the customers.
        """
        users = [self.backend.new_user() for _ in wanted]
        made = self._seed_starts(planned_starts(dict(zip(users, wanted, strict=True)), apart=apart))
        groups = [of_customer(user, made) for user in users]
        made_active = {
            group.pin: active
            for group in groups
            if isinstance(group, Group) and (active := active_keys(group))
        }
        ends = [*made_active][:1] + [*made_active][1:][-1:]
        for pin in ends:  # another index may lag, but for all alike
            self._await_listed(pin, made_active[pin])
        return groups

    def _seed_starts(
        self, starts: Sequence[Population]
    ) -> list[tuple[Population, Group | AtomicCardsError]]:
        """Seed starts, and each state of those that fail by itself: others may be available."""
        made: list[tuple[Population, Group | AtomicCardsError]] = []
        for start, group in zip(starts, self.seed_each(starts), strict=True):
            states = by_state(start)
            if isinstance(group, AtomicCardsError) and len(states) > 1:
                made += zip(states, self.seed_each(states), strict=True)
            else:
                made.append((start, group))
        return made

    def _await_listed(self, pin: CardQuery, wanted: frozenset[str]) -> None:
        """Wait until cards that were listed by other ids are also listed by the pin."""

        def listed() -> bool:
            return wanted <= set(map(key_of, self.reader.find(pin).cards))

        if not poll(listed, bool, self.backend.settling, self._clock):
            raise SeedingError(f"cards that are listed by other ids are not listed for {pin}")

    def clean_up(self) -> CleanUp:
        """Cancel every card that was seeded and may still be open."""
        if self._waiter.calibration:
            self._waiter.calibration.finish()
            self._completed()
        return self._cleaner.clean_up(self._starter.starts)

    def _place(self, population: Population) -> Placement:
        return self._starter.place(creatable(population))

    def _completed(self, *placed: Placement) -> None:
        self._cleaner.listing_lag = max(self._cleaner.listing_lag, self.listing_lag)
        self._cleaner.late_card_window = max(
            self._cleaner.late_card_window, self._waiter.late_card_window
        )
        for start in (start for one in placed for start in one.starts):
            self._cleaner.register.complete(start)
