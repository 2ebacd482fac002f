"""Cancelling what is still open of this run: one card first, and together only if it is safe."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from contextlib import suppress
from typing import Final, TypeVar

from pytest_atomic_cards.client.cards_api import CardsApi
from pytest_atomic_cards.model.cards import Card
from pytest_atomic_cards.model.exchange import Exchange
from pytest_atomic_cards.model.lifecycle import Action, Status
from pytest_atomic_cards.model.query import CardQuery
from pytest_atomic_cards.support.errors import (
    AtomicCardsError,
    NotAvailableError,
    OutcomeUnknownError,
    ScopeError,
)
from pytest_atomic_cards.targets.seeding.action_semantics import updated
from pytest_atomic_cards.targets.seeding.listing_reader import LARGEST_PAGE
from pytest_atomic_cards.targets.seeding.ownership import Ownership
from pytest_atomic_cards.targets.seeding.state_setup import act_on_state

Outcome = TypeVar("Outcome")
Steps = Generator[None, None, Outcome]
"""Something done step by step, with time for listings to catch up in between."""

MOST_REPEATS: Final = 6
"""Cancels of active cards before they are reported as left open."""
_MOST_FAILURES: Final = 5
"""Single cancels that fail in a row before the rest is left for the next look."""


class Canceller:
    """Cancels cards of this run on one target.

    Args:
        api: Client of the target.
        ownership: Decides which cards and ids are this run's own.

    Attributes:
        count: How many cards the target said it has cancelled.
        was_futile: Whether cards were still listed as active after all repeats.
    """

    def __init__(self, api: CardsApi, ownership: Ownership) -> None:
        self._api = api
        self._ownership = ownership
        self.count = 0
        self.was_futile = False

    def _cancel_singly(self, cards: Iterable[Card]) -> str:
        """Cancel cards one by one, without ``multiple``; gives the last response or refusal."""
        answer = "they have no ids"
        failures = 0
        for card in cards:
            if failures == _MOST_FAILURES:
                break
            failures += 1
            try:
                exchange = self._ownership.effects.act_alone(Action.CANCEL, card)
            except OutcomeUnknownError:
                continue
            except (ScopeError, NotAvailableError) as error:
                answer = str(error)
                continue
            if exchange is not None:
                answer = exchange.describe()
                self.count += _changed(exchange)
                failures = 0 if exchange.succeeded else failures
        return answer

    def _listed(self, pin: CardQuery, state: Status) -> Sequence[Card]:
        """The cards of this run that a pin selects and that are in a state.

        A target that joins attributes by *or* lists others as well. There the pin is asked alone.
        """
        found = self._ownership.look(pin.replace(status=state)).cards
        if not all(pin.matches(card.attributes) for card in found):
            return self._listed_by_pin_alone(pin, state)
        return self._ours(pin, state, found)

    def _listed_by_pin_alone(self, pin: CardQuery, state: Status) -> Sequence[Card]:
        """The same without asking for the state, as the index of one query may lag behind others.

        Only the first look needs it: later ones follow a cancel, and show what it has left.
        """
        return self._ours(pin, state, self._ownership.look(pin).cards)

    def _ours(self, pin: CardQuery, state: Status, cards: Iterable[Card]) -> Sequence[Card]:
        is_ours = self._ownership.provenance.is_ours
        return [card for card in _in_state(pin, state, cards) if is_ours(card)]

    def _cancel(self, pin: CardQuery, state: Status, cards: Sequence[Card]) -> str:
        """Cancel cards: a single one first, and the rest at once only if that is shown to be safe.

        A single card's id without ``multiple`` fails closed: a target that does not heed the id
        has more than one card to choose from, and must refuse.
        """
        effects = self._ownership.effects
        if len(cards) == 1 or not effects.was_carried_out(Action.CANCEL):
            for card in cards[:_MOST_FAILURES]:
                answer = self._cancel_singly([card])
                if effects.was_carried_out(Action.CANCEL):
                    break
            if len(cards) == 1 or not effects.was_carried_out(Action.CANCEL):
                return answer
        batch = pin.replace(multiple=True, limit=LARGEST_PAGE)
        try:
            exchange = act_on_state(self._api, Action.CANCEL, batch, state)
        except (NotAvailableError, ScopeError):
            return self._cancel_singly(cards)
        self.count += _changed(exchange)
        return exchange.describe() if exchange.succeeded else self._cancel_singly(cards)

    def cancelled(self, pin: CardQuery, state: Status, repeats: int) -> Steps[str]:
        """Cancel what is in a state of what a pin selects; empty, or what may be left and why.

        An answer that is lost does no harm: the next listing shows what is left.
        """
        query, answer = pin.replace(status=state), "no answer"
        try:
            for number in range(repeats):
                listed = self._listed(pin, state)
                if not listed and number == 0:
                    listed = self._listed_by_pin_alone(pin, state)
                if not listed:
                    return ""
                with suppress(OutcomeUnknownError):
                    answer = self._cancel(pin, state, listed)
                yield
        except AtomicCardsError as error:
            return f"cards of {query}: {error}"
        self.was_futile |= repeats == MOST_REPEATS
        return f"cards of {query}: still listed after {repeats} cancels, {answer}"


def _in_state(pin: CardQuery, state: Status, cards: Iterable[Card]) -> Sequence[Card]:
    """The cards among some that a pin selects and that are in a state, as far as they show it."""
    wanted = pin.attributes
    return [
        card
        for card in cards
        if card.status in {state, None}
        and all(card.attributes.get(name, value) == value for name, value in wanted.items())
    ]


def together(*groups: Sequence[Steps[str]]) -> Steps[tuple[list[str], ...]]:
    """Take the steps of several cancels in turn; gives the results of each group."""
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


def _changed(exchange: Exchange) -> int:
    """How many cards an answer says were changed; at least one if it was a success."""
    return max(updated(exchange), 1) if exchange.succeeded else 0
