"""The oracle: which listings it accepts, and what it reports about the others."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from pytest_atomic_cards.model.cards import Card
from pytest_atomic_cards.model.exchange import Exchange
from pytest_atomic_cards.model.lifecycle import Status
from pytest_atomic_cards.model.query import CardQuery
from pytest_atomic_cards.rules.verdicts import Inconclusive, Violation
from pytest_atomic_cards.suite.probing.oracle import invented, judge_listing
from pytest_atomic_cards.support.randomness import TRUE_RANDOMNESS
from pytest_atomic_cards.targets.seeding.listing_reader import Found


def card(name: str, user: str | None, template: str | None, status: str = "active") -> Card:
    """A card with three attributes that matter here."""
    body: dict[str, Any] = {
        "cardInstanceId": name,
        "userId": user,
        "cardTemplateId": template,
        "status": status,
    }
    return Card.from_body(body)


OURS = {
    one.card_instance_id: one
    for one in (
        card("a1", "ann", "bill"),
        card("a2", "ann", "offer"),
        card("b1", "bob", "bill"),
        card("b2", "bob", "offer"),
        card("closed", "ann", "bill", "dismissed"),
    )
}
OTHERS = {
    one.card_instance_id: one
    for one in (
        card("foreign match", "ann", "bill"),
        card("foreign half", "ann", "letter"),
        card("foreign", "eve", "letter"),
        card("capitals", "ANN", "Bill"),
        card("bare", None, None),
        card("half bare", None, "bill"),
    )
}
ALL = OURS | OTHERS
BOTH = CardQuery(user_id="ann", card_template_id="bill")
ONE = CardQuery(user_id="ann")


def judge(query: CardQuery, listed: str, *, complete: bool = True, **how: Any) -> None:  # noqa: ANN401
    """Judge a listing of cards by their names."""
    names = [name.strip() for name in listed.split(",") if name.strip()]
    found = Found(tuple(ALL[name] for name in names), (), complete=complete)
    judge_listing(OURS.values(), query, found, **how)


@pytest.mark.parametrize(
    ("query", "listed"),
    [
        (BOTH, "a1"),
        (BOTH, "a1, closed"),
        (BOTH, "foreign match, a1"),
        (BOTH, "a1, capitals"),
        (BOTH, "a1, bare, half bare"),
        (ONE, "a1, a2"),
        (ONE, "a2, foreign half, a1, closed"),
        (CardQuery(), "a1, a2, b1, b2"),
        (CardQuery(), "a1, a2, b1, b2, foreign, closed"),
        (CardQuery(status=Status.ACTIVE), "a1, a2, b1, b2, foreign"),
        (CardQuery(user_id=invented(TRUE_RANDOMNESS)), ""),
        (CardQuery(user_id="nobody"), ""),
    ],
)
@pytest.mark.parametrize("or_allowed", [False, True])
def test_sound_and_complete_listings_pass(
    query: CardQuery,
    listed: str,
    or_allowed: bool,  # noqa: FBT001
) -> None:
    """All matching active cards must be listed; other matching cards may be."""
    judge(query, listed, or_allowed=or_allowed)


def test_joining_by_or_breaks_only_the_inferred_reading() -> None:
    """A listing of all cards with any of the values passes if *or* is allowed."""
    joined = "a1, a2, b1, closed, foreign half"
    judge(BOTH, joined, or_allowed=True)
    with pytest.raises(Violation, match="only cards that match"):
        judge(BOTH, joined, or_allowed=False)


@pytest.mark.parametrize(
    ("query", "listed", "actual"),
    [
        (BOTH, "", "1 more active card.*missing.*=a1,"),
        (BOTH, "closed, foreign match", "1 more active card.*missing.*=a1,"),
        (ONE, "a1", "1 more active card.*missing.*=a2,"),
        (CardQuery(), "foreign", "4 more active card"),
        (BOTH, "a1, foreign", "1 of 2 differ.*userId=eve"),
        (BOTH, "a1, a2, b1, foreign", "3 of 4 differ.*=foreign,"),
        (BOTH, "a1, a2", "1 of 2 differ.*=a2,"),
        (BOTH, "a1, b1", "1 of 2 differ.*=b1,"),
        (ONE, "a1, a2, b1", "1 of 3 differ.*userId=bob"),
        (CardQuery(status=Status.ACTIVE), "a1, a2, b1, b2, closed", "status=dismissed"),
        (CardQuery(status=Status.DISMISSED), "closed, a1", "status=active"),
        (CardQuery(user_id=invented(TRUE_RANDOMNESS)), "foreign", "1 of 1 differ"),
        (CardQuery(user_id=invented(TRUE_RANDOMNESS)), "bare", "1 of 1 differ"),
    ],
)
@pytest.mark.parametrize("or_allowed", [False, True])
def test_other_listings_are_violations(
    query: CardQuery,
    listed: str,
    actual: str,
    or_allowed: bool,  # noqa: FBT001
) -> None:
    """A missing card, or one that does not match, is a violation with an example."""
    with pytest.raises(Violation, match=actual):
        judge(query, listed, or_allowed=or_allowed)


def test_a_listing_that_was_not_read_to_its_end_misses_nothing() -> None:
    """A missing card may be on an unread page, but a card that does not match is a violation."""
    judge(BOTH, "", complete=False)
    with pytest.raises(Violation, match="differ"):
        judge(BOTH, "foreign", complete=False)


def test_what_is_owed_can_be_another_state() -> None:
    """If closed cards are owed, they must be listed, and active ones need not be."""
    dismissed = CardQuery(status=Status.DISMISSED)
    judge(dismissed, "closed", owed=(Status.DISMISSED,))
    judge(BOTH, "closed", owed=(Status.DISMISSED,))
    with pytest.raises(Violation, match="missing"):
        judge(dismissed, "", owed=(Status.DISMISSED,), unlisted=())


def test_invented_values_are_never_the_same() -> None:
    """An invented value is new each time."""
    assert len({invented(TRUE_RANDOMNESS) for _ in range(50)}) == 50


def test_cards_of_an_unnamed_state_may_never_be_listed() -> None:
    """An empty listing by a state that the page does not name is undecided, unless it is owed."""
    closed = CardQuery(status="dismissed")
    with pytest.raises(Inconclusive, match="perhaps none ever is"):
        judge(closed, "", owed=["dismissed"])
    with pytest.raises(Violation, match="1 more"):
        judge(closed, "", owed=["dismissed"], unlisted=())
    with pytest.raises(Violation, match="4 more"):
        judge(CardQuery(status="active"), "")


@pytest.mark.parametrize(
    ("status", "error"), [(403, Inconclusive), (400, Violation), (404, Violation)]
)
def test_a_forbidden_query_owes_no_cards(status: int, error: type[BaseException]) -> None:
    """HTTP 403 leaves open whether cards would be listed; any other refusal hides them."""
    exchange = Exchange("GET", "http://cards.test", datetime.now(UTC), 0.0, {}, status=status)
    with pytest.raises(error):
        judge_listing(OURS.values(), ONE, Found((), (exchange,)))
