"""The oracle of listings: which of our cards a query must and must not list.

Two readings of a combination are distinguished. It is documented that the given values select cards
*together*, and inferred that *and* joins them. A target that joins them by *or* breaks only the
inferred requirement; one that does neither breaks the documented one.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from http import HTTPStatus
from typing import Final

from pytest_atomic_cards.model.cards import Card
from pytest_atomic_cards.model.lifecycle import NAMED, Status
from pytest_atomic_cards.model.query import Attribute, CardQuery
from pytest_atomic_cards.rules.verdicts import Inconclusive, Violation, expect
from pytest_atomic_cards.support.printable import brief
from pytest_atomic_cards.support.randomness import Randomness
from pytest_atomic_cards.targets.seeding.listing_reader import Found, key_of

_INVENTED: Final = "no-such-value-"
UNNAMED: Final = frozenset(Status) - NAMED
"""The states whose words the page does not name."""
RULE_OF: Final[Mapping[str, str]] = {
    Attribute.EVENT_NAME: "QUERY-01",
    Attribute.LIFECYCLE_ID: "QUERY-02",
    Attribute.CARD_TEMPLATE_ID: "QUERY-03",
    Attribute.FLOW_INSTANCE_ID: "QUERY-04",
    Attribute.FLOW_INVOCATION_ID: "QUERY-05",
    Attribute.USER_ID: "QUERY-06",
    Attribute.STATUS: "QUERY-07",
}
"""The requirement about each attribute alone."""


def invented(randomness: Randomness) -> str:
    """An attribute value that no card has."""
    return f"{_INVENTED}{randomness.token()}"


def judge_listing(
    ours: Collection[Card],
    query: CardQuery,
    found: Found,
    *,
    owed: Collection[Status] = (Status.ACTIVE,),
    or_allowed: bool = False,
    unlisted: Collection[Status] = UNNAMED,
) -> None:
    """Compare a listing with the cards that it must show.

    Args:
        ours: Cards with known attributes, which nothing changes meanwhile.
        query: The query.
        found: The listed cards, from all pages that were read.
        owed: States whose cards must be listed; whether others are listed is not documented.
        or_allowed: Whether to accept a listing that joins the values by *or*.
        unlisted: States whose cards the target may never list.

    Raises:
        Violation: A listed card lacks one of the values, or a card that has them all is missing.
        Inconclusive: A card is missing because the query got HTTP 403, or may never be listed:
            which queries a target forbids, and whether it lists all states, is not documented.
    """
    wanted = query.attributes
    listed = set(found.keys)
    absent = [
        card
        for card in ours
        if card.status in owed and _has_all(card, wanted) and key_of(card) not in listed
    ]
    if absent and any(one.status == HTTPStatus.FORBIDDEN for one in found.exchanges):
        raise Inconclusive(f"the query {query} is forbidden with HTTP 403", found.exchanges)
    if absent and not found.cards and query.status in unlisted:
        raise Inconclusive(f"no card is listed by {query}; perhaps none ever is", found.exchanges)
    if absent and found.complete:
        raise Violation(
            f"{len(absent)} more active card(s) that match {query}",
            f"they are missing, the first being {_shown(absent[0], wanted)}",
            found.exchanges,
        )
    wrong = [card for card in found.cards if _differs_in(card, wanted)]
    if not wrong:
        return
    strange = [card for card in wrong if len(_differs_in(card, wanted)) == len(wanted)]
    joined_by_or = not strange and all(
        key_of(card) in listed for card in ours if card.status in owed and _has_any(card, wanted)
    )
    if joined_by_or and or_allowed:
        return
    example = (strange or wrong)[0]
    raise Violation(
        f"only cards that match {query}",
        f"{len(wrong)} of {len(found.cards)} differ, one having {_shown(example, wanted)}",
        found.exchanges,
    )


def judge_words(found: Found, word: str) -> None:
    """Expect the listed cards to show exactly the status word of the query."""
    shown = {card.raw.get("status") for card in found.cards} - {None}
    expect(
        shown <= {word},
        *found.exchanges,
        expected=f"cards with status {word!r}",
        actual=f"their status is {', '.join(map(repr, shown))}",
    )


def expect_count(found: Found, count: int, what: str) -> None:
    """Expect a page to have a number of cards.

    Raises:
        Violation: It has another one.
    """
    expect(
        len(found.cards) == count,
        *found.exchanges,
        expected=f"{count} cards {what}",
        actual=f"{len(found.cards)} cards were listed",
    )


def _has_all(card: Card, wanted: Mapping[Attribute, str]) -> bool:
    values = card.attributes
    return all(values.get(attribute) == value for attribute, value in wanted.items())


def _has_any(card: Card, wanted: Mapping[Attribute, str]) -> bool:
    values = card.attributes
    return any(values.get(attribute) == value for attribute, value in wanted.items())


def _differs_in(card: Card, wanted: Mapping[Attribute, str]) -> list[Attribute]:
    """The attributes in which a listed card differs from the query, as far as its body shows.

    Case is ignored, as case sensitivity is an open question.
    """
    return [
        attribute
        for attribute, value in wanted.items()
        if value.startswith(_INVENTED)
        or (
            (held := getattr(card, attribute.field)) is not None
            and str(held).casefold() != value.casefold()
        )
    ]


def _shown(card: Card, wanted: Mapping[Attribute, str]) -> str:
    values = {"cardInstanceId": card.card_instance_id}
    values |= {name.value: getattr(card, name.field) for name in wanted}
    return ", ".join(f"{name}={brief(value)}" for name, value in values.items())
