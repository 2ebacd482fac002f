"""Acting on all cards of a query, however many there are, and whatever a target does."""

from __future__ import annotations

import json
from collections import Counter
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from client_doubles import Reply, Target, session
from drained_shelf import Shelf, cards, over

from pytest_atomic_cards.client import CardsApi, DrainProgress
from pytest_atomic_cards.model.lifecycle import Action, Status
from pytest_atomic_cards.model.query import CardQuery
from pytest_atomic_cards.support.errors import MisuseError, RefusedError, TransportError

MINE = CardQuery(flow_invocation_id="inv-1")


@pytest.mark.parametrize("summary", [True, False])
@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize("closed", ["left out", "counted", "refused"])
@pytest.mark.parametrize("zero", [200, 400, 404])
def test_every_card_is_cancelled_whatever_the_legal_choices(
    zero: int, closed: str, *, summary: bool, named: bool
) -> None:
    """Closed cards in the way, and answers that say nothing, do not stop a drain early."""
    states = cards(completed=60, active=70, embargoed=5, snoozed=5, expired=3)
    shelf = Shelf(states, zero=zero, closed=closed, summary=summary, named=named)
    report = over(shelf)[0].drain(Action.CANCEL, MINE, batch=50)
    assert Counter(shelf.cards.values()) == {
        Status.COMPLETED: 60,
        Status.CANCELLED: 80,
        Status.EXPIRED: 3,
    }
    assert report.finished
    assert report.updated == 80


def test_more_cards_than_one_request_takes_are_drained() -> None:
    """The documented loop: requests of the default size until nothing is left."""
    shelf = Shelf(cards(active=1234))
    report = over(shelf)[0].drain(Action.CANCEL, MINE)
    assert set(shelf.cards.values()) == {Status.CANCELLED}
    assert (report.requests, report.updated, report.left) == (4, 1234, 0)


def test_the_batch_is_sent_as_limit() -> None:
    """A batch size is passed on to every request."""
    api, target = over(Shelf(cards(active=5)))
    api.drain(Action.DISMISS, MINE, batch=2)
    limits = [parse_qs(urlsplit(url).query)["limit"] for url in target.urls if "dismiss" in url]
    assert limits == [["2"]] * 4


def test_nothing_to_do_is_done_at_once() -> None:
    """Where no card matches, one action and a look settle it."""
    report = over(Shelf({}, zero=404))[0].drain(Action.COMPLETE, MINE)
    assert (report.requests, report.updated, report.finished) == (1, 0, True)


def test_only_the_states_that_the_action_can_change_count_as_left() -> None:
    """Embargoed cards, which cannot be dismissed, do not keep a dismissal going."""
    report = over(Shelf(cards(active=3, embargoed=2)))[0].drain(Action.DISMISS, MINE)
    assert (report.updated, report.finished) == (3, True)


def test_a_query_with_a_status_looks_at_no_other() -> None:
    """Draining the active cards leaves the snoozed ones alone."""
    shelf = Shelf(cards(active=3, snoozed=2))
    report = over(shelf)[0].drain(Action.CANCEL, MINE.replace(status=Status.ACTIVE))
    assert report.finished
    assert Counter(shelf.cards.values()) == {Status.CANCELLED: 3, Status.SNOOZED: 2}


def test_progress_is_reported_after_each_request() -> None:
    """The callback gets running totals."""
    heard: list[DrainProgress] = []
    over(Shelf(cards(active=5)))[0].drain(Action.CANCEL, MINE, batch=3, on_progress=heard.append)
    assert heard == [DrainProgress(1, 3, 3), DrainProgress(2, 5, 2), DrainProgress(3, 5, 0)]


def test_the_payload_goes_to_every_card() -> None:
    """Completing in batches sends the payload each time."""
    api, target = over(Shelf(cards(active=5)))
    api.drain(Action.COMPLETE, MINE, {"size": "large"}, batch=2)
    bodies = [json.loads(r.body or b"") for r in target.requests if r.method == "PUT"]
    assert bodies == [{"size": "large"}] * 4


def test_cards_that_the_target_will_not_change_end_the_drain() -> None:
    """A target that leaves embargoed cards alone is asked a limited number of times."""
    shelf = Shelf(cards(active=3, embargoed=4), stuck=frozenset({Status.EMBARGOED}))
    report = over(shelf)[0].drain(Action.CANCEL, MINE)
    assert (report.updated, report.left, report.finished) == (3, 4, False)
    assert report.requests <= 5


def test_a_state_that_cannot_be_changed_does_not_hide_the_next() -> None:
    """Where embargoed cards are refused, the snoozed ones are cancelled all the same."""
    states = cards(active=2, embargoed=2, snoozed=2)
    shelf = Shelf(states, closed="refused", stuck=frozenset({Status.EMBARGOED}))
    api, _ = over(shelf)
    with pytest.raises(RefusedError, match="409"):
        api.drain(Action.CANCEL, MINE)
    assert Counter(shelf.cards.values()) == {Status.CANCELLED: 4, Status.EMBARGOED: 2}


def test_cards_that_the_target_refuses_to_change_are_an_error() -> None:
    """Where it says no each time, the refusal is what the caller sees."""
    shelf = Shelf(cards(embargoed=4), zero=400, stuck=frozenset({Status.EMBARGOED}))
    with pytest.raises(RefusedError):
        over(shelf)[0].drain(Action.CANCEL, MINE)


def test_a_target_that_counts_the_same_cards_again_is_seen_through() -> None:
    """Updates that are claimed a second time for the same cards are no progress."""
    shelf = Shelf(cards(completed=4), closed="counted", lies=True)
    report = over(shelf)[0].drain(Action.CANCEL, MINE)
    assert report.requests == 2
    assert report.finished


def test_a_target_that_claims_updates_for_ever_is_left() -> None:
    """Where the claims name no cards, the number of requests is the limit."""
    shelf = Shelf(cards(completed=4), closed="counted", lies=True, named=False)
    assert over(shelf)[0].drain(Action.CANCEL, MINE, max_requests=25).requests == 25


def test_patience_begins_anew_after_progress() -> None:
    """Unknown outcomes that are spread over a long drain do not add up."""
    shelf = Shelf(cards(active=30), busy=[*[503] * 4, 200] * 4)
    report = over(shelf)[0].drain(Action.CANCEL, MINE, batch=1)
    assert report.finished
    assert report.unknown_outcomes == 16


def test_the_number_of_requests_is_bounded() -> None:
    """After the last permitted request the report says that cards are left."""
    report = over(Shelf(cards(active=10)))[0].drain(Action.CANCEL, MINE, batch=1, max_requests=4)
    assert (report.requests, report.updated, report.left) == (4, 4, 6)


def test_a_listing_that_lags_behind_does_not_end_the_drain_wrongly() -> None:
    """Where listings show old states for a while, the drain still ends as finished."""
    shelf = Shelf(cards(active=3), lag=2)
    report = over(shelf)[0].drain(Action.CANCEL, MINE)
    assert report.finished
    assert report.updated == 3


@pytest.mark.parametrize("busy", [429, 500, 502, 503, 504])
def test_an_unknown_outcome_is_settled_by_looking(busy: int) -> None:
    """An action without a usable answer is followed by a listing, not by an error."""
    shelf = Shelf(cards(active=700), busy=[busy, 200, busy])
    report = over(shelf)[0].drain(Action.CANCEL, MINE)
    assert report.finished
    assert report.unknown_outcomes == 2
    assert set(shelf.cards.values()) == {Status.CANCELLED}


def test_actions_without_a_body_are_judged_by_the_listing() -> None:
    """A target that answers 204 has all 1,200 cards cancelled, 100 at a time."""
    shelf = Shelf(cards(active=1_200))

    def silent(request: requests.PreparedRequest) -> Reply:
        reply = shelf(request)
        return Reply(204, b"") if request.method == "PUT" and reply.status == 200 else reply

    api, _ = over(silent)
    report = api.drain(Action.CANCEL, MINE, batch=100)
    assert report.finished
    assert set(shelf.cards.values()) == {Status.CANCELLED}


def test_a_silent_target_that_changes_nothing_ends_the_drain() -> None:
    """Where actions answer 204 and change nothing, the drain ends and counts what is left."""
    shelf = Shelf(cards(active=3))
    api, target = over(
        lambda request: Reply(204, b"") if request.method == "PUT" else shelf(request)
    )
    assert api.drain(Action.CANCEL, MINE).left == 3
    assert target.methods.count("PUT") < 20


def test_a_drain_of_invented_cards_comes_to_an_end() -> None:
    """A target that always reports new cards gets the most requests that are allowed."""
    count = iter(range(1_000_000))

    def invents(_: requests.PreparedRequest) -> Reply:
        card = {"cardInstanceId": f"card-{next(count)}", "status": "active"}
        return Reply(body={"data": [card], "summary": {"total": 1, "updated": 1}})

    api, target = over(invents)
    assert not api.drain(Action.CANCEL, MINE, max_requests=30).finished
    assert target.methods.count("PUT") == 30


def test_a_target_that_never_answers_ends_the_drain() -> None:
    """Where nothing gets through at all, the failure of the listing is what the caller sees."""
    api, target = over(lambda _: Reply(503))
    with pytest.raises(TransportError):
        api.drain(Action.CANCEL, MINE)
    assert len(target.requests) < 20


@pytest.mark.parametrize("status", [401, 403, 405, 422])
def test_other_refusals_are_raised_at_once(status: int) -> None:
    """A refusal that cannot mean that nothing matches is not argued with."""
    target = Target(Reply(status))
    with pytest.raises(RefusedError):
        CardsApi(session(target), "env").drain(Action.CANCEL, MINE)
    assert len(target.requests) == 1


@pytest.mark.parametrize(
    ("query", "batch"),
    [
        (MINE.replace(limit=5), None),
        (MINE.replace(offset=5), None),
        (MINE, 0),
        (MINE, 1001),
        (CardQuery(), None),
    ],
)
def test_a_drain_that_cannot_be_meant_is_refused(query: CardQuery, batch: int | None) -> None:
    """Limits, offsets, impossible batches and unscoped queries send nothing."""
    api, target = over(Shelf({}))
    with pytest.raises(MisuseError):
        api.drain(Action.CANCEL, query, batch=batch)
    assert not target.requests
