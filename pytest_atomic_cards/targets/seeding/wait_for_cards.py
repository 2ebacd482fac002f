"""Reading back what was seeded: waiting until it is listed, whatever else a target gets wrong."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from pytest_atomic_cards.model.cards import Card
from pytest_atomic_cards.model.lifecycle import Status
from pytest_atomic_cards.model.query import CardQuery
from pytest_atomic_cards.support.clock import Clock
from pytest_atomic_cards.support.errors import ContractBrokenError, SeedingError
from pytest_atomic_cards.support.polling import poll
from pytest_atomic_cards.support.printable import brief
from pytest_atomic_cards.support.progress import activity
from pytest_atomic_cards.targets.seeding.backend import Placed, SeedingBackend
from pytest_atomic_cards.targets.seeding.listing_reader import Found, Reader, key_of
from pytest_atomic_cards.targets.seeding.ownership import Ownership

_MOST_PAGES: Final = 20
_FULL_PAGE: Final = 100
_SAMPLE: Final = 5
_LEAST_WATCH: Final = 3.0
_MOST_WATCH: Final = 10.0
_LEAST_STRAGGLING: Final = 0.5
_FEW_SECONDS: Final = 10.0
_LEAST_UNSTEADY: Final = 1.0


@dataclass(slots=True)
class _Awaited:
    """Cards of one invocation that are waited for.

    Args:
        placed: What was asked for.
        grown: When the last of them came; at first, when they were asked for.
        cards: Those that were listed so far, by their keys.
        complete: Whether there is none to be waited for any more.
        fault: What the last listing failed with, if one did.
    """

    placed: Placed
    grown: float
    cards: dict[str, Card] = field(default_factory=dict)
    complete: bool = False
    fault: ContractBrokenError | None = None

    @property
    def is_no_listing(self) -> bool:
        """Whether the last answer was a success and yet no listing, which no wait will mend."""
        return bool(self.fault and self.fault.exchange and self.fault.exchange.succeeded)


class CardWaiter:
    """Waits for seeded cards.

    A flow may send several cards to one target, one after the other, and not as many to each; and
    listings may miss now and then what they have shown before. This is learned from a rehearsal,
    and then waited for.

    Args:
        reader: Lists cards.
        backend: How they come into being.
        clock: The time by which to wait.
        ownership: Decides which cards are this run's own, on a target that others share.
    """

    def __init__(
        self,
        reader: Reader,
        backend: SeedingBackend,
        clock: Clock,
        ownership: Ownership | None = None,
    ) -> None:
        self._reader = reader
        self._ownership = ownership
        self._backend = backend
        self._clock = clock
        self.straggling = 0.0
        """Seconds in which a start may send further cards; 0 where each sends one."""
        self.cards_per_target = 1
        """How many cards each target gets at least."""
        self._varies = False
        self.unsteadiness = 0.0
        """Seconds until listings surely show what has happened; 0 where they never went back."""

    def calibrate(self, placed: Placed) -> list[Card]:
        """Learn from a first invocation how many cards a target gets, and how far apart.

        Returns:
            The cards that were there at first.

        Raises:
            SeedingError: No card appeared in time.
        """
        clock = self._clock.monotonic
        asked = clock()
        cards = [card for group in self.await_visible([placed]) for card in group]
        if self._backend.delivery_is_certain:
            return cards
        first = last = clock()
        watch = min(max(_LEAST_WATCH, 3 * (first - asked)), _MOST_WATCH)
        counts: Counter[str | None] = Counter()
        listed = 0

        def look() -> None:
            nonlocal counts, last, listed
            now = len(self._own(placed, self._page(placed, placed.pin)))
            if now < listed:
                self.unsteadiness = max(_LEAST_UNSTEADY, 2 * (clock() - first))
            listed = max(listed, now)
            before = counts.copy()
            counts |= Counter(card.user_id for card in self._visible(placed).values())
            if before and counts != before:
                last = clock()

        poll(look, bool, watch, self._clock)
        self.cards_per_target = min(counts.values(), default=1)
        self._varies = max(counts.values(), default=1) > self.cards_per_target
        if self._varies or self.cards_per_target > 1:
            self.straggling = max(_LEAST_STRAGGLING, 2 * (last - first))
        return cards

    def await_visible(self, placed: Sequence[Placed]) -> list[tuple[Card, ...]]:
        """The cards of each invocation, in the order of the customers they were asked for.

        A card needs to have been listed once: pages may hold other cards each time. A listing that
        fails is asked for again, as a target may fail where no card matches yet.

        Raises:
            SeedingError: Some did not appear, nor did others within the patience of the placement;
                or cards of others are listed with them.
        """
        clock = self._clock.monotonic
        awaited = [_Awaited(one, grown=clock()) for one in placed]

        def waiting() -> list[_Awaited]:
            for one in awaited:
                if not one.complete:
                    self._look(one)
                    update(sum(len(one.cards) for one in awaited))
            return [one for one in awaited if not one.complete]

        def patience(left: list[_Awaited]) -> float:
            hopeless = all(one.is_no_listing for one in left)
            return min(self._backend.patience, _FEW_SECONDS if hopeless else math.inf)

        def is_over(left: list[_Awaited]) -> bool:
            return not left or clock() - max(one.grown for one in awaited) > patience(left)

        with activity("seeding cards", sum(one.count for one in placed)) as update:
            missing = poll(waiting, is_over, math.inf, self._clock)
        if missing:
            fault = next((one.fault for one in missing if one.fault), None)
            raise SeedingError(
                f"{sum(one.placed.count for one in missing)} seeded card(s) of {len(missing)} "
                f"invocation(s), the first being {brief(missing[0].placed.invocation)}, were not "
                f"all visible after {patience(missing):g} s without a further one"
                + (f"; {fault}" if fault else ""),
                fault.exchange if fault else None,
            )
        self._clock.sleep(self.unsteadiness)
        return [_in_order(list(one.cards.values()), one.placed.users) for one in awaited]

    def _look(self, one: _Awaited) -> None:
        """List the cards of an invocation once more, and see whether they are all there."""
        before, targets = len(one.cards), one.placed.count
        one.fault = None
        try:
            one.cards |= self._visible(one.placed)
        except ContractBrokenError as error:
            one.fault = error
            return
        listed, now = len(one.cards), self._clock.monotonic()
        if listed > before:
            one.grown = now
        if listed >= targets:
            self._learn(listed, targets)
            whole = listed >= targets * self.cards_per_target and not self._varies
            one.complete = whole or now - one.grown > self.straggling
        else:
            one.complete = self._is_paged_away(one.placed, list(one.cards.values()))

    def _learn(self, listed: int, targets: int) -> None:
        """Take in that there are more cards than each target was seen to get."""
        if listed > targets * self.cards_per_target:
            self._varies = True
            self.straggling = max(self.straggling, _LEAST_STRAGGLING)

    def _visible(self, placed: Placed) -> dict[str, Card]:
        """The cards of an invocation, also where large pages or its own attribute do not work."""
        cards: dict[str, Card] = {}
        with suppress(ContractBrokenError):
            cards = self._own(placed, self._find(placed, placed.pin))
        if not cards:
            cards = self._own(placed, self._page(placed, placed.pin))
        if placed.expire and len(cards) < placed.count:
            expired = placed.pin.replace(status=Status.EXPIRED)
            cards |= self._own(placed, self._page(placed, expired))
        if not cards:
            for user in dict.fromkeys(placed.users):
                more = self._own(placed, self._find(placed, CardQuery(user_id=user)))
                if not more:
                    break
                cards |= more
        return cards

    def _find(self, placed: Placed, query: CardQuery) -> Found:
        return self._shown(placed, query, self._reader.find(query, _MOST_PAGES))

    def _page(self, placed: Placed, query: CardQuery) -> Found:
        return self._shown(placed, query, self._reader.page(query))

    def _shown(self, placed: Placed, query: CardQuery, found: Found) -> Found:
        """What a query has listed, unless it holds cards of others under an id of ours."""
        if self._ownership:
            self._ownership.note(query, found)
            for invocation in (placed.invocation, *placed.further):
                self._ownership.refuse_strangers(invocation)
        return found

    def _own(self, placed: Placed, found: Found) -> dict[str, Card]:
        """The cards of an invocation among some, on a shared target only those shown to be ours."""
        is_ours = self._ownership.provenance.is_ours if self._ownership else placed.holds
        return {key_of(card): card for card in found.cards if placed.holds(card) and is_ours(card)}

    def _is_paged_away(self, placed: Placed, cards: Sequence[Card]) -> bool:
        """Whether cards exist that paging does not reach: the paging contracts judge that."""
        if len(cards) < _FULL_PAGE or not placed.users_are_ours:
            return False
        hidden = sorted(set(placed.users) - {card.user_id for card in cards})
        sample = hidden[:: max(1, len(hidden) // _SAMPLE)]
        return bool(sample) and all(
            self._own(placed, self._reader.page(CardQuery(user_id=user))) for user in sample
        )


def _in_order(cards: Sequence[Card], users: Sequence[str]) -> tuple[Card, ...]:
    """Cards in the order of the users they were asked for, further ones last."""
    by_user: dict[str | None, list[Card]] = {}
    for card in cards:
        by_user.setdefault(card.user_id, []).append(card)
    ordered = [by_user[user].pop(0) for user in users if by_user.get(user)]
    return (*ordered, *(card for rest in by_user.values() for card in rest))
