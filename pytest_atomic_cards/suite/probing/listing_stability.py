"""Steadiness: whether a target lists the same cards when a request is repeated.

Neither the order of listings nor their lag is documented. So contracts that compare pages need a
stable order, and a violation in a listing counts only if a later listing still shows it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain, pairwise
from typing import Final

from pytest_atomic_cards.model.cards import Card, cards_of
from pytest_atomic_cards.model.exchange import Exchange
from pytest_atomic_cards.model.query import CardQuery
from pytest_atomic_cards.suite.probing.eventual_consistency import A_WHILE
from pytest_atomic_cards.suite.probing.probe import Probe
from pytest_atomic_cards.support.errors import ContractBrokenError, MisuseError
from pytest_atomic_cards.targets.seeding.listing_reader import is_full, key_of

_SAMPLED_PAGES: Final = ((50, 50), (1, 40), (1, 60), (1, 80))
"""Limit and offset. The long page shows a shuffled order; pages of one card show neighbours that
change places."""
_SAMPLES: Final = 4
"""Requests for each page: neighbours that swap at random are missed in one of 8 cases a page."""
_LOOKED_AT_AGAIN: Final = 3
"""Listings repeated of a violation, the last ones: they show it, and each costs requests."""
_LOOKS: Final = 8
"""Identical requests: enough to see a card come and go twice, with replicas out of sync."""


def is_repeatable(probe: Probe, query: CardQuery) -> bool:
    """Whether identical requests for pages of a long listing list the same cards.

    Pages of one card reveal an unstable order even if only neighbours change places.
    """
    pages = [query.replace(limit=limit, offset=offset) for limit, offset in _SAMPLED_PAGES]

    def repeat() -> bool:
        seen: dict[CardQuery, set[str]] = {}
        return all(
            seen.setdefault(page, listed) == listed
            for page, found in probe.page_each(pages * _SAMPLES)
            for listed in [set(found.keys)]
        )

    return probe.watch(repeat, bool)


def shows_otherwise(probe: Probe, exchanges: Iterable[Exchange]) -> bool:
    """Whether one of the listings among the exchanges of a live target changes later."""
    listings = _listings(exchanges)
    if not listings or probe.cards.backend.delivery_is_certain:
        return False
    probe.cards.clock.sleep(max(A_WHILE, probe.cards.seeder.listing_lag))
    return any(_differs_now(probe, one) for one in listings)


def comes_and_goes(probe: Probe, exchanges: Iterable[Exchange]) -> bool:
    """Whether one of our cards comes and goes in one of the listings without any write.

    A listing that merely lags has settled by then, and other people's cards may change at any time.
    On a page with only a part of the matching cards, cards may move, as no order is documented.
    """
    probe.settle()
    return any(_is_restless(probe, one) for one in _listings(exchanges))


def _listings(exchanges: Iterable[Exchange]) -> list[Exchange]:
    """The last listings among some exchanges."""
    listings = [one for one in exchanges if one.method == "GET" and one.path.endswith("/cards")]
    return listings[-_LOOKED_AT_AGAIN:]


def _query_of(listing: Exchange) -> CardQuery | None:
    try:
        return CardQuery.parse(listing.query)
    except MisuseError:
        return None


def _differs_now(probe: Probe, listing: Exchange) -> bool:
    query = _query_of(listing)
    return query is not None and _listed(probe.api.list_exchange(query)) != _listed(listing)


def _is_restless(probe: Probe, listing: Exchange) -> bool:
    query = _query_of(listing)
    if query is None or query.offset:
        return False
    looks = [_cards_of(probe.api.list_exchange(query)) for _ in range(_LOOKS)]
    pages = [page for page in looks if page is not None]
    if any(is_full(query, len(page)) for page in pages):
        return False
    pins = probe.cards.seeder.started
    own = {
        key_of(card)
        for card in chain.from_iterable(pages)
        if any(pin.matches(card.attributes) for pin in pins)
    }
    words = list(map(_words, pages))
    return any(
        sum(before.get(key) != after.get(key) for before, after in pairwise(words)) > 1
        for key in own
    )


def _listed(exchange: Exchange) -> dict[str, str | None] | None:
    """The state word of each listed card; ``None`` if the exchange is not a readable listing."""
    cards = _cards_of(exchange)
    return None if cards is None else _words(cards)


def _words(cards: Iterable[Card]) -> dict[str, str | None]:
    return {key_of(card): card.status for card in cards}


def _cards_of(exchange: Exchange) -> Sequence[Card] | None:
    if not exchange.succeeded or not exchange.response_body:
        return None
    try:
        return cards_of(exchange.json())
    except ContractBrokenError:
        return None
