"""The oracle of pages: which cards an experiment's listing must show, and how many of them.

Source: Cards API page › Query attributes, Pagination.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pytest_atomic_cards.model.documented import DEFAULT_PAGE
from pytest_atomic_cards.model.lifecycle import NAMED, Status, may_show
from pytest_atomic_cards.model.request_space import ABSENT, NO_ATTRIBUTE, OTHER
from pytest_atomic_cards.rules.verdicts import Inconclusive, Violation
from pytest_atomic_cards.suite.experiments.experiment import Breach, Listing
from pytest_atomic_cards.suite.experiments.experiment_rows import LIMITS
from pytest_atomic_cards.suite.experiments.paging_rows import offset_of
from pytest_atomic_cards.suite.probing.oracle import RULE_OF, UNNAMED, judge_listing
from pytest_atomic_cards.support.printable import brief
from pytest_atomic_cards.targets.seeding.listing_reader import key_of


def judge_page(listing: Listing) -> Iterator[Breach]:
    """What a page shows against requirements."""
    yield from _of_abroad(listing)
    yield from _of_bodies(listing)
    yield from _of_variables(listing)
    yield from _of_cards(listing)
    if listing.whole is not None:
        yield from _of_window(listing, listing.whole.cards)


def _of_abroad(listing: Listing) -> Iterator[Breach]:
    abroad = set(map(key_of, listing.cards.abroad.cards if listing.cards.abroad else ()))
    if shown := abroad & set(listing.found.keys):
        expected, actual = "no card of another environment", f"{len(shown)} are listed"
        yield Breach("QUERY-10", expected, actual, listing.found.exchanges)


def _of_bodies(listing: Listing) -> Iterator[Breach]:
    """Compare each card with what is known of it, as far as that is the same on every page."""
    known = {key_of(card): card for card in (*listing.cards.matched, *listing.cards.others)}
    shown = {key_of(card): card for card in listing.whole.cards} if listing.whole else {}
    for card in listing.found.cards:
        due, before = known.get(key_of(card)), shown.get(key_of(card), card).updated
        if due and due.user_id and card.user_id != due.user_id:
            yield _of_body(listing, "SHAPE-10", "userId", due.user_id, card.user_id)
        if due and due.created and card.created != due.created:
            yield _of_body(listing, "TIME-05", "created", due.created, card.created)
        state = due.status if due else None
        if isinstance(state, Status) and card.status and not may_show(state, card.status):
            yield _of_body(listing, "STATE-15", "status", state, card.status)
        if before and card.updated != before:
            yield _of_body(listing, "TIME-08", "updated", before, card.updated)


def _of_body(listing: Listing, rule: str, name: str, due: object, shown: object) -> Breach:
    expected, actual = f"{name} of a card to be {due}", f"it is {brief(shown)}"
    return Breach(rule, expected, actual, listing.found.exchanges)


def _of_variables(listing: Listing) -> Iterator[Breach]:
    """Compare the variables of each card that matches with those that it was seeded with."""
    due = listing.cards.variables
    matched = {key_of(card) for card in listing.cards.matched} if due else set()
    for card in (card for card in listing.found.cards if key_of(card) in matched):
        if card.variables != due:
            expected = f"payload.detail or payload.variables to be {due}"
            actual = f"it is {brief(card.variables)}"
            yield Breach("SHAPE-11", expected, actual, listing.found.exchanges)
            return


def _of_cards(listing: Listing) -> Iterator[Breach]:
    """Compare a listing with the cards that match; by *and*, and by any documented reading.

    A page need not show all of them.
    """
    given = tuple(listing.query.attributes)
    state = Status(listing.query.status or Status.ACTIVE)
    rules = {RULE_OF.get(given[0], "") if len(given) == 1 else "QUERY-08": len(given) > 1}
    if len(given) > 1:
        rules["QUERY-16"] = False
    if state is not Status.ACTIVE:
        rules = {"QUERY-19" if state in NAMED else "QUERY-12": False}
    if not listing.cards.matched:
        rules["QUERY-13"] = False
    owed = {state} - {Status.CANCELLED}  # one page documents their removal
    for rule, or_allowed in rules.items():
        try:
            judge_listing(
                listing.cards.matched,
                listing.query,
                listing.found,
                owed=owed if listing.whole is None else (),
                or_allowed=or_allowed,
                unlisted=() if _is_listed_otherwise(listing, state) else UNNAMED,
            )
        except Violation as error:
            yield Breach(rule, error.expected, error.actual, error.exchanges)
        except Inconclusive:
            return


def _is_listed_otherwise(listing: Listing, state: Status) -> bool:
    """Whether one of the cards was listed by other attributes, with the word of its state."""
    words = {listing.before.get(key_of(card)) for card in listing.cards.matched}
    return state.value in words


def _of_window(listing: Listing, whole: tuple[object, ...]) -> Iterator[Breach]:
    """Compare how many cards a page shows with how many there are behind its offset."""
    limit, offset = listing.point["limit"], listing.point["offset"]
    exchanges, count = listing.found.exchanges, len(listing.found.cards)
    if OTHER in {limit, offset}:
        return
    most = int(dict(LIMITS[limit]).get("limit", DEFAULT_PAGE))
    skipped = int(dict(offset_of(offset, len(whole))).get("offset", 0))
    due = max(0, min(most, len(whole) - skipped))
    if count != due:
        expected = f"{due} of the {len(whole)} cards with limit {limit} and offset {offset}"
        for rule in _paging_rules(listing):
            yield Breach(rule, expected, f"{count} were listed", exchanges)
    again = set(listing.found.keys) & listing.skipped
    if not listing.is_repeatable:
        expected = "the same card with limit=1 each time"
        yield Breach("PAGE-07", expected, "identical requests listed different ones", exchanges)
    if again:
        expected = f"none of the {len(listing.skipped)} card(s) that offset {offset} skips"
        for rule in _paging_rules(listing):
            yield Breach(rule, expected, f"{len(again)} of them were listed", exchanges)
    strange = set(listing.found.keys) - {
        key_of(card)
        for card in (*listing.whole.cards, *listing.cards.matched)  # type: ignore[union-attr]
    }
    if strange:
        actual = f"{len(strange)} other(s) were listed"
        yield Breach("PAGE-08", "only cards that match on every page", actual, exchanges)


def _paging_rules(listing: Listing) -> list[str]:
    """The requirements of a page that has too few or too many cards."""
    point = listing.point
    given = (point["limit"] != ABSENT, point["offset"] != ABSENT)
    rules = [_PAGING[given]]
    if point["by"] != NO_ATTRIBUTE:
        rules.append("PAGE-08")
    if given == (True, False) and (rule := RULE_OF.get(point["by"])):
        rules.append(rule)
    return rules


_PAGING: Final = {
    (False, False): "PAGE-01",
    (True, False): "PAGE-02",
    (False, True): "PAGE-04",
    (True, True): "PAGE-05",
}
"""The requirement of a page, by whether a limit and an offset are given."""
