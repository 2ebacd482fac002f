"""Reading cards from a target that may make any legal choice, or be wrong.

The reader sends only documented queries and accepts every response that the documentation allows
or leaves open: "no card matches" may be an empty list, 204, 404 or another refusal; closed cards
may be listed only by status, and cancelled ones never.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import Final

from pytest_atomic_cards.client.cards_api import CardsApi
from pytest_atomic_cards.model.cards import Card, cards_of
from pytest_atomic_cards.model.documented import DEFAULT_PAGE, LARGEST_LIMIT
from pytest_atomic_cards.model.exchange import Exchange
from pytest_atomic_cards.model.lifecycle import Status
from pytest_atomic_cards.model.query import Attribute, CardQuery
from pytest_atomic_cards.support.errors import (
    ContractBrokenError,
    NotAvailableError,
    TransportError,
)
from pytest_atomic_cards.support.printable import brief

ALL_PAGES: Final = 20
"""Pages of 1000 cards: several times what a run seeds under any id, which is 2,510 cards for the
experiment on limits. It also bounds what a target that invents cards makes us keep."""
SMALLEST_PAGE: Final = 10
"""Cards that any target serves at once: a shorter page is the last one, so that the listing of a
few cards, which is nearly every one, takes one request."""
_TRIES: Final = 3
"""Requests for one page: a server error may be transient, and contracts judge one that persists."""

_LIKELY: Final = tuple(sorted(Status, key=lambda state: (state.is_open, state is Status.ACTIVE)))
"""The states to look up cards in that the plain listing leaves out: closed ones first, and active
last, as it shows active cards."""


def key_of(card: Card) -> str:
    """What identifies a card: its instance id, or the best that its body has."""
    return (
        card.card_instance_id
        or card.lifecycle_id
        or f"{card.flow_instance_id}/{card.card_template_id}/{card.user_id}"
    )


@dataclass(frozen=True, slots=True)
class Found:
    """Cards of one or more pages.

    Args:
        cards: The cards, in the order of the listing.
        exchanges: The requests and responses that listed them.
        complete: Whether the end of the listing was seen.
    """

    cards: tuple[Card, ...]
    exchanges: tuple[Exchange, ...]
    complete: bool = True

    @property
    def keys(self) -> list[str]:
        """What identifies the cards, in their order."""
        return [*map(key_of, self.cards)]


@dataclass(frozen=True, slots=True)
class Group:
    """Cards of one invocation, which were seeded together.

    Args:
        pin: The query that selects exactly these cards.
        cards: The cards as they were first listed, in the order of the population.
        users: The customer of each card that was requested.
        is_alone: Whether the pin is a customer who has a single card.
    """

    pin: CardQuery
    cards: tuple[Card, ...]
    users: tuple[str, ...]
    is_alone: bool = False

    @property
    def count(self) -> int:
        """How many cards there are at least; more than ``cards`` if paging hides some."""
        return max(len(self.cards), len(self.users))

    @property
    def shared(self) -> dict[Attribute, str]:
        """The values that all of the listed cards have."""
        first, *others = (card.attributes for card in self.cards)
        return {
            name: value
            for name, value in first.items()
            if all(other.get(name) == value for other in others)
        }

    def single(self, card: Card) -> CardQuery:
        """The shortest query that selects one card of the group and no other.

        Raises:
            NotAvailableError: No combination of attributes does.
        """
        if self.is_alone:
            return self.pin
        for query in selecting(card, _SINGLING, beside=self.cards):
            return query
        raise NotAvailableError(
            f"no attributes tell card {brief(key_of(card))} from the others of its invocation"
        )


_SINGLING: Final = (
    (Attribute.FLOW_INSTANCE_ID,),
    (Attribute.FLOW_INVOCATION_ID,),
    (Attribute.FLOW_INVOCATION_ID, Attribute.LIFECYCLE_ID),
    (Attribute.FLOW_INVOCATION_ID, Attribute.USER_ID),
    (Attribute.FLOW_INSTANCE_ID, Attribute.CARD_TEMPLATE_ID),
    (Attribute.FLOW_INVOCATION_ID, Attribute.CARD_TEMPLATE_ID, Attribute.USER_ID),
)


def selecting(
    card: Card, sets: Iterable[Collection[Attribute]], *, beside: Iterable[Card] = ()
) -> Iterator[CardQuery]:
    """Queries by sets of attributes that a card has, and none of the cards beside it."""
    values = card.attributes
    rivals = [one.attributes for one in beside if key_of(one) != key_of(card)]
    for names in sets:
        if all(name in values for name in names):
            query = CardQuery.of({name: values[name] for name in names})
            if not any(map(query.matches, rivals)):
                yield query


def is_full(query: CardQuery, count: int) -> bool:
    """Whether a page of so many cards has as many as the documentation promises.

    A shorter page is the last one, unless the target serves smaller pages than documented.
    """
    return count >= min(DEFAULT_PAGE, DEFAULT_PAGE if query.limit is None else query.limit)


class Reader:
    """Reads listings and states through a :class:`CardsApi`.

    Args:
        api: Client of the target.
        observe: Is called with the cards of each page.

    Attributes:
        words: The state words that :meth:`states` found last.
        overlap: Sends requests that do not depend on each other.
    """

    def __init__(
        self, api: CardsApi, observe: Callable[[Iterable[Card]], None] = lambda _: None
    ) -> None:
        self._api = api
        self._observe = observe
        self.words: dict[str, str | None] = {}
        self.overlap = api.session.overlap
        self._likely = _LIKELY

    def expect(self, state: Status) -> None:
        """Look up missing cards in this state first, as some were just brought to it."""
        self._likely = (state, *(one for one in self._likely if one is not state))

    def page(self, query: CardQuery) -> Found:
        """One page. A refusal that does not deny access counts as *no card matches*.

        Raises:
            ContractBrokenError: A server error each time, or a body that is not a listing.
            TransportError: There was no usable response, or access was denied.
        """
        for _ in range(_TRIES):
            exchange = self._api.list_exchange(query)
            if not exchange.is_server_error:
                break
        status = exchange.status
        if exchange.is_server_error:
            raise ContractBrokenError(f"listing {query} fails with HTTP {status}", exchange)
        if self._api.access.denied(exchange):
            raise TransportError(f"listing {query} was denied with HTTP {status}", exchange)
        if not exchange.succeeded or not exchange.response_body:
            return Found((), (exchange,))
        try:
            cards = tuple(cards_of(exchange.json()))
        except ContractBrokenError as error:
            raise ContractBrokenError(f"listing {query}: {error}", exchange) from None
        self._observe(cards)
        return Found(cards, (exchange,), complete=not is_full(query, len(cards)))

    def find(
        self,
        query: CardQuery,
        most_pages: int = 6,
        *,
        wanted: float = 0,
        sought: AbstractSet[str] = frozenset(),
    ) -> Found:
        """All cards that match, in pages of 1000, at most ``most_pages`` of them.

        A page of fewer than 100 cards is the last by the documentation. A target may serve smaller
        pages, though. So while cards are missing, the last is one without a further card, with
        fewer cards than an earlier one, or with fewer than any target serves at once.

        Args:
            query: Which cards.
            most_pages: Most requests to send, and most thousands of cards to keep.
            wanted: How many cards there must be before a page is the last by the documentation.
            sought: The cards, by their keys, after which no further page is of interest.
        """
        cards: dict[str, Card] = {}
        exchanges: list[Exchange] = []
        largest = 0
        for _ in range(most_pages):
            page = self.page(query.replace(limit=LARGEST_LIMIT, offset=len(cards) or None))
            exchanges += page.exchanges
            count = len(page.cards)
            new = {key_of(card): card for card in page.cards if key_of(card) not in cards}
            cards |= new
            is_short = count < max(SMALLEST_PAGE, min(largest, DEFAULT_PAGE))
            is_documented_end = count < DEFAULT_PAGE and len(cards) >= wanted
            complete = not new or is_short or is_documented_end
            is_seen = bool(sought) and cards.keys() >= sought
            if complete or is_seen or len(cards) >= most_pages * LARGEST_LIMIT:
                break
            largest = max(largest, count)
        return Found(tuple(cards.values()), tuple(exchanges), complete)

    def find_all(self, query: CardQuery, most_pages: int = ALL_PAGES) -> Found:
        """All cards that match, however many, and however small the pages of the target are.

        If it does not serve large pages, this is the first page.

        Raises:
            ContractBrokenError: Not even that is served.
            TransportError: There was no usable response, or access was denied.
        """
        try:
            return self.find(query, most_pages, wanted=math.inf)
        except ContractBrokenError:
            return self.page(query)

    def states(self, group: Group) -> dict[str, str | None]:
        """The state word of each card of a group; ``None`` if no listing shows the card.

        Cards that the plain listing leaves out are looked up by each state.
        """
        members = {key_of(card) for card in group.cards}
        found = self.find(group.pin, wanted=len(members), sought=members).cards
        seen = self._words(found, members)
        for status in self._likely:
            if len(seen) == len(members):
                break
            missing = len(members) - len(seen)
            found = self.find(group.pin.replace(status=status), wanted=missing).cards
            seen = self._words(found, members) | seen
        words = {key: seen.get(key) for key in members}
        self.words |= words
        return words

    def look(self, group: Group, card: Card) -> Card:
        """One card of a group as it is listed now; without a status if no listing shows it."""
        one = group.single(card)
        for query in (one, *(one.replace(status=status) for status in self._likely)):
            for found in self.find(query).cards:
                if key_of(found) == key_of(card):
                    return found
        return replace(card, status=None)

    @staticmethod
    def _words(cards: Iterable[Card], members: set[str]) -> dict[str, str]:
        return {
            key_of(card): str(card.status)
            for card in cards
            if card.status and key_of(card) in members
        }
