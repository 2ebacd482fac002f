"""Waiting for seeded cards until they are listed, whatever else a target gets wrong."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Sequence
from copy import copy
from typing import Final

from pytest_atomic_cards.client.overlap import Begun
from pytest_atomic_cards.model.cards import Card
from pytest_atomic_cards.model.documented import DEFAULT_PAGE
from pytest_atomic_cards.support.clock import Clock
from pytest_atomic_cards.support.errors import (
    AtomicCardsError,
    ContractBrokenError,
    NotAvailableError,
    SeedingError,
)
from pytest_atomic_cards.support.polling import poll
from pytest_atomic_cards.support.printable import brief
from pytest_atomic_cards.support.progress import activity
from pytest_atomic_cards.targets.seeding.awaited_cards import AwaitedCards, Pace
from pytest_atomic_cards.targets.seeding.backend import Placement, SeedingBackend
from pytest_atomic_cards.targets.seeding.invocation_listings import InvocationListings
from pytest_atomic_cards.targets.seeding.listing_reader import Found, Reader
from pytest_atomic_cards.targets.seeding.listing_sense import in_order
from pytest_atomic_cards.targets.seeding.ownership import Ownership

_MOST_CARDS_PER_TARGET: Final = 10
"""Cards that a flow may send to one target: flows send one or a few. A target that lists more of
them invents cards, without end if it is let, and all of them would be kept."""
_LEAST_WATCH: Final = 3.0
"""Seconds to watch for further cards during calibration, however fast the first one was: a flow
queues its activities, so that the next may take as long as any."""
_MOST_WATCH: Final = 10.0
"""Seconds after which that ends on a slow target: each run pays for it once."""
_SOONER: Final = 0.9
"""Share of the time that the first cards took in which later ones are not looked for."""
_LOOKS: Final = 8
"""Listings in that time: enough to see cards come one after the other, or a listing go back."""
_LEAST_LATE_CARD_WINDOW: Final = 0.5
"""Seconds to wait for further cards, once a target was seen to get several."""
_SURELY_LATE: Final = 2
"""Times the latency of the first cards after which the invocation's own listing should have shown
one, so that other listings may: each look by those takes up to four further requests."""
_UNKNOWN_LATENCY: Final = 1.0
"""Seconds after which those are looked at for the first cards of all."""
_LEAST_LISTING_LAG: Final = 1.0
"""Seconds to wait for listings once one was seen to go back: such caches live for seconds."""


class CardWaiter:
    """Waits for seeded cards.

    A flow may send several cards to one target, one after the other, and not as many to each; and
    listings may temporarily miss what they have shown before. Calibration measures both, and later
    waits allow for them.

    Args:
        reader: Lists cards.
        backend: Creates them.
        clock: Measures the waits.
        ownership: Decides which cards are this run's own, on a shared target.
    """

    def __init__(
        self,
        reader: Reader,
        backend: SeedingBackend,
        clock: Clock,
        ownership: Ownership | None = None,
    ) -> None:
        self._listings = InvocationListings(reader, ownership)
        self._backend = backend
        self._clock = clock
        self.late_card_window = 0.0
        """Seconds in which a start may send further cards; 0 if each sends one."""
        self.cards_per_target = 1
        """How many cards each target gets at least."""
        self.calibration: Begun[None] | None = None
        """What is still being learned; no cards are complete before."""
        self._pace = Pace(backend)
        self._varies = False
        self.listing_lag = 0.0
        """Seconds until listings reliably show a change; 0 if they were never seen to go back."""

    def await_first(self, placed: Placement) -> list[Card]:
        """The cards of a first invocation, which show how long cards take.

        Raises:
            SeedingError: No card appeared in time.
        """
        clock = self._clock.monotonic
        asked = clock()
        cards = [card for group in self.await_visible([placed]) for card in group]
        if not self._backend.delivery_is_certain:
            self._pace.latency = min(clock() - asked, _MOST_WATCH)
        return cards

    def calibrate(self, placed: Placement, acted_on: Collection[str] = ()) -> None:
        """Learn from a first invocation how many cards a target gets, and how far apart.

        Args:
            placed: What was requested, once its first cards are listed.
            acted_on: Keys of cards that somebody acts on meanwhile, so that they may vanish.
        """
        if self._backend.delivery_is_certain:
            return
        clock = self._clock.monotonic
        first = last = clock()
        watch = min(max(_LEAST_WATCH, 3 * self._pace.latency), _MOST_WATCH)
        counts: Counter[str | None] = Counter()
        known: set[str] = set()
        listed = 0

        def look() -> None:
            nonlocal counts, last, listed
            visible = self._listings.first_page(placed)
            if not (visible or listed):  # the target may not list by its own invocation
                visible = self._listings.visible(
                    placed, *self._listings.firsts([placed]), is_late=True
                )
            known.update(visible)
            now = len(visible.keys() | (known & {*acted_on}))
            if now < listed:
                self.listing_lag = max(_LEAST_LISTING_LAG, 2 * (clock() - first))
            listed = max(listed, now)
            before = counts.copy()
            counts |= Counter(card.user_id for card in visible.values())
            if before and counts != before:
                last = clock()

        for _ in range(_LOOKS):
            look()
            self._clock.sleep(watch / _LOOKS)
        self.cards_per_target = min(counts.values(), default=1)
        self._varies = max(counts.values(), default=1) > self.cards_per_target
        if self._varies or self.cards_per_target > 1:
            self.late_card_window = max(_LEAST_LATE_CARD_WINDOW, 2 * (last - first))

    def finish_calibration(self) -> None:
        """Wait until everything was learned from the first invocation.

        Raises:
            AtomicCardsError: Its cards could not be listed.
        """
        if (calibration := self.calibration) is not None:
            calibration.result()
            self.calibration = None

    def so_far(self) -> CardWaiter:
        """What waits by what was learned so far, for those who cannot wait for the rest."""
        if self.calibration is None:
            return self
        waiter = copy(self)
        waiter.calibration = None
        return waiter

    @property
    def expects_more(self) -> bool:
        """Whether cards may come, or vanish from listings, after a start has sent one to each."""
        return self.cards_per_target > 1 or self.late_card_window > 0 or self.listing_lag > 0

    def await_visible(
        self, placed: Sequence[Placement], *, at_once: bool = False
    ) -> list[tuple[Card, ...]]:
        """The cards of each invocation, as :meth:`await_each` finds them.

        Raises:
            NotAvailableError: The target does not list embargoed cards, or embargoes all.
            SeedingError: Some did not appear, or more are listed than a flow sends.
        """
        found = self.await_each(placed, at_once=at_once)
        for one in found:
            if isinstance(one, SeedingError | NotAvailableError):
                raise one
        return [one for one in found if isinstance(one, tuple)]

    def await_each(
        self, placed: Sequence[Placement], *, at_once: bool = False
    ) -> list[tuple[Card, ...] | SeedingError | NotAvailableError]:
        """The cards of each invocation, in the order of the requested customers, or why not.

        It is enough for a card to be listed once: pages may hold other cards each time. A listing
        that fails is repeated, as a target may fail while no card matches yet. The first one waits
        nearly as long as the first cards took, unless ``at_once``. Cards are given up if no others
        appeared within the backend's time-out.

        Raises:
            SeedingError: More are listed than a flow sends, or cards of others with them.
        """
        clock = self._clock.monotonic
        awaited = [AwaitedCards(one, asked=clock(), grown=clock()) for one in placed]

        def waiting() -> list[AwaitedCards]:
            left = [one for one in awaited if not one.complete]
            firsts = self._listings.firsts(one.placed for one in left)
            for one, first in zip(left, firsts, strict=True):
                self._look(one, first)
                update(sum(len(one.cards) for one in awaited))
            return [one for one in left if not one.complete]

        def is_over(left: list[AwaitedCards]) -> bool:
            waited = clock() - max((one.grown for one in awaited), default=0.0)
            return not left or waited > self._pace.time_for(left)

        self._clock.sleep(0.0 if at_once else _SOONER * self._pace.latency)
        self.finish_calibration()
        with activity("seeding cards", sum(one.count for one in placed)) as update:
            missing = poll(waiting, is_over, math.inf, self._clock)
        for one in missing:
            is_ready = not one.is_embargoed_unasked
            one.complete = is_ready and self._listings.are_listed_by_customer(one)
        missing = [one for one in missing if not one.complete]
        if len(missing) < len(awaited):
            self._clock.sleep(self.listing_lag)
        return [self._outcome(one, missing) for one in awaited]

    def _outcome(
        self, one: AwaitedCards, missing: Sequence[AwaitedCards]
    ) -> tuple[Card, ...] | SeedingError | NotAvailableError:
        if not one.complete:
            return self._pace.give_up(missing)
        if one.placed.embargoed and self._pace.flow_embargoes:
            return NotAvailableError(
                "the Action Flow embargoes its cards itself, so that nothing shows whether it "
                "honours an embargo of a request"
            )
        return in_order(list(one.cards.values()), one.placed.users)

    def _look(self, one: AwaitedCards, first: Found | AtomicCardsError) -> None:
        """Take in a listing of an invocation, and note whether all of its cards are there."""
        before, targets = len(one.cards), one.placed.count
        one.fault = self._listings.contradiction = None
        try:
            one.cards |= self._listings.visible(one.placed, first, is_late=self._is_late(one))
        except ContractBrokenError as error:
            one.fault = error
            return
        if not one.cards:
            one.fault = self._listings.contradiction
        listed, now = len(one.cards), self._clock.monotonic()
        if listed > max(DEFAULT_PAGE, targets * _MOST_CARDS_PER_TARGET):
            raise SeedingError(
                f"{listed} cards are listed of invocation {brief(one.placed.invocation)}, which "
                f"requested {targets}: the target seems to invent cards, or to change their ids"
            )
        if listed > before:
            one.grown = now
        if listed >= targets:
            self._learn(listed, targets)
            whole = listed >= targets * self.cards_per_target and not self._varies
            one.complete = whole or now - one.grown > self.late_card_window
            if one.is_embargoed_unasked:
                self._pace.flow_embargoes, one.complete = True, False
        else:
            one.complete = self._listings.is_paged_away(one.placed, list(one.cards.values()))

    def _learn(self, listed: int, targets: int) -> None:
        """Note that there are more cards than each target was seen to get."""
        if listed > targets * self.cards_per_target:
            self._varies = True
            self.late_card_window = max(self.late_card_window, _LEAST_LATE_CARD_WINDOW)

    def _is_late(self, one: AwaitedCards) -> bool:
        """Whether cards can be expected to be listed by now."""
        waited = self._clock.monotonic() - one.asked
        latency = _SURELY_LATE * self._pace.latency or _UNKNOWN_LATENCY
        return bool(one.cards) or waited > min(latency, self._backend.listing_timeout / 2)
