"""Ownership: which ids limit an action to cards of this run, as shown by listings.

An id is ours if at least one card is listed under it, and all of those are ours. Until that is
shown, no action by it is sent, whether in a run, in its teardown or in ``atomic-cards clean``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import islice
from threading import Lock, RLock
from typing import Final

from pytest_atomic_cards.client.cards_api import CardsApi
from pytest_atomic_cards.client.scope_guard import PINS, Scope
from pytest_atomic_cards.model.cards import Card
from pytest_atomic_cards.model.lifecycle import CLOSED, Action, Status
from pytest_atomic_cards.model.query import Attribute, CardQuery
from pytest_atomic_cards.support.errors import (
    AtomicCardsError,
    ContractBrokenError,
    NotAvailableError,
    ScopeError,
    SeedingError,
)
from pytest_atomic_cards.support.polling import poll
from pytest_atomic_cards.support.recorder import NULL_RECORDER, Recorder
from pytest_atomic_cards.targets.seeding.action_semantics import ActionSemantics
from pytest_atomic_cards.targets.seeding.filter_semantics import FilterSemantics
from pytest_atomic_cards.targets.seeding.listed_under import ListedUnder
from pytest_atomic_cards.targets.seeding.listing_reader import ALL_PAGES, Found, Reader
from pytest_atomic_cards.targets.seeding.provenance import EVERYWHERE, Provenance

_INDEX_LAG: Final = 5.0
"""Seconds by which a card may be listed later by one attribute than by another, as each may have
its own index; waited for once per attribute."""

_ACTIONS: Final = frozenset(Action)

_CHANGEABLE: Final[tuple[str | None, ...]] = (None, Status.EMBARGOED.value, Status.SNOOZED.value)
"""The listings that show every open card, as no action changes a closed one."""
_SAMPLED: Final = 3
"""Ids of each attribute that are listed in every state: if strangers' closed cards are under none
of them, the attribute identifies a run, and listing open cards is enough."""


class Ownership:
    """Decides whether ids are this run's own. Threads may share it.

    Args:
        api: Client of the target.
        reader: Lists cards.
        scope: Is extended by the ids of cards that are found to be ours.
        recorder: Excludes these listings from a recording, as they depend on what else was run.
    """

    def __init__(
        self,
        api: CardsApi,
        reader: Reader,
        scope: Scope | None = None,
        recorder: Recorder = NULL_RECORDER,
    ) -> None:
        self._reader = reader
        self._scope = scope
        self._recorder = recorder
        self._clock = api.session.clock
        self.filter_semantics = FilterSemantics(reader, recorder)
        self.provenance = Provenance(reader, recorder)
        self.action_semantics = ActionSemantics(api, reader, self.provenance.is_ours)
        self._under: defaultdict[tuple[Attribute, str], ListedUnder] = defaultdict(ListedUnder)
        self._waited_for: set[Attribute] = set()
        self._sampled: defaultdict[Attribute, set[str]] = defaultdict(set)
        self._brought: dict[tuple[Attribute, str], str] = {}
        self._lock = RLock()
        """Held while something is noted, and not while requests are on their way."""
        self._gathering: defaultdict[tuple[Attribute, str], Lock] = defaultdict(Lock)
        """One for each id, so that only those who need the same evidence wait for each other."""
        self._trials = RLock()
        """Held while actions are tried, one after the other."""

    def expect(self, cards: Sequence[Card]) -> None:
        """Look for cards of this run in the states that they were brought to."""
        for card in cards:
            if card.status in CLOSED:
                for pin in PINS:
                    self._brought[pin, card.attributes.get(pin, "")] = str(card.status)

    def refuse_strangers(self, invocation: str) -> None:
        """Return unless an invocation holds cards of others.

        Raises:
            SeedingError: It does, so the start that named it is unreliable.
        """
        pin = Attribute.FLOW_INVOCATION_ID
        if (pin, invocation) not in self._under:
            with self._recorder.unrecorded("evidence is looked for once in a run"):
                self.look(CardQuery(flow_invocation_id=invocation))
        if stranger := self.stranger_under(pin, invocation):
            raise SeedingError(
                f"the response to a start names invocation {invocation}, under which a card of "
                f"customer {stranger} is listed that this run did not ask for; it may be a cached "
                "or replayed response, or name an older invocation"
            )

    # What is listed

    def look(self, query: CardQuery, most_pages: int = ALL_PAGES) -> Found:
        """List all cards that match, and learn from them."""
        found = self._reader.find_all(query, most_pages)
        self.note(query, found)
        return found

    def introduce(self, queries: Iterable[CardQuery]) -> None:
        """List the cards of a few customers before actions on them.

        So what is let pass does not depend on which action is checked first.
        """
        by_customer = (one for one in queries if {*one.attributes} == {Attribute.USER_ID})
        for query in islice(dict.fromkeys(by_customer), _SAMPLED):
            if None not in self._under[Attribute.USER_ID, str(query.user_id)].states:
                with suppress(AtomicCardsError):
                    self.look(query)

    def note(self, query: CardQuery, found: Found) -> None:
        """Learn from what a query has listed."""
        values = query.attributes
        state = values.pop(Attribute.STATUS, None)
        with self._lock:
            own = self.provenance.see(found.cards)
            if self._scope:
                self._scope.adopt(own)
            self.filter_semantics.adopt(own)
            self.action_semantics.adopt(own)
            for pin, value in values.items():
                if len(values) == 1 and pin in PINS:
                    is_ours = self.provenance.is_ours
                    self._under[pin, value].weigh(pin, value, state, found, is_ours)

    def stranger_under(self, pin: Attribute, value: str) -> str:
        """The customer of a card that is listed under an id but is not ours; empty for none."""
        return self._under[pin, value].foreign

    # What may be acted on

    def check(
        self,
        action: str,
        values: Mapping[Attribute, str],
        pins: Sequence[Attribute],
        *,
        multiple: bool,
    ) -> None:
        """Let an action pass if one of its pins limits it to cards of this run.

        Args:
            action: The action.
            values: All attributes of its query.
            pins: Those of them whose values are ids that this run has claimed.
            multiple: Whether it may change several cards.

        Raises:
            ScopeError: The cards listed under the ids are not shown to be ours.
            NotAvailableError: The target ignores the ids, was not seen to combine them by *and*
                with the other attributes, or to honour them in an action on several cards.
            TransportError: The cards under the ids cannot be listed.
        """
        objections: list[AtomicCardsError] = []
        with self._recorder.unrecorded("evidence is looked for once in a run"):
            for pin in pins:
                objection = next(self._objections(action, pin, values, multiple=multiple), None)
                if objection is None:
                    return
                objections.append(objection)
        raise objections[0]

    def _objections(
        self, action: str, pin: Attribute, values: Mapping[Attribute, str], *, multiple: bool
    ) -> Iterator[AtomicCardsError]:
        """The objections to an action by one of its pins, the plainest first."""
        value = values[pin]
        states = self._states_to_list(pin, values, multiple=multiple)
        if self.action_semantics.breach:
            yield ScopeError(self.action_semantics.breach)
        if self._is_surely_ours(pin, value):
            states = set()
        try:
            evidence = self._listed_under(pin, value, states) if states else self._under[pin, value]
            is_honoured = self.filter_semantics.is_honoured(pin)
        except ContractBrokenError as error:
            yield ScopeError(f"what {pin}={value} selects cannot be listed: {error}")
            return
        if is_honoured is False:
            yield NotAvailableError(
                f"the target ignores {pin}, so that it would change cards of others"
            )
        if evidence.foreign:
            yield ScopeError(
                f"a card of customer {evidence.foreign}, which this run did not seed, is listed "
                f"under {pin}={value}"
            )
        own = evidence.has_own or not states or self._has_listed_customer(pin, value)
        if not own or is_honoured is None:
            yield ScopeError(f"no card that this run seeded is listed under {pin}={value}")
        if not states <= evidence.states:
            yield ScopeError(f"not everything under {pin}={value} could be listed")
        if not self.filter_semantics.are_joined_by_and(pin, values.keys() - {pin}):
            yield NotAvailableError(
                "the target was not seen to combine attributes by and, so that cards of others "
                "might be changed; use one attribute alone"
            )
        if multiple and not self._is_honoured_by(action, pin):
            yield NotAvailableError(
                f"{action} was not seen to honour {pin}, so that with multiple=1 cards of others "
                "might be changed; act on one card alone, without multiple"
            )

    def _is_honoured_by(self, action: str, pin: Attribute) -> bool:
        with self._trials:
            return action in _ACTIONS and self.action_semantics.is_honoured(Action(action), pin)

    def _has_listed_customer(self, pin: Attribute, value: str) -> bool:
        """Whether an id is of a customer whom this run invented, and whose cards were listed.

        They may have been listed by another id only, and, as they are closed, be listed no more.
        """
        return pin is Attribute.USER_ID and self.provenance.has_seen(value)

    def _is_surely_ours(self, pin: Attribute, value: str) -> bool:
        """Whether an id is of a customer whom this run invented, and others were listed as ours.

        A made-up id is as good as any other: what listings by some show holds for all.
        """
        if pin is not Attribute.USER_ID or not self.provenance.has_invented(value):
            return False
        under = self._under.copy()  # other threads may add some
        known = [evidence for (name, _), evidence in under.items() if name is pin]
        sound = sum(evidence.has_own for evidence in known)
        return sound >= _SAMPLED and not any(evidence.foreign for evidence in known)

    def _states_to_list(
        self, pin: Attribute, values: Mapping[Attribute, str], *, multiple: bool
    ) -> set[str | None]:
        """The listings that show what an action by an id may change.

        The plain one shows every active card.
        """
        if not multiple:
            return {None}
        status = values.get(Attribute.STATUS)
        if status is not None:
            return {None if status == Status.ACTIVE else status}
        with self._lock:
            sampled = self._sampled[pin]
            if len(sampled) < _SAMPLED:
                sampled.add(values[pin])
        if values[pin] in sampled:
            return {*EVERYWHERE}
        # Nobody else has cards of a customer whom this run invented, in whatever state.
        is_invented = pin is Attribute.USER_ID and self.provenance.has_invented(values[pin])
        return {None} if is_invented else {*_CHANGEABLE}

    def _listed_under(self, pin: Attribute, value: str, states: set[str | None]) -> ListedUnder:
        """The evidence on an id; what is still missing is listed now."""
        with self._gathering[pin, value]:
            return self._gathered(pin, value, states)

    def _gathered(self, pin: Attribute, value: str, states: set[str | None]) -> ListedUnder:
        evidence = self._under[pin, value]
        query = CardQuery.of({pin: value})
        likely = self._brought.get((pin, value))
        for state in (None, *filter(None, [likely]), *EVERYWHERE):
            if evidence.foreign:
                break
            if state not in evidence.states and (state in states or not evidence.has_own):
                self.look(query.replace(status=state))
        for state in states - {*EVERYWHERE, *evidence.states}:
            self.look(query.replace(status=state))
        own = evidence.has_own or self._has_listed_customer(pin, value)
        if not (own or evidence.foreign or pin in self._waited_for):
            poll(lambda: self.look(query), lambda _: evidence.has_own, _INDEX_LAG, self._clock)
            if not evidence.has_own:
                self._waited_for.add(pin)
        return evidence

    # Calibrating

    def calibrate(self, cards: Sequence[Card], pins: Collection[Attribute] = PINS) -> None:
        """Learn which ids actions honour, with cards that nobody needs any more."""
        self.action_semantics.spare(cards)
        unrecorded = self._recorder.unrecorded("what actions honour is tried once in a run")
        with self._trials, unrecorded, suppress(AtomicCardsError):
            self.action_semantics.try_all(pins)
            for card in cards[:_SAMPLED]:
                if card.user_id and self.provenance.has_invented(card.user_id):
                    self._listed_under(Attribute.USER_ID, card.user_id, {None})
