"""Steadiness: whether a target lists the same thing when it is asked again.

Neither the order of listings nor how soon they show a change is documented. So contracts that
compare pages need a steady order, and what a listing shows counts only if it still does later.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from pytest_atomic_cards.cards import cards_of
from pytest_atomic_cards.errors import ContractBrokenError, MisuseError
from pytest_atomic_cards.exchange import Exchange
from pytest_atomic_cards.query import CardQuery
from pytest_atomic_cards.seeding.reader import key_of
from pytest_atomic_cards.verification.probe import Probe

_SAMPLED_PAGES: Final = ((50, 50), (1, 40), (1, 60), (1, 80))
_SAMPLES: Final = 4
_A_WHILE: Final = 1.5
_LOOKED_AT_AGAIN: Final = 3


def is_repeatable(probe: Probe, query: CardQuery) -> bool:
    """Whether identical requests for pages of a long listing list the same cards.

    Pages of one card show that they do not also where only neighbours change places.
    """
    pages = [query.replace(limit=limit, offset=offset) for limit, offset in _SAMPLED_PAGES]

    def repeats(page: CardQuery) -> bool:
        seen = [{key_of(card) for card in probe.page(page).cards} for _ in range(_SAMPLES)]
        return all(keys == seen[0] for keys in seen)

    return probe.watch(lambda: all(map(repeats, pages)), bool)


def shows_otherwise(probe: Probe, exchanges: Iterable[Exchange]) -> bool:
    """Whether one of the listings among some exchanges of a live target is not the same later."""
    listings = [one for one in exchanges if one.method == "GET" and one.path.endswith("/cards")]
    if not listings or probe.cards.placement.delivery_is_certain:
        return False
    probe.cards.timeline.sleep(max(_A_WHILE, probe.cards.seeder.unsteadiness))
    return any(_differs_now(probe, one) for one in listings[-_LOOKED_AT_AGAIN:])


def _differs_now(probe: Probe, listing: Exchange) -> bool:
    try:
        query = CardQuery.parse(listing.query)
    except MisuseError:
        return False
    return _listed(probe.api.list_exchange(query)) != _listed(listing)


def _listed(exchange: Exchange) -> dict[str, str | None] | None:
    """The state word of each card that an exchange lists; ``None`` where it is no listing."""
    if not exchange.succeeded or not exchange.response_body:
        return None
    try:
        return {key_of(card): card.status for card in cards_of(exchange.json())}
    except ContractBrokenError:
        return None
