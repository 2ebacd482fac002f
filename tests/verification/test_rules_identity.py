"""Rules on identity: an id belongs to one customer, and most of a card never changes."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from pytest_atomic_cards.model.exchange import Exchange
from pytest_atomic_cards.rules import Fidelity, parse_response
from pytest_atomic_cards.rules.identity_rules import IDENTITY
from pytest_atomic_cards.rules.monitor import Monitor

CARD = {
    "cardInstanceId": "card-1",
    "lifecycleId": "lifecycle-1",
    "userId": "user-1",
    "flowInstanceId": None,
    "status": "active",
    "updated": "2026-01-01T00:00:00.000Z",
    "payload": {"detail": {"a": 1, "b": 2}, "target": {"usersById": ["user-1"]}},
}
DISMISSED = {"status": "dismissed", "updated": "2026-01-02T00:00:00.000Z"}


def seen(*changes: dict[str, Any], fidelity: Fidelity = Fidelity.WIRE) -> dict[str, str]:
    """What the rules object to when a card is listed as it was, and then with changes."""
    monitor, found = Monitor(IDENTITY), {}
    for change in ({}, *changes):
        exchange = Exchange(
            "GET",
            change.get("url", "https://cards.test/v1/env/cards"),
            datetime(2026, 1, 1, tzinfo=UTC),
            0.1,
            status=200,
            response_body=json.dumps({"data": [CARD | change]}).encode(),
        )
        response = parse_response(exchange, fidelity)
        assert response is not None
        for rule, objection in monitor.see(response):
            found[rule.requirement] = objection.actual
    return found


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"userId": "user-2"}, {"SHAPE-08": "it is of user-2, and was of user-1"}),
        ({"lifecycleId": "lifecycle-2"}, {"TIME-09": "lifecycleId changed as well"}),
        ({"payload": CARD["payload"] | {"detail": {}}}, {"TIME-09": "detail changed as well"}),
        (
            DISMISSED | {"payload": CARD["payload"] | {"target": {"usersById": []}}},
            {"TIME-09": "target changed as well"},
        ),
    ],
)
def test_what_changes_is_named(change: dict[str, Any], found: dict[str, str]) -> None:
    """Another customer is another card with the same id; anything else changed on one card."""
    assert seen(change) == found


@pytest.mark.parametrize(
    "change",
    [
        {},
        DISMISSED,
        {"flowInstanceId": "instance-1"},
        {"userId": None},
        {"payload": None},
        {"payload": {"target": {"usersById": ["user-1"]}, "detail": {"b": 2, "a": 1}}},
        {"userId": "user-2", "url": "https://cards.test/v1/other/cards"},
        {"cardInstanceId": "card-2", "userId": "user-2"},
    ],
    ids=str,
)
def test_what_may_differ_is_accepted(change: dict[str, Any]) -> None:
    """State, null values, the order of members, and other cards and environments."""
    assert seen(change) == {}


def test_a_redacted_recording_is_not_judged() -> None:
    """It may show one id for several cards."""
    assert seen({"userId": "user-2"}, fidelity=Fidelity.KEPT) == {}
