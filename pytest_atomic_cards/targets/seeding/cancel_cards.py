"""Cancelling what is still open of this run: one card first, several only if that is safe."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from contextlib import suppress
from threading import Lock
from typing import Final, TypeVar

from pytest_atomic_cards.client.cards_api import CardsApi
from pytest_atomic_cards.model.cards import Card
from pytest_atomic_cards.model.documented import LARGEST_LIMIT
from pytest_atomic_cards.model.exchange import Exchange
from pytest_atomic_cards.model.lifecycle import Action, Status
from pytest_atomic_cards.model.query import CardQuery
from pytest_atomic_cards.support.errors import (
    AtomicCardsError,
    NotAvailableError,
    OutcomeUnknownError,
    ScopeError,
)
from pytest_atomic_cards.targets.seeding.action_outcomes import updated
from pytest_atomic_cards.targets.seeding.alike_cards import AlikeError
from pytest_atomic_cards.targets.seeding.ownership import Ownership
from pytest_atomic_cards.targets.seeding.roll_call import RollCall
from pytest_atomic_cards.targets.seeding.state_setup import act_on_state

Outcome = TypeVar("Outcome")
Steps = Generator[None, None, Outcome]
"""Work done in steps, between which listings have time to catch up."""

MOST_REPEATS: Final = 6
"""Cancels of active cards before they are reported as left open: with the pauses in between, 3 s
for listings that lag, and enough on a network that loses every third response."""
_MOST_FAILURES: Final = 5
"""Single cancels that fail in a row before the rest is left for the next look: of a thousand cards
that a target refuses, not each needs a request."""


class Canceller:
    """Cancels cards of this run on one target. Threads may share it.

    Args:
        api: Client of the target.
        ownership: Decides which cards and ids are this run's own.

    Attributes:
        count: How many cards were cancelled, by the target's own count.
        was_futile: Whether cards were still listed as active after all repeats.
        roll_call: Lists all active cards at once.
    """

    def __init__(self, api: CardsApi, ownership: Ownership) -> None:
        self._api = api
        self._ownership = ownership
        self.count = 0
        self.was_futile = False
        self._lock = Lock()
        self.roll_call = RollCall(ownership)

    def _count(self, exchange: Exchange) -> None:
        """Count the cards that a response says were changed; at least one if it was a success."""
        with self._lock:
            self.count += max(updated(exchange), 1) if exchange.succeeded else 0

    def _cancel_singly(self, cards: Iterable[Card], beside: Sequence[Card]) -> str:
        """Cancel cards one by one, or with those like them; returns the last response or refusal.

        Args:
            cards: The cards.
            beside: All cards that are listed with them.

        Raises:
            AlikeError: None could be cancelled, as others are like them.
        """
        response = "they have no ids"
        alike, is_done, failures = None, False, 0
        for card in cards:
            if failures == _MOST_FAILURES:
                break
            failures += 1
            try:
                self.roll_call.forget()
                exchange = self._ownership.action_semantics.act_alone(
                    Action.CANCEL, card, beside=beside
                )
            except OutcomeUnknownError:
                continue
            except AlikeError as error:
                alike = error
                continue
            except (ScopeError, NotAvailableError) as error:
                response = str(error)
                continue
            if exchange is not None:
                response = exchange.describe()
                self._count(exchange)
                if exchange.succeeded:
                    is_done, failures = True, 0
        if alike is not None and not is_done:
            raise alike
        return response

    def _listed(self, pin: CardQuery, state: Status) -> Sequence[Card]:
        """The cards of this run that a pin selects and that are in a state.

        A target that combines attributes by *or* lists others as well. Then the pin is used alone.
        """
        found = self._ownership.look(pin.replace(status=state)).cards
        if not all(pin.matches(card.attributes) for card in found):
            return self._listed_by_pin_alone(pin, state)
        return self._ours(pin, state, found)

    def _still_listed(self, pin: CardQuery, state: Status, *, was_known: bool) -> Sequence[Card]:
        """The same, for a pin whose cards were known by the listing of all active ones."""
        shown = self.roll_call.under(pin) if was_known and state is Status.ACTIVE else None
        return self._listed(pin, state) if shown is None else self._ours(pin, state, shown)

    def _listed_by_pin_alone(self, pin: CardQuery, state: Status) -> Sequence[Card]:
        """The same without a state in the query, whose index may lag behind others.

        Only the first look needs it: later ones follow a cancel, and show what it left.
        """
        return self._ours(pin, state, self._ownership.look(pin).cards)

    def _ours(self, pin: CardQuery, state: Status, cards: Iterable[Card]) -> Sequence[Card]:
        is_ours = self._ownership.provenance.is_ours
        return [card for card in _in_state(pin, state, cards) if is_ours(card)]

    def _cancel(self, pin: CardQuery, state: Status, cards: Sequence[Card]) -> str:
        """Cancel cards: a single one first, and the rest at once only if that is shown to be safe.

        The id of a single card without ``multiple`` fails safely: if the target does not honour the
        id, more than one card matches, and it must refuse.
        """
        semantics = self._ownership.action_semantics
        if not semantics.was_carried_out(Action.CANCEL):
            response = self._cancel_first(cards)
            if len(cards) == 1 or not semantics.was_carried_out(Action.CANCEL):
                return response
        try:
            exchange = self._cancel_at_once(pin, state, len(cards))
        except (NotAvailableError, ScopeError):
            return self._cancel_singly(cards, cards)
        return exchange.describe() if exchange.succeeded else self._cancel_singly(cards, cards)

    def _cancel_first(self, cards: Sequence[Card]) -> str:
        """Cancel one of some cards, or those like it; returns the last response or refusal."""
        alike, response = None, ""
        for card in cards[:_MOST_FAILURES]:
            try:
                response = self._cancel_singly([card], cards)
            except AlikeError as error:
                alike = error
                continue
            if self._ownership.action_semantics.was_carried_out(Action.CANCEL):
                return response
        if alike is not None:
            raise alike
        return response

    def _cancel_at_once(self, pin: CardQuery, state: Status, count: int) -> Exchange:
        batch = pin.replace(multiple=True, limit=LARGEST_LIMIT) if count > 1 else pin
        self.roll_call.forget()
        exchange = act_on_state(self._api, Action.CANCEL, batch, state)
        self._count(exchange)
        return exchange

    def cancelled(
        self,
        pin: CardQuery,
        state: Status,
        repeats: int,
        *,
        shows_plainly: bool = False,
        known: int = 0,
    ) -> Steps[str]:
        """Cancel the cards of a pin in one state; returns what may be left and why, or nothing.

        Unlike ``CardsApi.drain`` it trusts neither the query nor the counts of the target: see
        :mod:`pytest_atomic_cards.targets.seeding.clean_up`. A lost response does no harm: the next
        listing shows what is left.

        Args:
            pin: Selects the cards.
            state: Their state.
            repeats: How often to cancel.
            shows_plainly: Whether the plain listing has shown all of them in this state; then it
                is enough if they are not in it any more.
            known: How many cards were last listed in the state, so that they need not be listed
                before the first cancel.
        """
        query, response, first = pin.replace(status=state), "no response", 0
        if known and state is Status.ACTIVE and self.roll_call.is_empty_before(pin):
            return ""
        try:
            if known and self._ownership.action_semantics.was_carried_out(Action.CANCEL):
                with suppress(OutcomeUnknownError, NotAvailableError, ScopeError):
                    exchange = self._cancel_at_once(pin, state, known)
                    response, first = exchange.describe(), int(exchange.succeeded)
                    yield
            for number in range(first, repeats):
                plainly = number == 0 and shows_plainly
                listed = () if plainly else self._still_listed(pin, state, was_known=bool(first))
                if not listed and number == 0:
                    listed = self._listed_by_pin_alone(pin, state)
                if not listed:
                    return ""
                with suppress(OutcomeUnknownError):
                    response = self._cancel(pin, state, listed)
                del listed  # hundreds of clean-ups wait here at once, and cards are large
                yield
        except AtomicCardsError as error:
            return f"cards of {query}: {error}"
        self.was_futile |= repeats == MOST_REPEATS
        return f"cards of {query}: still listed after {repeats} cancels, {response}"


def _in_state(pin: CardQuery, state: Status, cards: Iterable[Card]) -> Sequence[Card]:
    """Those of some cards that a pin selects and that are in a state, as far as they show it."""
    wanted = pin.attributes
    return [
        card
        for card in cards
        if card.status in {state, None}
        and all(card.attributes.get(name, value) == value for name, value in wanted.items())
    ]


def together(*groups: Sequence[Steps[str]]) -> Steps[tuple[list[str], ...]]:
    """Take the steps of several cancels in turn; returns the results of each group."""
    running = [steps for group in groups for steps in group]
    ends: dict[Steps[str], str] = {}
    while True:
        for steps in running:
            try:
                next(steps)
            except StopIteration as end:
                ends[steps] = end.value
        running = [steps for steps in running if steps not in ends]
        if not running:
            return tuple([ends[steps] for steps in group] for group in groups)
        yield
