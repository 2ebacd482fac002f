"""Probe: sends the requests of the contracts, and waits for their effects.

Whether a listing right after an action shows the new state is an open question. So the probe polls
for a state that must be reached, and looks twice before it reports that it was not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final, TypeVar

from pytest_atomic_cards.client.cards_api import environment_path
from pytest_atomic_cards.client.retry import until_known
from pytest_atomic_cards.model.card_spec import CardSpec, Population
from pytest_atomic_cards.model.cards import Card
from pytest_atomic_cards.model.exchange import Exchange
from pytest_atomic_cards.model.lifecycle import OPEN, Action, Status
from pytest_atomic_cards.model.query import CardQuery
from pytest_atomic_cards.rules.verdicts import Violation
from pytest_atomic_cards.suite.probing.action_responses import expect_done
from pytest_atomic_cards.suite.probing.eventual_consistency import ChangeWatcher
from pytest_atomic_cards.suite.probing.expected_states import (
    States,
)
from pytest_atomic_cards.suite.probing.group_selection import of_user, only
from pytest_atomic_cards.suite.probing.oracle import invented
from pytest_atomic_cards.suite.probing.retrying import EVERY_SECOND_LOST
from pytest_atomic_cards.support.errors import (
    ContractBrokenError,
    NotAvailableError,
    OutcomeUnknownError,
    TransportError,
)
from pytest_atomic_cards.targets.cards_fixture import Cards
from pytest_atomic_cards.targets.seeding.listing_reader import Found, Group, key_of

Seen = TypeVar("Seen")

_MANY_PAGES: Final = 20
"""Pages of 1000; enough for all cards of a run even if a target caps pages well below that."""


@dataclass(frozen=True, slots=True)
class Stranger:
    """A card of another environment."""

    environment_id: str
    card_instance_id: str
    lifecycle_id: str


class Probe:
    """Sends requests to one target, and waits for their effects.

    Args:
        cards: The isolated environment that the contracts run in.

    Attributes:
        overlap: Sends requests that do not depend on each other.
    """

    def __init__(self, cards: Cards) -> None:
        self.cards = cards
        self.api = cards.api
        self.overlap = cards.api.session.overlap
        self._reader = cards.reader
        self._patience = ChangeWatcher(cards)
        self._seen: States = {}

    def invented(self) -> str:
        """An attribute value that no card has."""
        return invented(self.cards.randomness)

    def invented_number(self) -> str:
        """A number that no card has as an attribute value."""
        return self.cards.randomness.number()

    # Reading

    def page(self, query: CardQuery) -> Found:
        """One page, as read by :meth:`Reader.page`; a server error is a violation."""
        return _served(self._reader.page, query)

    def find(self, query: CardQuery) -> Found:
        """All matching cards, as read by :meth:`Reader.find`; a server error is a violation."""
        return _served(self._reader.find, query)

    def find_each(self, queries: Iterable[CardQuery]) -> list[tuple[CardQuery, Found]]:
        """Queries, and all cards that match each."""
        return self._each(self.find, queries)

    def page_each(self, queries: Iterable[CardQuery]) -> list[tuple[CardQuery, Found]]:
        """Queries, and one page of each."""
        return self._each(self.page, queries)

    def _each(
        self, look: Callable[[CardQuery], Found], queries: Iterable[CardQuery]
    ) -> list[tuple[CardQuery, Found]]:
        asked = list(queries)
        found = self.overlap.results(partial(look, query) for query in asked)
        return list(zip(asked, found, strict=True))

    def raw(
        self,
        method: str,
        path: str,
        query: CardQuery,
        *,
        environment_id: str | None = None,
        reverse: bool = False,
        more: Iterable[tuple[str, str]] = (),
        **how: Any,  # noqa: ANN401 - passed on
    ) -> Exchange:
        """A request below an environment's path, sent with :meth:`CardsSession.send`.

        It is repeated even if it changes cards and gets no usable response: contracts only use it
        for requests that must be refused, or that are idempotent.
        """
        root = environment_path(environment_id or self.api.environment_id)
        parameters = [*query.parameters()[:: -1 if reverse else 1], *more]
        return self.api.session.send(method, f"{root}{path}", parameters, repeatable=True, **how)

    def states(self, *groups: Group) -> States:
        """The state word of each card of some groups; ``None`` if no listing shows the card."""
        found: States = {}
        looks = (partial(self._reader.states, group) for group in groups)
        for states in self.overlap.results(looks):
            found |= states
        self._seen |= found
        return found

    def _states_before(self, watched: Group) -> States:
        """The states of some cards as last listed; they are listed anew if they were acted on.

        Nobody else acts on them, and only what happens after a lost response depends on it.
        """
        known = {key_of(card): str(card.status) for card in watched.cards if card.status in OPEN}
        seen = {key: self._seen.get(key, word) for key, word in known.items()}
        whole = len(known) == len(watched.cards) and None not in seen.values()
        return self.states(watched) if not whole else seen

    def look(self, group: Group, card: Card) -> Card:
        """One card of a group as it is listed now; without a status if no listing shows it."""
        return self._reader.look(group, card)

    def count_active(self, query: CardQuery) -> int:
        """The number of active cards that match, even if a target has small pages."""
        plain = query.replace(status=Status.ACTIVE, multiple=False, limit=None)
        return len(self._reader.find(plain, _MANY_PAGES).cards)

    def watch(self, look: Callable[[], Seen], reached: Callable[[Seen], bool]) -> Seen:
        """The first result that satisfies ``reached``; see :meth:`ChangeWatcher.watch`."""
        return self._patience.watch(look, reached)

    def states_once(self, group: Group, reached: Callable[[States], bool]) -> States:
        """The states of a group once they satisfy ``reached``, or after the timeout."""
        return self.watch(lambda: self.states(group), reached)

    def states_later(self, group: Group, hoped: Callable[[States], bool]) -> States:
        """The states once every pending change must have become visible."""
        self.settle()
        return self.states_once(group, hoped)

    def settle(self) -> None:
        """Wait until the last change must have become visible; see :meth:`ChangeWatcher.settle`."""
        self._patience.settle()

    def settle_surely(self) -> None:
        """Wait longer, before reporting a violation; see :meth:`ChangeWatcher.settle_surely`."""
        self._patience.settle_surely()

    # Acting

    def act(
        self,
        action: Action,
        query: CardQuery,
        watched: Group,
        payload: Mapping[str, Any] | None = None,
    ) -> Exchange:
        """Act, and act again as long as the response is lost and the watched cards are unchanged.

        Raises:
            OutcomeUnknownError: The response was lost, and the cards changed: use fresh ones.
            TransportError: There was no usable response, or access was denied.
        """
        before = self._states_before(watched)

        def raise_if_changed(error: OutcomeUnknownError) -> None:
            if self.states_later(watched, lambda now: now == before) != before:
                raise error

        exchange = until_known(
            lambda: self.api.act_exchange(action, query, payload),
            raise_if_changed,
            tries=EVERY_SECOND_LOST,
        )
        if exchange.succeeded:
            self._reader.expect(action.outcome)
            self._seen |= dict.fromkeys(map(key_of, watched.cards))
        if self.api.access.denied(exchange):
            raise TransportError(f"{action} was denied with HTTP {exchange.status}", exchange)
        return exchange

    def change(
        self,
        action: Action,
        query: CardQuery,
        watched: Group,
        payload: Mapping[str, Any] | None = None,
    ) -> Exchange:
        """Act, expecting success, as the documentation requires.

        Raises:
            Violation: It was refused.
        """
        exchange = self.act(action, query, watched, payload)
        expect_done(exchange, action, query)
        return exchange

    # Seeding

    def seed_for(self, users: Iterable[str]) -> Group:
        """Active cards of one invocation for the given customers."""
        specs = tuple(CardSpec(user_id=user) for user in users)
        return self.cards.seeder.seed(Population(specs))[0]

    def seed_twice_for_each(self, count: int, state: Status) -> list[tuple[Group, Group]]:
        """For each of some customers an active card and one in a state, of two invocations."""
        try:
            specs = [CardSpec(user_id=self.cards.backend.new_user()) for _ in range(count)]
        except NotAvailableError:
            specs = [CardSpec()] * count
        first, second = self.cards.seeder.seed(
            Population(tuple(specs)), Population(tuple(replace(one, status=state) for one in specs))
        )
        return [
            (only(first, *of_user(first, user)), only(second, *of_user(second, user)))
            for user in dict.fromkeys(first.users)
        ]

    def neighbour_card(self, user: str) -> Stranger | None:
        """An active card of the same customer in another environment, if the target allows it."""
        if not self.cards.is_steerable:
            return None
        name = self.cards.randomness.token()
        card = Stranger(f"neighbour-{name}", f"card-{name}", f"lifecycle-{name}")
        controls = self.cards.controls
        controls.create_environment(card.environment_id)
        fields = {"cardInstanceId": card.card_instance_id, "lifecycleId": card.lifecycle_id}
        seeded = {"userId": user, "cardTemplateId": "neighbour", **fields}
        controls.seed([seeded], card.environment_id)
        return card

    def neighbour_state(self, card: Stranger) -> Status:
        """The state of a neighbour's card."""
        return self.cards.controls.state(card.card_instance_id, card.environment_id)


def _served(read: Callable[[CardQuery], Found], query: CardQuery) -> Found:
    try:
        return read(query)
    except ContractBrokenError as error:
        if error.exchange and _is_unserved(error.exchange):
            raise Violation(f"a listing for {query}", str(error), (error.exchange,)) from None
        raise


def _is_unserved(exchange: Exchange) -> bool:
    """Whether a listing failed with a server error or has a body that is not JSON."""
    return exchange.is_server_error or (exchange.succeeded and exchange.json() is None)
