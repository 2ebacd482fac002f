"""Cards of one flow instance that no attribute tells apart, such as two of one template.

No action selects one of them alone. Whether actions honour an attribute then shows in how they
respond without ``multiple``: several matching cards must be refused, so a response that differs
with a made-up value shows that those cards did not match any more. If the attribute is ignored,
both requests match the same cards of this run, and nothing changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Final

from pytest_atomic_cards.client.cards_api import CardsApi
from pytest_atomic_cards.model.cards import Card
from pytest_atomic_cards.model.exchange import Exchange
from pytest_atomic_cards.model.lifecycle import Action, Status
from pytest_atomic_cards.model.query import Attribute, CardQuery
from pytest_atomic_cards.support.errors import NotAvailableError
from pytest_atomic_cards.targets.seeding.action_outcomes import updated
from pytest_atomic_cards.targets.seeding.filter_semantics import similar
from pytest_atomic_cards.targets.seeding.listing_reader import (
    SMALLEST_PAGE,
    Reader,
    key_of,
    selecting,
)

_SHARED: Final = (
    (Attribute.FLOW_INSTANCE_ID,),
    (Attribute.USER_ID,),
    (Attribute.FLOW_INVOCATION_ID, Attribute.USER_ID),
)
"""Attributes that may select the cards of one instance and no others."""
_REFUSALS: Final = frozenset(
    {
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.NOT_FOUND,
        HTTPStatus.CONFLICT,
        HTTPStatus.UNPROCESSABLE_ENTITY,
    }
)
"""Refusals that depend on what matches; others, such as 429, may have come by chance."""


class AlikeError(NotAvailableError):
    """No attribute tells some cards apart, and it is not safe to act on them together."""


class AlikeCards:
    """Acts on the cards of one flow instance, to see whether actions honour an attribute.

    Args:
        api: Client of the target.
        reader: Lists cards.
        is_ours: Whether a listed card belongs to this run.
    """

    def __init__(self, api: CardsApi, reader: Reader, is_ours: Callable[[Card], bool]) -> None:
        self._api = api
        self._reader = reader
        self._is_ours = is_ours

    def are_active(self, card: Card, query: CardQuery) -> bool | None:
        """Whether a query lists only a card and others like it, all of them ours and active.

        ``None`` if none of its cards is listed as active.
        """
        found = self._reader.page(query).cards
        if not any(one.status is Status.ACTIVE for one in found):
            return None
        return (
            1 < len(found) < SMALLEST_PAGE
            and any(key_of(one) == key_of(card) for one in found)
            and all(
                one.status is Status.ACTIVE and one.user_id == card.user_id and self._is_ours(one)
                for one in found
            )
        )

    def queries(self, card: Card, without: Attribute) -> Iterator[CardQuery]:
        """Queries that list only a card and those like it, without one attribute."""
        for query in selecting(card, (names for names in _SHARED if without not in names)):
            if self.are_active(card, query):
                yield query

    def try_on(self, action: Action, pin: Attribute, card: Card, query: CardQuery) -> bool | None:
        """Whether a made-up value protects the cards of a query; ``None`` if that is not seen."""
        made_up = {pin: similar(card.attributes.get(pin, key_of(card)))}
        exchange = self._api.act_exchange(action, query.with_attributes(made_up))
        if updated(exchange) and exchange.response_body:
            return False
        if not self.are_active(card, query):
            return None
        refusal = self._api.act_exchange(action, query)
        return True if _shows_no_match(exchange, refusal) else None


def _shows_no_match(exchange: Exchange, refusal: Exchange) -> bool:
    """Whether a response cannot be the refusal of an action on several cards."""
    return (
        refusal.status in _REFUSALS
        and exchange.status != refusal.status
        and (exchange.succeeded or exchange.status in _REFUSALS)
    )
