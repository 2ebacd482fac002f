"""What the client sends to list cards and to act on them, and how it reads the responses."""

from __future__ import annotations

import json
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from client_doubles import BASE, TOKEN, Reply, Target, api

from pytest_atomic_cards.client import CardsApi
from pytest_atomic_cards.model.lifecycle import Action, Status
from pytest_atomic_cards.model.query import CardQuery
from pytest_atomic_cards.support.errors import (
    AtomicCardsError,
    ContractBrokenError,
    MisuseError,
    OutcomeUnknownError,
    RefusedError,
    SettingsError,
    TransportError,
)

ONE = CardQuery(lifecycle_id="life-1")
DONE = {
    "data": [{"cardInstanceId": "card-1", "action": "complete", "userId": "u"}],
    "summary": {"total": 1, "updated": 1},
}


def test_a_listing_is_one_get_with_the_attributes() -> None:
    """The request is the documented path and query, and the cards come back typed."""
    target = Target(Reply(body={"data": [{"cardInstanceId": "1", "status": "active"}]}))
    (card,) = api(target).list(CardQuery(user_id="a b", status=Status.ACTIVE, limit=5))
    assert target.urls == [f"{BASE}/v1/env/cards?userId=a%20b&status=active&limit=5"]
    assert card.status is Status.ACTIVE


def test_a_listing_without_arguments_asks_for_everything() -> None:
    """No query means no parameters."""
    target = Target()
    assert api(target).list() == []
    assert target.urls == [f"{BASE}/v1/env/cards"]


def test_multiple_is_not_sent_with_a_listing() -> None:
    """A query that was made for an action can be listed first."""
    target = Target()
    api(target).list(CardQuery(user_id="u", multiple=True))
    assert target.urls == [f"{BASE}/v1/env/cards?userId=u"]


def test_a_404_is_an_empty_listing() -> None:
    """A target may answer a listing without a match with 404."""
    assert api(Target(Reply(404, b""))).list(ONE) == []


@pytest.mark.parametrize("environment_id", ["a/b", "é", "%2F", "x?y"])
def test_an_environment_id_is_one_segment(environment_id: str) -> None:
    """Whatever the id holds, it cannot change the path around it."""
    target = Target()
    api(target, environment_id).list()
    assert urlsplit(target.urls[0]).path.count("/") == 3


@pytest.mark.parametrize("environment_id", ["", ".", ".."])
def test_an_environment_id_that_is_no_segment_is_refused(environment_id: str) -> None:
    """An id that would vanish from the path names its setting."""
    with pytest.raises(SettingsError, match="ATOMIC_CARDS_ENVIRONMENT_ID"):
        api(Target(), environment_id)


@pytest.mark.parametrize("reply", [Reply(204, b""), Reply(202, b""), Reply(200, b" \n")])
def test_an_action_may_succeed_without_a_body(reply: Reply) -> None:
    """A success that says nothing is a response without results and counts."""
    response = api(Target(reply)).cancel(CardQuery(user_id="u"))
    assert response.results == ()
    assert (response.summary.total, response.summary.updated) == (None, None)


@pytest.mark.parametrize(
    ("query", "advice"),
    [
        (CardQuery(user_id="u"), "multiple=True"),
        (CardQuery(user_id="u", limit=0), "limit is 0"),
        (CardQuery(user_id="u", limit=0, multiple=True), "limit is 0"),
        (CardQuery(user_id="u", limit=1001), "limit is 1001"),
        (CardQuery(user_id="u", limit=5), "multiple=True"),
    ],
)
def test_advice_fits_what_was_refused(query: CardQuery, advice: str) -> None:
    """A limit outside of what is documented is the likelier reason of a 400 than many cards."""
    with pytest.raises(RefusedError) as caught:
        api(Target(Reply(400))).cancel(query)
    assert advice in str(caught.value)
    assert ("multiple=True" in str(caught.value)) is (advice == "multiple=True")


def test_a_redirect_names_its_location() -> None:
    """The error shows where a redirect leads, harmless and cut where it is long."""
    location = "https://elsewhere.test/\x1b[2J" + "x" * 5_000
    with pytest.raises(ContractBrokenError) as caught:
        api(Target(Reply(302, b"", {"Location": location}))).list()
    text = str(caught.value)
    assert "redirects to 'https://elsewhere.test/\\x1b[2Jxxx" in text
    assert len(text) < 1_000


@pytest.mark.parametrize(
    ("call", "word"),
    [
        (CardsApi.dismiss, "dismiss"),
        (CardsApi.complete, "complete"),
        (CardsApi.cancel, "cancel"),
    ],
)
def test_an_action_is_one_put(call: Callable[..., object], word: str) -> None:
    """The request is the documented path and query, without a body."""
    target = Target(Reply(body=DONE))
    call(api(target), CardQuery(lifecycle_id="life-1", multiple=True))
    assert target.methods == ["PUT"]
    assert target.urls == [f"{BASE}/v1/env/cards/{word}?lifecycleId=life-1&multiple=1"]
    assert target.requests[0].body is None


def test_an_action_answers_with_results_and_summary() -> None:
    """The response comes back typed."""
    response = api(Target(Reply(body=DONE))).complete(ONE)
    assert [result.card_instance_id for result in response.results] == ["card-1"]
    assert (response.summary.total, response.summary.updated) == (1, 1)


@pytest.mark.parametrize("payload", [{}, {"quantity": 2, "size": "large", "ñ": [None, {"x": 1}]}])
def test_a_completion_payload_is_sent(payload: dict[str, object]) -> None:
    """The payload is the body, also where it is empty."""
    target = Target(Reply(body=DONE))
    api(target).complete(ONE, payload)
    assert json.loads(target.requests[0].body or b"null") == payload


@pytest.mark.parametrize(
    ("action", "payload"),
    [
        (Action.DISMISS, {"a": 1}),
        (Action.CANCEL, {}),
        (Action.COMPLETE, {"a": float("nan")}),
        (Action.COMPLETE, [1]),
    ],
)
def test_a_payload_that_cannot_be_right_is_refused(action: Action, payload: dict) -> None:
    """Only complete takes a payload, and only a JSON object; otherwise nothing is sent."""
    target = Target()
    with pytest.raises(MisuseError):
        api(target).act(action, ONE, payload)
    assert not target.requests


@pytest.mark.parametrize("action", list(Action))
def test_an_action_without_any_attribute_is_refused(action: Action) -> None:
    """A request that could change every card needs to be asked for by name."""
    target = Target(Reply(body=DONE))
    with pytest.raises(MisuseError, match="unscoped=True"):
        api(target).act(action, CardQuery(multiple=True, limit=5))
    assert not target.requests
    api(target).act(action, CardQuery(multiple=True, limit=5), unscoped=True)
    assert target.urls == [f"{BASE}/v1/env/cards/{action.value}?limit=5&multiple=1"]


def test_a_refusal_shows_status_body_query_and_curl() -> None:
    """The error has all that is needed to see and repeat it, and the exchange."""
    target = Target(Reply(409, {"message": "wrong state"}))
    with pytest.raises(RefusedError) as caught:
        api(target).dismiss(ONE)
    for part in ("409", "wrong state", "lifecycleId=life-1", "curl", "$ATOMIC_TOKEN"):
        assert part in str(caught.value)
    assert caught.value.exchange is not None
    assert caught.value.exchange.status == 409
    assert TOKEN not in str(caught.value)


def test_a_400_without_multiple_says_how_to_mend_it() -> None:
    """The documented reason, more than one match, is named with both remedies."""
    with pytest.raises(RefusedError, match=r"more than one card.*multiple=True.*narrow"):
        api(Target(Reply(400))).cancel(ONE)


def test_a_400_with_multiple_does_not_advise_it() -> None:
    """Where ``multiple`` was sent, that advice would mislead."""
    with pytest.raises(RefusedError) as caught:
        api(Target(Reply(400))).cancel(CardQuery(lifecycle_id="x", multiple=True))
    assert "multiple=True" not in str(caught.value)


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply(400), RefusedError),
        (Reply(403), RefusedError),
        (Reply(500), TransportError),
        (Reply(302), ContractBrokenError),
        (Reply(200, b""), ContractBrokenError),
        (Reply(200, b"<html>"), ContractBrokenError),
        (Reply(200, []), ContractBrokenError),
        (Reply(200, {"cards": []}), ContractBrokenError),
        (Reply(200, {"data": {}}), ContractBrokenError),
        (Reply(200, {"data": ["card"]}), ContractBrokenError),
        (Reply(200, b"[" * 100_000), ContractBrokenError),
    ],
)
def test_a_listing_says_who_is_at_fault(reply: Reply, error: type[AtomicCardsError]) -> None:
    """Refusals, unusable bodies and failures of the target are different errors."""
    with pytest.raises(error) as caught:
        api(Target(reply)).list(ONE)
    assert type(caught.value) is error
    assert caught.value.exchange is not None


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply(404), RefusedError),
        (Reply(500), OutcomeUnknownError),
        (Reply(503), OutcomeUnknownError),
        (Reply(200, b"nothing"), ContractBrokenError),
        (Reply(200, {"summary": {}}), ContractBrokenError),
    ],
)
def test_an_action_says_who_is_at_fault(reply: Reply, error: type[AtomicCardsError]) -> None:
    """A failure of the target leaves the outcome of an action unknown."""
    with pytest.raises(error) as caught:
        api(Target(reply)).cancel(ONE)
    assert type(caught.value) is error
    assert caught.value.exchange is not None


def test_a_forbidden_action_denies_access_until_one_has_succeeded() -> None:
    """A listing that is let in says nothing of actions; an action does, and 401 always denies."""
    replies = map(Reply, [200, 403, 200, 403, 401, 401])
    cards = api(Target(lambda _: next(replies)))
    assert not cards.access.denied(cards.list_exchange(ONE))
    denied = [cards.access.denied(cards.act_exchange(Action.CANCEL, ONE)) for _ in range(4)]
    assert denied == [True, False, False, True]


@pytest.mark.parametrize("status", [200, 400, 401, 403, 404, 500])
def test_raw_variants_return_every_answer(status: int) -> None:
    """An exchange is handed over whatever its status."""
    cards = api(Target(Reply(status)))
    assert cards.list_exchange(ONE).status == status
    assert cards.act_exchange(Action.CANCEL, ONE).status == status


def test_a_raw_listing_is_sent_as_it_is() -> None:
    """The raw variant does not drop ``multiple``."""
    target = Target()
    api(target).list_exchange(CardQuery(multiple=True))
    assert target.urls == [f"{BASE}/v1/env/cards?multiple=1"]
