"""Action semantics: whether actions honour an attribute, tried so that only one card can change.

A target may filter its listings by an attribute but not its actions, which no listing shows. So
before an action on several cards relies on an attribute, one is sent to a single card of this run,
without ``multiple``, with a made-up value of the attribute and that card's own id: if the attribute
is honoured, no card matches; if it is ignored, that one card changes and no other.

A refusal may mean that no card matches, or that many do because the card's own id is ignored as
well. It counts only with an id by which the same action was seen to change a single card.

If no query selects a single card, the few cards of one flow instance take its place; see
:mod:`pytest_atomic_cards.targets.seeding.alike_cards`.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from http import HTTPStatus
from typing import Final

from pytest_atomic_cards.client.cards_api import CardsApi
from pytest_atomic_cards.model.cards import ActionResponse, Card
from pytest_atomic_cards.model.exchange import Exchange
from pytest_atomic_cards.model.lifecycle import Action, Status
from pytest_atomic_cards.model.query import Attribute, CardQuery
from pytest_atomic_cards.support.errors import (
    AtomicCardsError,
    ContractBrokenError,
    NotAvailableError,
    ScopeError,
)
from pytest_atomic_cards.support.printable import brief
from pytest_atomic_cards.targets.seeding.action_outcomes import is_refusal, updated
from pytest_atomic_cards.targets.seeding.alike_cards import AlikeCards, AlikeError
from pytest_atomic_cards.targets.seeding.filter_semantics import similar
from pytest_atomic_cards.targets.seeding.listing_reader import Reader, key_of, selecting

_RECENT: Final = 8
"""Cards to try with: enough that one of them is still open while tests close some."""
_TRIES: Final = 3
"""Attempts at each pair: a lost response shows nothing, and is no reason to give up at once."""
_NO_CARD: Final = frozenset({HTTPStatus.NOT_FOUND})

_SELECTORS: Final = (
    (Attribute.FLOW_INSTANCE_ID,),
    (Attribute.FLOW_INVOCATION_ID, Attribute.FLOW_INSTANCE_ID),
    (Attribute.USER_ID, Attribute.FLOW_INSTANCE_ID),
    (Attribute.USER_ID,),
    (Attribute.FLOW_INVOCATION_ID, Attribute.LIFECYCLE_ID),
    (Attribute.FLOW_INSTANCE_ID, Attribute.LIFECYCLE_ID),
    (Attribute.USER_ID, Attribute.LIFECYCLE_ID),
    (Attribute.FLOW_INVOCATION_ID,),
    (Attribute.FLOW_INSTANCE_ID, Attribute.CARD_TEMPLATE_ID),
    (Attribute.USER_ID, Attribute.CARD_TEMPLATE_ID),
    (Attribute.FLOW_INVOCATION_ID, Attribute.USER_ID, Attribute.CARD_TEMPLATE_ID),
)
"""Attributes that may select one card and no other. The first alone suffices to try most others;
those with a template are for flows that send several cards with one lifecycle id to a customer."""


def selectors_of(
    card: Card, without: Attribute | None = None, *, beside: Iterable[Card] = ()
) -> Iterator[CardQuery]:
    """Queries that may select one card and no other, as far as the others are known."""
    return selecting(card, (names for names in _SELECTORS if without not in names), beside=beside)


class ActionSemantics:
    """Tries, once for each action and attribute, whether the action honours the attribute.

    Args:
        api: Client of the target.
        reader: Lists cards.
        is_ours: Whether a listed card belongs to this run.

    Attributes:
        breach: How an action on one card was seen to change others; empty if it never was.
        acted_on: Keys of the cards that an action was sent for.
    """

    def __init__(self, api: CardsApi, reader: Reader, is_ours: Callable[[Card], bool]) -> None:
        self._api = api
        self._reader = reader
        self._is_ours = is_ours
        self.breach = ""
        self.acted_on: set[str] = set()
        self._cards: deque[Card] = deque(maxlen=_RECENT)
        self._spare: list[Card] = []
        self._selective: set[tuple[Action, frozenset[Attribute]]] = set()
        self._alike = AlikeCards(api, reader, is_ours)
        self._carried_out: set[Action] = set()
        self._honoured: dict[tuple[Action, Attribute], bool] = {}
        self._tries: Counter[tuple[Action, Attribute]] = Counter()
        self._just_seen: tuple[str, CardQuery] | None = None

    def adopt(self, cards: Iterable[Card]) -> None:
        """Provide cards of this run to try with, the last ones first."""
        known = {key_of(card) for card in self._cards}
        fresh = [card for card in cards if key_of(card) not in known][-_RECENT:]
        self._cards.extend(fresh)

    def spare(self, cards: Sequence[Card]) -> None:
        """Provide cards of this run that nobody needs any more, so that they may be closed."""
        self._spare = list(cards)

    def try_all(self, pins: Collection[Attribute]) -> None:
        """Try all actions with some attributes, with nothing else in between.

        So the listing that shows what one action did is also the one before the next.
        """
        for pin in pins:
            for action in Action:
                self.is_honoured(action, pin, in_a_row=True)
        self._just_seen = None

    def is_honoured(self, action: Action, pin: Attribute, *, in_a_row: bool = False) -> bool:
        """Whether an action was seen not to change a card without the value of ``pin``."""
        pair = action, pin
        while pair not in self._honoured and self._cards and self._tries[pair] < _TRIES:
            self._tries[pair] += 1
            self._just_seen = self._just_seen if in_a_row else None
            honoured = None
            with suppress(AtomicCardsError):
                honoured = self._try(action, pin)
            if honoured is not None:
                self._honoured[pair] = honoured
        return self._honoured.get(pair, False)

    def was_carried_out(self, action: Action) -> bool:
        """Whether an action on a single card, or on those like it, was seen to succeed."""
        known = [*self._selective]  # other threads may add some
        return action in self._carried_out or any(name is action for name, _ in known)

    def act_alone(
        self, action: Action, card: Card, *, beside: Sequence[Card] = ()
    ) -> Exchange | None:
        """Act on one card without ``multiple``, by the first query that is not refused.

        If other cards of its flow instance have all the attributes it has, it is acted on together
        with them, once the action was seen to honour the instance.

        Args:
            action: The action.
            card: The card.
            beside: Cards that are listed with it.

        Returns:
            The exchange that succeeded, else the first refusal, as its query is the most likely
            one to select a single card; ``None`` for a card without any id, or if no card like it
            is active any more.

        Raises:
            AlikeError: Others are like it, and the action was not seen to honour the instance.
            ScopeError: No query that selects the card may be sent.
            NotAvailableError: No query that selects the card may be sent.
            OutcomeUnknownError: The card may or may not have changed.
        """
        refused, objection = None, None
        queries = [*selectors_of(card, beside=beside)]
        if not queries and card.flow_instance_id and card.status is Status.ACTIVE:
            instance = CardQuery(flow_instance_id=card.flow_instance_id)
            are_active = self._alike.are_active(card, instance)
            if are_active is None:
                return None
            if are_active:
                return self._act_together(action, instance.replace(multiple=True), card)
        for query in queries or selectors_of(card):
            try:
                exchange = self._act_by(action, query, card)
            except (ScopeError, NotAvailableError) as error:
                objection = objection or error
                continue
            if exchange.succeeded:
                return exchange
            refused = refused or exchange
        if refused is None and objection is not None:
            raise objection
        return refused

    def _act_together(self, action: Action, query: CardQuery, card: Card) -> Exchange:
        """Act on a card and those like it, if the guard allows it."""
        self.acted_on.add(key_of(card))
        try:
            exchange = self._api.act_exchange(action, query)
        except NotAvailableError as error:
            raise AlikeError(
                f"{error}; but no attribute tells card {brief(key_of(card))} from another one of "
                "its flow instance"
            ) from None
        self._inspect(exchange, card)
        if updated(exchange):
            self._carried_out.add(action)
        return exchange

    def _act_by(self, action: Action, query: CardQuery, card: Card) -> Exchange:
        """Act on one card by a query, and note whether that selects a single card."""
        self.acted_on.add(key_of(card))
        exchange = self._api.act_exchange(action, query)
        self._inspect(exchange, card)
        if exchange.succeeded and (updated(exchange) or not self._is_alone_and_active(card, query)):
            self._selective.add((action, frozenset(query.attributes)))
        return exchange

    def _inspect(self, exchange: Exchange, card: Card) -> None:
        """Record a breach if an action on a single card has changed cards of others."""
        with suppress(ContractBrokenError):
            customers = {r.user_id for r in ActionResponse.from_body(exchange.json()).results}
            if strangers := customers - {card.user_id, None}:
                self.breach = (
                    f"{exchange.method} {exchange.path}?{exchange.query} selects one card of this "
                    f"run, and changed a card of customer {strangers.pop()!r}; no more actions "
                    "are sent to this target"
                )

    def _try(self, action: Action, pin: Attribute) -> bool | None:
        """Whether a made-up value protects a card from an action; ``None`` if that is not seen."""
        cards = tuple(reversed(self._cards))
        for card in cards:
            made_up = {pin: similar(card.attributes.get(pin, key_of(card)))}
            for query in selectors_of(card, without=pin, beside=cards):
                seen, self._just_seen = self._just_seen, None
                if seen == (key_of(card), query) or self._is_alone_and_active(card, query):
                    self.acted_on.add(key_of(card))
                    exchange = self._api.act_exchange(action, query.with_attributes(made_up))
                    return self._judge(action, exchange, card, query)
        return self._try_on_alike(action, pin, cards)

    def _try_on_alike(self, action: Action, pin: Attribute, cards: Sequence[Card]) -> bool | None:
        """The same with cards that no query tells apart."""
        for card in cards:
            if not any(True for _ in selectors_of(card, without=pin, beside=cards)):
                like = (one for one in cards if one.flow_instance_id == card.flow_instance_id)
                self.acted_on.update(map(key_of, like))
                for query in self._alike.queries(card, pin):
                    with suppress(ScopeError, NotAvailableError):
                        return self._alike.try_on(action, pin, card, query)
        return None

    def _judge(
        self, action: Action, exchange: Exchange, card: Card, query: CardQuery
    ) -> bool | None:
        if updated(exchange) and exchange.response_body:
            return False
        if not self._is_alone_and_active(card, query):
            return None
        self._just_seen = key_of(card), query
        if exchange.succeeded:
            return True
        if exchange.status in _NO_CARD or self._was_refused_for_the_value(
            action, exchange, card, query
        ):
            return True
        return None

    def _was_refused_for_the_value(
        self, action: Action, exchange: Exchange, card: Card, query: CardQuery
    ) -> bool:
        """Whether a refusal means that no card matches, as the rest of the query selects one."""
        if self._api.access.denied(exchange) or not is_refusal(exchange):
            return False
        names = frozenset(query.attributes)
        for spare in self._spare_beside(card):
            if (action, names) in self._selective:
                break
            own = {name: value for name, value in spare.attributes.items() if name in names}
            single = CardQuery.of(own)
            if len(own) == len(names) and self._is_alone_and_active(spare, single):
                self._spare.remove(spare)
                self._act_by(action, single, spare)
        return (action, names) in self._selective

    def _spare_beside(self, card: Card) -> list[Card]:
        """The spare cards, those of other customers first, without one to go on trying with.

        Each query selects that one as before while no card of its customer is closed.
        """
        others = [one for one in self._spare if key_of(one) != key_of(card)]
        return sorted(others, key=lambda one: one.user_id == card.user_id)

    def _is_alone_and_active(self, card: Card, query: CardQuery) -> bool:
        found = self._reader.page(query).cards
        return (
            len(found) == 1
            and key_of(found[0]) == key_of(card)
            and found[0].status is Status.ACTIVE
            and self._is_ours(found[0])
        )
