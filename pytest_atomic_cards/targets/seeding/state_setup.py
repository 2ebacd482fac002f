"""State setup: bring freshly created cards into the requested states."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Final

from pytest_atomic_cards.client.cards_api import CardsApi
from pytest_atomic_cards.client.retry import until_known
from pytest_atomic_cards.model.card_spec import CardSpec, Population
from pytest_atomic_cards.model.cards import Card
from pytest_atomic_cards.model.exchange import Exchange
from pytest_atomic_cards.model.lifecycle import Action, Status, may_show
from pytest_atomic_cards.model.query import CardQuery
from pytest_atomic_cards.support.errors import (
    NotAvailableError,
    OutcomeUnknownError,
    ScopeError,
    SeedingError,
)
from pytest_atomic_cards.support.polling import poll
from pytest_atomic_cards.support.printable import brief
from pytest_atomic_cards.targets.seeding.backend import SeedingBackend
from pytest_atomic_cards.targets.seeding.listing_reader import Group, Reader, key_of

EMBARGO: Final = timedelta(hours=1)
"""How long an embargo lasts unless a spec says otherwise: longer than any test."""
SNOOZE: Final = timedelta(hours=1)
"""How long a snooze lasts unless a spec says otherwise: longer than any test."""
EXPIRY: Final = timedelta(seconds=2)
"""When a card expires unless a spec says otherwise: after it was sent, and soon enough to wait."""
_MARGIN: Final = timedelta(milliseconds=100)
"""How long after the expiry to look: clocks of a target and ours differ, by little as a rule."""

Words = set[str | None]

_LATENESS: Final = timedelta(seconds=10)
"""How much later than requested to look once more, the first time that a card has not expired yet:
contracts about time judge a late timer, and those about expired cards need some all the same."""

_ACTIONS: Final = {action.outcome: action for action in Action}
_TRIES: Final = 6
"""Attempts at an action while responses are lost: if every third is, one in 700 actions fails."""
_LISTED_AFTER: Final = 0.5
"""Seconds in which listings usually show an action whose response was lost, so that it need not be
repeated; repeating it is harmless."""


def creatable(population: Population) -> Population:
    """The population with the delivery options that its states need at creation."""
    return Population(tuple(map(_with_delivery, population)))


def _with_delivery(spec: CardSpec) -> CardSpec:
    if spec.status is Status.EMBARGOED and spec.embargo is None:
        return replace(spec, embargo=EMBARGO)
    if spec.status is Status.EXPIRED and spec.expires is None:
        return replace(spec, expires=EXPIRY)
    return spec


def act_on_state(api: CardsApi, action: Action, query: CardQuery, state: Status) -> Exchange:
    """Act on the cards of a query that are in a state; on all if narrowing it is not safe."""
    try:
        return api.act_exchange(action, query.replace(status=state))
    except NotAvailableError:
        return api.act_exchange(action, query)


class StateSetup:
    """Brings groups into states, and reads back that they are there."""

    def __init__(self, api: CardsApi, reader: Reader, backend: SeedingBackend) -> None:
        self._api = api
        self._reader = reader
        self._backend = backend
        self._clock = api.session.clock
        self._lateness = timedelta(0)
        self._waited_longer = False

    def arrange(self, population: Population, group: Group, begun: float) -> Group:
        """Bring each card of ``group`` into the state that its spec asks for.

        Cards beyond the population's (a flow may send several to one customer) are brought into
        the same state if all specs ask for the same, and stay active otherwise.

        Args:
            population: What was requested.
            group: The cards.
            begun: When they were requested, by the clock of the session. An expiry counts from
                then, or from a little later.

        Raises:
            NotAvailableError: The target did not honour an embargo, an expiry or a lifecycle id,
                or cannot snooze.
            SeedingError: A card did not reach its state.
        """
        self._check_lifecycles(population, group)
        states = [spec.status for spec in population]
        extra = states[0] if len(set(states)) == 1 else Status.ACTIVE
        states = (states + [extra] * len(group.cards))[: len(group.cards)]
        members = {
            state: tuple(
                card for card, wanted in zip(group.cards, states, strict=True) if wanted is state
            )
            for state in dict.fromkeys(states)
        }
        for state, cards in members.items():
            self._act_for(state, group, cards, population)
        words = self._reader.states(group) if {*members} - {Status.ACTIVE} else {}
        arranged: dict[str, Card] = {}
        for state, cards in members.items():
            if not _all_may_show(state, {words.get(key_of(card)) for card in cards}):
                self._await(_spec_of(state, population), group, cards, begun)
            arranged |= {key_of(card): replace(card, status=state) for card in cards}
        return replace(group, cards=tuple(arranged[key_of(card)] for card in group.cards))

    def _check_lifecycles(self, population: Population, group: Group) -> None:
        wanted = {spec.lifecycle_id for spec in population if spec.lifecycle_id is not None}
        missing = wanted - {card.lifecycle_id for card in group.cards}
        if missing and not self._backend.delivery_is_certain:
            raise NotAvailableError(
                f"no card has the lifecycleId {min(missing)!r}, which the start named: "
                "the target chooses its own"
            )

    def _act_for(
        self, state: Status, group: Group, members: Sequence[Card], population: Population
    ) -> None:
        """Do what brings cards into a state, unless that is only a matter of time."""
        if state is Status.ACTIVE:
            return
        self._reader.expect(state)
        if state in _ACTIONS:
            self._close(
                _ACTIONS[state],
                group,
                members,
                lambda: _all_may_show(state, self._words(group, members)),
            )
        if state is Status.SNOOZED:
            for card in members:
                self._backend.snooze(card, _spec_of(state, population).snooze or SNOOZE)

    def _await(self, spec: CardSpec, group: Group, members: Sequence[Card], begun: float) -> None:
        """Wait until cards are listed in the state of a spec."""
        state = spec.status
        if state is Status.ACTIVE:
            return

        def look() -> Words:
            return self._words(group, members)

        if state is Status.EXPIRED:
            self._backend.pass_time(self._until_expired(spec, begun))
        words = self._awaited(state, look)
        if state is Status.EXPIRED and not _all_may_show(state, words):
            words = self._late(state, look) or words
        if not _all_may_show(state, words):
            self._complain(state, words)

    def _until_expired(self, spec: CardSpec, begun: float) -> timedelta:
        """How long to wait for an expiry. Only on a live target has time passed already."""
        passed = timedelta(seconds=self._clock.monotonic() - begun)
        if self._backend.delivery_is_certain:
            passed = timedelta(0)
        left = (spec.expires or EXPIRY) + _MARGIN + self._lateness - passed
        return max(timedelta(0), left)

    def _awaited(self, state: Status, look: Callable[[], Words]) -> Words:
        """The state words of cards once they may be in a state, or after the timeout."""

        def is_over(words: Words) -> bool:
            return _all_may_show(state, words) or _never_will_be(state, words)

        return poll(look, is_over, self._backend.settling, self._clock)

    def _late(self, state: Status, look: Callable[[], Words]) -> Words | None:
        """The state words some time later, and later from now on if that helps."""
        if self._waited_longer:
            return None
        self._waited_longer = True
        self._backend.pass_time(_LATENESS)
        words = self._awaited(state, look)
        if _all_may_show(state, words):
            self._lateness = _LATENESS
        return words

    def _close(
        self,
        action: Action,
        group: Group,
        members: Sequence[Card],
        reached: Callable[[], bool],
    ) -> None:
        """Act on the members of a group, together if possible, else one by one."""
        try:
            for query in _queries(group, members):
                self._act(action, query, reached)
        except NotAvailableError:
            for card in members:
                self._act(action, group.single(card), reached)

    def _act(self, action: Action, query: CardQuery, reached: Callable[[], bool]) -> None:
        """Act until the outcome is known; repeating is harmless, as only these cards match."""

        def act() -> bool:
            exchange = act_on_state(self._api, action, query, Status.ACTIVE)
            if exchange.succeeded:
                return True
            refusal = exchange.describe()
            raise SeedingError(f"{action} {query} to seed was refused: {refusal}", exchange)

        def took_effect(_: OutcomeUnknownError) -> bool | None:
            return poll(reached, bool, _LISTED_AFTER, self._clock) or None

        try:
            until_known(act, took_effect, tries=_TRIES)
        except ScopeError as error:
            raise NotAvailableError(str(error)) from None
        except OutcomeUnknownError:
            raise SeedingError(
                f"{action} {query} to seed got no usable response {_TRIES} times"
            ) from None

    def _words(self, group: Group, members: Sequence[Card]) -> Words:
        """The state words that the members of a group are listed with."""
        words = self._reader.states(replace(group, cards=tuple(members)))
        return {words.get(key_of(card)) for card in members}

    def _complain(self, state: Status, words: Words) -> None:
        shown = ", ".join(map(brief, sorted(map(str, words))))
        message = f"cards that should be {state} are {shown}"
        if state in {Status.EMBARGOED, Status.EXPIRED} and not self._backend.delivery_is_certain:
            raise NotAvailableError(
                f"{message}: the target did not honour the request's delivery options; "
                "the Action Flow's own configuration may override them"
            )
        raise SeedingError(message)


def _spec_of(state: Status, population: Population) -> CardSpec:
    return next((spec for spec in population if spec.status is state), CardSpec())


def _queries(group: Group, members: Sequence[Card]) -> Iterator[CardQuery]:
    """The fewest queries that select the members of a group: by customer if they are not all."""
    if len(members) == len(group.cards):
        yield group.pin.replace(multiple=len(members) > 1)
        return
    for user in dict.fromkeys(card.user_id for card in members):
        own = [card for card in members if card.user_id == user]
        if user is None or sum(card.user_id == user for card in group.cards) > len(own):
            yield from map(group.single, own)
        else:
            yield group.pin.replace(user_id=user, multiple=len(own) > 1)


def _all_may_show(state: Status, words: Words) -> bool:
    return all(may_show(state, word) for word in words)


def _never_will_be(state: Status, words: Words) -> bool:
    """Whether waiting is pointless: an embargo begins with the card, or there is none."""
    return state is Status.EMBARGOED and Status.ACTIVE in words
