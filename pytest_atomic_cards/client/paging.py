"""Paging: all cards of a listing, page by page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pytest_atomic_cards.support.errors import ContractBrokenError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_atomic_cards.model.cards import Card
    from pytest_atomic_cards.model.query import CardQuery

MOST_PAGES: Final = 10_000
"""Most pages of an iteration: a million cards at the default page size, far more than tests need,
and an end on a target that invents cards."""


def pages(
    look: Callable[[CardQuery], list[Card]], query: CardQuery, page_size: int, max_pages: int
) -> Iterator[Card]:
    """All cards that match a query, each once.

    Args:
        look: Lists one page.
        query: Which cards; its limit and offset apply to all pages together.
        page_size: Cards per request.
        max_pages: Most pages to request.

    Raises:
        ContractBrokenError: A card has no id, a page has no new card, or there are more pages.
    """
    offset = query.offset or 0
    seen: set[str] = set()
    for _ in range(max_pages):
        if query.limit is not None and len(seen) >= query.limit:
            return
        left = None if query.limit is None else query.limit - len(seen)
        size = page_size if left is None else min(page_size, left)
        page = look(query.replace(limit=size, offset=offset))
        if not page:
            return
        fresh = {key: card for card in page if (key := _id_of(card, offset)) not in seen}
        if not fresh:
            raise ContractBrokenError(
                f"the page at offset {offset} of {query} held no card that was not on an "
                "earlier page already; offset seems to have no effect"
            )
        seen.update(fresh)
        yield from list(fresh.values())[:left]
        offset += len(page)
    if query.limit is None or len(seen) < query.limit:
        raise ContractBrokenError(
            f"{query} still has cards after {max_pages} pages ({len(seen)} cards); narrow the "
            "query, or raise max_pages"
        )


def _id_of(card: Card, offset: int) -> str:
    if not card.card_instance_id:
        raise ContractBrokenError(
            f"a card on the page at offset {offset} has no cardInstanceId, so that it cannot be "
            "distinguished from others; use list() to read single pages"
        )
    return card.card_instance_id
