"""The listings of the experiments. Pages that show a breach are listed again after one wait."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cache, partial
from typing import Final

from pytest_atomic_cards.model.lifecycle import Status
from pytest_atomic_cards.model.query import Attribute, CardQuery
from pytest_atomic_cards.model.request_space import ABSENT, Point, attributes_of
from pytest_atomic_cards.rules.verdicts import Violation
from pytest_atomic_cards.suite.experiments.experiment import Arrangement, Listing, cards_shown
from pytest_atomic_cards.suite.experiments.experiment_cards import Key, key_of_row
from pytest_atomic_cards.suite.experiments.experiment_rows import LIMITS, NAMES_STATUS
from pytest_atomic_cards.suite.experiments.listing_oracle import judge_page
from pytest_atomic_cards.suite.experiments.paging_rows import offset_of
from pytest_atomic_cards.suite.probing.expected_states import States
from pytest_atomic_cards.suite.probing.probe import Probe
from pytest_atomic_cards.support.errors import AtomicCardsError
from pytest_atomic_cards.targets.seeding.listing_reader import Found, key_of
from pytest_atomic_cards.targets.seeding.ownership import Ownership

_FIRST: Final = LIMITS["1"]
"""The page of the cards that ``offset=1`` skips."""
Look = Callable[[], Listing]
Listed = tuple[list[Listing], list[tuple[Point, AtomicCardsError]]]
"""The listings, and why there is none at some places."""


def list_all(common: Mapping[Key, Arrangement], pages: Sequence[Point], before: States) -> Listed:
    """List the cards of every arrangement, and some of these listings in pages.

    Args:
        common: The arrangements, by what their query matches.
        pages: The rows of listings with ``limit`` and ``offset``.
        before: The states of their cards, as they are listed by other attributes.
    """
    looks = [
        (whole_listing(key), partial(_list_whole, key, cards, before))
        for key, cards in common.items()
    ]
    if not looks:
        return [], []
    probe = next(iter(common.values())).probe
    listings, errors = _looked(probe, looks)
    for listing in listings:
        _note(listing)
    whole = {key_of_row(listing.point): listing for listing in listings}
    rows = [row for row in pages if key_of_row(row) in whole]
    shown, missed = _looked(probe, [_page(row, whole[key_of_row(row)]) for row in rows])
    return _if_in_order(listings + shown), errors + missed


def list_crowd(crowd: Arrangement, rows: Sequence[Point]) -> Listed:
    """List pages of more cards than one page holds."""
    listings, errors = _looked(
        crowd.probe, [_page(row, one) for row, one in _of_crowd(crowd, rows)]
    )
    return _if_in_order(listings), errors


def list_shown(crowd: Arrangement, rows: Sequence[Point], before: States) -> Listed:
    """List pages of a crowd, of which only cards in those states are due that listings show.

    Listings without a status may show fewer states than those by a status do.
    """
    plain = crowd.probe.find(crowd.by(Attribute.EVENT_NAME).query).cards
    by_status = {key for key, word in before.items() if word}
    known = (*crowd.matched, *crowd.others)
    listings: list[Listing] = []
    errors: list[tuple[Point, AtomicCardsError]] = []
    for names_status, keys in ((True, by_status), (False, {*map(key_of, plain)})):
        states = {card.status for card in known if key_of(card) in keys}
        matched, others = (
            tuple(card for card in cards if card.status in states)
            for cards in (crowd.matched, crowd.others)
        )
        some = [row for row in rows if (row["by"] in NAMES_STATUS) is names_status]
        more, missed = list_crowd(replace(crowd, matched=matched, others=others), some)
        listings, errors = listings + more, errors + missed
    return listings, errors


def _of_crowd(crowd: Arrangement, rows: Sequence[Point]) -> Iterator[tuple[Point, Listing]]:
    by = cache(crowd.by)
    for row in rows:
        cards = by(row["by"])
        yield row, Listing(row, cards, cards.query, Found(cards.matched, ()))


def _looked(probe: Probe, looks: Sequence[tuple[Point, Look]]) -> Listed:
    """The result of every look; of those that show a breach, after one wait for all of them.

    The first of these is watched until it is as due, which shows how late the target is.
    """
    points, sends = [point for point, _ in looks], [look for _, look in looks]
    seen = probe.overlap.outcomes(sends)
    doubtful = {
        place: one
        for place, one in enumerate(seen)
        if isinstance(one, Listing) and not _is_as_due(one)
    }
    if doubtful:
        place, first = next(iter(doubtful.items()))
        with suppress(AtomicCardsError):
            first.cards.probe.watch(sends[place], _is_as_due)
        first.cards.probe.settle_surely()
        again = probe.overlap.outcomes(sends[place] for place in doubtful)
        for place, one in zip(doubtful, again, strict=True):
            seen[place] = one
    listings = [one for one in seen if isinstance(one, Listing)]
    placed = zip(points, seen, strict=True)
    return listings, [(point, one) for point, one in placed if isinstance(one, AtomicCardsError)]


def _if_in_order(listings: list[Listing]) -> list[Listing]:
    """The listings; without what offsets skip, if cards have another order each time.

    No order is documented. Of few cards two pages are alike by chance, but not all listings of all
    queries that begin with the first card.
    """
    begun: defaultdict[CardQuery, list[list[str]]] = defaultdict(list)
    for one in listings:
        if one.point["offset"] == ABSENT:
            begun[one.query].append([key_of(card) for card in one.found.cards])
    pairs = [(some, max(alike, key=len)) for alike in begun.values() for some in alike]
    if all(longest[: len(some)] == some for some, longest in pairs):
        return listings
    return [replace(one, skipped=frozenset()) for one in listings]


def _is_as_due(listing: Listing) -> bool:
    return not [*judge_page(listing)]


def is_telling(key: Key) -> bool:
    """Whether the documentation promises what a listing shows, or it shows whose an id is.

    Which other cards than active ones are listed without a status is an open question.
    """
    given = attributes_of(key[0])
    return key[2] == Status.ACTIVE or Attribute.STATUS in given or Attribute.USER_ID not in given


def whole_listing(key: Key) -> Point:
    """The place of a listing without ``limit`` and ``offset``."""
    by, matches, state = key
    cards = {"by": by, "matches": matches, "state": state}
    return {"operation": "list", **cards, "limit": ABSENT, "offset": ABSENT}


def _list_whole(key: Key, cards: Arrangement, before: States) -> Listing:
    try:
        found = cards.probe.page(cards.query)
    except Violation as error:  # a server error is one of this listing, and shows no card
        found = Found((), error.exchanges)
    return Listing(whole_listing(key), cards, cards.query, found, before=before)


def _note(listing: Listing) -> None:
    """Let the scope guard learn from a listing, so that it needs no further one."""
    scope = listing.cards.probe.cards.scope
    if scope and isinstance(scope.evidence, Ownership):
        scope.evidence.note(listing.query, listing.found)


def _page(row: Point, whole: Listing) -> tuple[Point, Look]:
    """A page, which is kept beside the whole listing."""
    point, cards = {**whole.point, **row}, whole.cards
    parameters = (*LIMITS[row["limit"]], *offset_of(row["offset"], len(whole.found.cards)))

    def listed(*more: tuple[str, str]) -> Found:
        exchange = cards.probe.raw("GET", "/cards", cards.query, more=more)
        return Found(cards_shown(exchange), (exchange,))

    def look() -> Listing:
        found, first, again = listed(*parameters), frozenset[str](), frozenset[str]()
        if row["offset"] == "inside":
            first, again = (frozenset(listed(*_FIRST).keys) for _ in range(2))
        skipped = first & again  # the order may differ each time
        return Listing(point, cards, cards.query, found, whole.found, skipped, first == again)

    return point, look
