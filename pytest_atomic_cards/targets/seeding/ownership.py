"""Ownership: which ids hold an action to cards of this run, shown by what the target lists.

An id is ours while every card listed under it is ours, and at least one is. Until that is shown no
action by it is sent: in a run, in its teardown and in ``atomic-cards clean`` alike.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from threading import RLock
from typing import Final

from pytest_atomic_cards.client.cards_api import CardsApi
from pytest_atomic_cards.client.scope_guard import PINS, Scope
from pytest_atomic_cards.model.cards import Card
from pytest_atomic_cards.model.lifecycle import Action, Status
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
from pytest_atomic_cards.targets.seeding.listing_reader import Found, Reader
from pytest_atomic_cards.targets.seeding.provenance import EVERYWHERE, Provenance

_INDEX_LAG: Final = 5.0
"""Seconds by which a card may be listed by one attribute later than by another."""

_ACTIONS: Final = frozenset(Action)

_CHANGEABLE: Final[tuple[str | None, ...]] = (None, Status.EMBARGOED.value, Status.SNOOZED.value)
"""Those that show every open card, as no action changes a closed one."""
_SAMPLED: Final = 3
"""Ids of each attribute that are looked at everywhere before open cards are enough."""


@dataclass(slots=True)
class _Evidence:
    """What was listed under one id.

    Args:
        foreign: The customer of a card that is not ours; empty while there is none.
        has_own: Whether a card of ours was listed.
        states: The states, and ``None`` for the plain listing, listed to the end with only ours.
    """

    foreign: str = ""
    has_own: bool = False
    states: set[str | None] = field(default_factory=set)


class Ownership:
    """Decides whether ids are this run's own. Threads may share it.

    Args:
        api: Client of the target.
        reader: Lists cards.
        scope: Takes in the ids of cards that are found to be ours.
        recorder: What is asked here is not recorded, as it depends on what else was run.
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
        self._under: defaultdict[tuple[Attribute, str], _Evidence] = defaultdict(_Evidence)
        self._waited_for: set[Attribute] = set()
        self._sampled: defaultdict[Attribute, set[str]] = defaultdict(set)
        self._lock = RLock()

    def refuse_strangers(self, invocation: str) -> None:
        """Return unless an invocation holds cards of others.

        Raises:
            SeedingError: It does, so that the start which named it cannot be relied on.
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

    def look(self, query: CardQuery) -> Found:
        """List all cards that match, and take in what that shows."""
        found = self._reader.find_all(query)
        self.note(query, found)
        return found

    def note(self, query: CardQuery, found: Found) -> None:
        """Take in what a query has listed."""
        own = self.provenance.see(found.cards)
        if self._scope:
            self._scope.adopt(own)
        self.filter_semantics.adopt(own)
        self.action_semantics.adopt(own)
        values = query.attributes
        state = values.pop(Attribute.STATUS, None)
        for pin, value in values.items():
            if len(values) == 1 and pin in PINS:
                self._weigh(pin, value, state, found)

    def _weigh(self, pin: Attribute, value: str, state: str | None, found: Found) -> None:
        evidence = self._under[pin, value]
        under = [card for card in found.cards if card.attributes.get(pin, value) == value]
        strangers = [card for card in under if not self.provenance.is_ours(card)]
        if strangers:
            evidence.foreign = repr(strangers[0].user_id or "without an id")
        evidence.has_own |= len(under) > len(strangers)
        # Beside a status that is joined by or, others are listed as well, and ours completely.
        if found.complete and (state is not None or len(under) == len(found.cards)):
            evidence.states.add(state)

    def stranger_under(self, pin: Attribute, value: str) -> str:
        """The customer of a card that is listed under an id and not ours; empty for none."""
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
        """Let an action pass if one of its pins holds it to cards of this run.

        Args:
            action: The action.
            values: All attributes of its query.
            pins: Those of them by which it is pinned to ids that this run has claimed.
            multiple: Whether it may change several cards.

        Raises:
            ScopeError: What is listed under the ids is not shown to be ours.
            NotAvailableError: The target ignores them, or is not seen to join them by *and* with
                the other attributes, or to honour them in an action on several cards.
            TransportError: What is listed under the ids cannot be asked.
        """
        objections: list[AtomicCardsError] = []
        with self._lock, self._recorder.unrecorded("evidence is looked for once in a run"):
            for pin in pins:
                objection = next(self._objections(action, pin, values, multiple=multiple), None)
                if objection is None:
                    return
                objections.append(objection)
        raise objections[0]

    def _objections(
        self, action: str, pin: Attribute, values: Mapping[Attribute, str], *, multiple: bool
    ) -> Iterator[AtomicCardsError]:
        """What speaks against an action by one of its pins, the plainest reason first."""
        value = values[pin]
        states = self._states_to_list(pin, values, multiple=multiple)
        if self.action_semantics.breach:
            yield ScopeError(self.action_semantics.breach)
        try:
            evidence = self._listed_under(pin, value, states)
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
        if not evidence.has_own or is_honoured is None:
            yield ScopeError(f"no card that this run seeded is listed under {pin}={value}")
        if not states <= evidence.states:
            yield ScopeError(f"not everything under {pin}={value} could be listed")
        if not self.filter_semantics.are_joined_by_and(pin, values.keys() - {pin}):
            yield NotAvailableError(
                "the target was not seen to join attributes by and, so that cards of others might "
                "be changed; use one attribute alone"
            )
        if multiple and not (
            action in _ACTIONS and self.action_semantics.is_honoured(Action(action), pin)
        ):
            yield NotAvailableError(
                f"{action} was not seen to honour {pin}, so that with multiple=1 cards of others "
                "might be changed; act on one card alone, without multiple"
            )

    def _states_to_list(
        self, pin: Attribute, values: Mapping[Attribute, str], *, multiple: bool
    ) -> set[str | None]:
        """The listings that show what an action by an id may change."""
        if not multiple:
            return {None}
        status = values.get(Attribute.STATUS)
        if status is not None:
            return {status}
        sampled = self._sampled[pin]
        if len(sampled) < _SAMPLED:
            sampled.add(values[pin])
        return {*EVERYWHERE} if values[pin] in sampled else {*_CHANGEABLE}

    def _listed_under(self, pin: Attribute, value: str, states: set[str | None]) -> _Evidence:
        """The evidence on an id, which is asked for as far as it is still missing."""
        evidence = self._under[pin, value]
        query = CardQuery.of({pin: value})
        for state in EVERYWHERE:
            if evidence.foreign:
                break
            if state not in evidence.states and (state in states or not evidence.has_own):
                self.look(query.replace(status=state))
        for state in states - {*EVERYWHERE, *evidence.states}:
            self.look(query.replace(status=state))
        if not (evidence.has_own or evidence.foreign or pin in self._waited_for):
            poll(lambda: self.look(query), lambda _: evidence.has_own, _INDEX_LAG, self._clock)
            if not evidence.has_own:
                self._waited_for.add(pin)
        return evidence

    # Rehearsing

    def calibrate(self, cards: Sequence[Card]) -> None:
        """Learn by cards that nobody needs any more which ids actions honour."""
        self.action_semantics.spare(cards)
        with self._lock, self._recorder.unrecorded("what actions honour is tried once in a run"):
            for action in Action:
                for pin in PINS:
                    with suppress(AtomicCardsError):
                        self.action_semantics.is_honoured(action, pin)
