"""Rules on single exchanges: what each objects to, and what none objects to."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from pytest_atomic_cards.model.exchange import Exchange
from pytest_atomic_cards.rules import AGREEMENT, Objection, objections, parse_response

CARD = {
    "cardInstanceId": "c1",
    "lifecycleId": "l1",
    "userId": "u1",
    "cardTemplateId": "t1",
    "status": "active",
}
RESULT = {"cardInstanceId": "c1", "lifecycleId": "l1", "userId": "u1"}


def exchange(request: str, body: Any, status: int = 200) -> Exchange:  # noqa: ANN401 - a JSON value
    """A request, given as its method and what follows ``/cards``, and its response."""
    method, rest = request.split(" ", 1)
    return Exchange(
        method=method,
        url=f"https://cards.test/v1/env/cards{rest}",
        started=datetime(2026, 1, 1, tzinfo=UTC),
        elapsed=0.1,
        status=status,
        response_body=json.dumps(body).encode(),
    )


def cards(count: int, **fields: str | float | None) -> dict[str, Any]:
    """The body of a listing of several cards with different ids."""
    return {"data": [CARD | {"cardInstanceId": f"c{n}"} | fields for n in range(count)]}


def acted(
    word: str, results: int = 1, total: int = 1, updated: int = 1, **fields: str | None
) -> dict[str, Any]:
    """The body of an action's response."""
    data = [RESULT | {"cardInstanceId": f"c{n}", "action": word} | fields for n in range(results)]
    return {"data": data, "summary": {"total": total, "updated": updated}}


WRONG = [
    ("cards_match_query", "GET ?userId=u2", cards(1)),
    ("cards_match_query", "GET ?userId=u1&lifecycleId=l2", cards(1)),
    ("cards_match_query", "GET ?status=dismissed", cards(1)),
    ("cards_match_query", "GET ?userId=u%20%201", cards(1, userId="u 1")),
    ("cards_match_query", "GET ?cardTemplateId=7", cards(1, cardTemplateId="007")),
    ("cards_match_query", "PUT /dismiss?userId=u2", acted("dismiss")),
    ("cards_within_limit", "GET ?limit=2", cards(3)),
    ("cards_within_limit", "GET ", cards(101)),
    ("cards_within_limit", "PUT /cancel?multiple=1", acted("cancel", 501, 501, 501)),
    ("cards_within_limit", "PUT /cancel?multiple=1&limit=2", acted("cancel", 3, 3, 3)),
    ("cards_not_repeated", "GET ", {"data": [CARD, CARD]}),
    (
        "cards_not_repeated",
        "PUT /cancel?multiple=1",
        acted("cancel", 2, 2, 2, cardInstanceId="c1"),
    ),
    ("cards_one_without_multiple", "PUT /dismiss?userId=u1", acted("dismiss", 2, 2, 2)),
    ("cards_action_word", "PUT /complete?userId=u1", acted("completed")),
    ("cards_action_word", "PUT /dismiss?userId=u1", acted("cancel")),
    ("cards_summary_adds_up", "PUT /cancel?userId=u1", acted("cancel", 0, 1, 1)),
    ("cards_summary_adds_up", "PUT /cancel?userId=u1", acted("cancel", 1, 0, 0)),
]


@pytest.mark.parametrize(("name", "request_", "body"), WRONG)
def test_a_rule_objects(name: str, request_: str, body: dict[str, Any]):
    """A response that contradicts its request violates exactly the rule about it."""
    objecting = {
        rule.name for rule in AGREEMENT if list(objections(exchange(request_, body), [rule]))
    }
    assert objecting == {name}


def test_every_rule_is_shown_to_object():
    """The samples above violate each rule."""
    assert {name for name, *_ in WRONG} == {rule.name for rule in AGREEMENT}


SKIPPED = {"cardInstanceId": "c2", "userId": "u1", "action": "skipped"}
LEGAL = {
    "another word for a card that did not change": (
        "PUT /complete?userId=u1&multiple=1",
        {
            "data": [*acted("complete")["data"], SKIPPED],
            "summary": {"total": 2, "updated": 1},
        },
    ),
    "letters of either case": ("GET ?userId=U1", cards(1)),
    "a status that is none": ("GET ?status=Open", cards(1)),
    "an attribute twice": ("GET ?userId=u1&userId=u2", cards(1)),
    "an empty attribute": ("GET ?userId=", cards(1)),
    "a list of values": ("GET ?userId=u1,u2", cards(2)),
    "a bare plus for a space": ("GET ?userId=u+1", cards(1, userId="u 1")),
    "a bare plus for itself": ("GET ?userId=u+1", cards(1, userId="u+1")),
    "spaces around a value that do not count": ("GET ?userId=%20u1%20", cards(1)),
    "a value that is not UTF-8": ("GET ?userId=%FF", cards(1)),
    "an unknown parameter": ("GET ?colour=red", cards(1)),
    "a null": ("GET ?userId=u1", cards(1, userId=None)),
    "a number as an id": ("GET ?cardTemplateId=7", cards(1, cardTemplateId=7)),
    "as many as the limit": ("GET ?limit=3", cards(3)),
    "a limit of zero as none": ("GET ?limit=0", cards(3)),
    "a limit that is no number": ("GET ?limit=two", cards(3)),
    "a limit above the largest": ("GET ?limit=1001", cards(1001)),
    "a limit twice": ("GET ?limit=2&limit=3", cards(3)),
    "the default page": ("GET ", cards(100)),
    "a dismiss without limits": ("PUT /dismiss?multiple=1", acted("dismiss", 501, 501, 501)),
    "multiple spelled otherwise": ("PUT /dismiss?multiple=true", acted("dismiss", 2, 2, 2)),
    "the state as the word": ("PUT /dismiss?userId=u1", acted("dismissed")),
    "no word": ("PUT /dismiss?userId=u1", acted("dismiss", action=None)),
    "skipped cards among the results": ("PUT /dismiss?multiple=1", acted("dismiss", 2, 2, 0)),
    "skipped cards in the total only": ("PUT /dismiss?userId=u1", acted("dismiss", 1, 3, 1)),
    "all that match in the total": ("PUT /cancel?limit=1&multiple=1", acted("cancel", 1, 9, 1)),
    "the state that an action led to": (
        "PUT /cancel?userId=u1&status=active",
        acted("cancel", status="cancelled"),
    ),
    "a summary without counts": ("PUT /cancel?userId=u1", {"data": [], "summary": {}}),
}


@pytest.mark.parametrize("choice", LEGAL)
def test_no_rule_objects_to_what_is_left_open(choice: str):
    """A response that takes a choice the documentation leaves open violates no rule."""
    request, body = LEGAL[choice]
    assert parse_response(exchange(request, body)) is not None
    assert list(objections(exchange(request, body))) == []


@pytest.mark.parametrize(
    ("request_", "body", "status"),
    [
        ("GET ?userId=u2", cards(1), 400),
        ("GET ?userId=u2", {"cards": [CARD]}, 200),
        ("GET ?userId=u2", None, 204),
        ("GET /c1?userId=u2", cards(1), 200),
        ("POST ?userId=u2", cards(1), 200),
        ("PUT /snooze?userId=u2", acted("snooze"), 200),
        ("PUT /dismiss?userId=u2", {"data": {}}, 200),
    ],
)
def test_other_answers_are_passed_over(request_: str, body: dict[str, Any], status: int):
    """A refusal, an unreadable body and a request outside the Cards API are not judged."""
    assert list(objections(exchange(request_, body, status))) == []


def test_an_objection_is_one_sentence_that_names_the_card():
    """An objection names the card, the attribute and the value."""
    assert list(objections(exchange("GET ?userId=u2", cards(1)))) == [
        Objection("only cards with userId=u2", "card c0 has userId=u1")
    ]
