"""History: what it learns from the listings of a session."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from pytest_atomic_cards.model.exchange import Exchange
from pytest_atomic_cards.model.lifecycle import Status
from pytest_atomic_cards.model.settings import Settings
from pytest_atomic_cards.suite.probing.listing_history import History
from pytest_atomic_cards.suite.probing.probe import Probe
from pytest_atomic_cards.targets import open_target

MORNING, EVENING = "2030-01-02T08:00:00.000Z", "2030-01-02T20:00:00.000Z"


def listing(*cards: dict[str, Any], **changes: Any) -> Exchange:  # noqa: ANN401
    """A listing that shows some cards."""
    values: dict[str, Any] = {
        "method": "GET",
        "url": "http://cards.test/v1/environment/cards?limit=5",
        "started": datetime(2030, 1, 2, tzinfo=UTC),
        "elapsed": 0.1,
        "status": 200,
        "response_body": json.dumps({"data": cards}).encode(),
    }
    return Exchange(**values | changes)


def shown(status: str, created: str = MORNING, name: str = "card-1") -> dict[str, Any]:
    """A card as in a listing."""
    return {"cardInstanceId": name, "status": status, "created": created}


def history_of(*exchanges: Exchange) -> History:
    """A history of these exchanges."""
    history = History()
    for exchange in exchanges:
        history.observe(exchange)
    return history


@pytest.mark.parametrize(
    ("words", "closed"),
    [
        (["active"], {}),
        (["active", "dismissed"], {"card-1": Status.DISMISSED}),
        (["dismissed", "active"], {"card-1": Status.DISMISSED}),
        (["embargoed", "active", "expired", "cancelled"], {"card-1": Status.EXPIRED}),
        (["snoozed", "removed"], {}),
        ([], {}),
    ],
)
def test_the_first_closed_state_counts(words: list[str], closed: dict[str, Status]) -> None:
    """A card keeps the state in which it was first listed as closed, whatever follows."""
    history = history_of(*(listing(shown(word)) for word in words))
    assert history.closed == closed


def test_cards_are_remembered_apart() -> None:
    """Each card of a listing has its own history."""
    history = history_of(
        listing(shown("active"), shown("completed", name="card-2")),
        listing(shown("cancelled"), shown("active", name="card-3")),
    )
    assert history.closed == {"card-1": Status.CANCELLED, "card-2": Status.COMPLETED}


@pytest.mark.parametrize(
    "changes",
    [
        {"method": "PUT", "url": "http://cards.test/v1/environment/cards/cancel"},
        {"url": "http://cards.test/v1/environment/other"},
        {"status": 500},
        {"status": None},
        {"response_body": b"not JSON"},
        {"response_body": b'{"data": {}}'},
        {"response_body": b""},
    ],
    ids=str,
)
def test_anything_but_a_listing_is_passed_over(changes: dict[str, Any]) -> None:
    """Actions, failures and unreadable bodies are ignored."""
    assert history_of(listing(shown("dismissed"), **changes)).closed == {}


def test_a_history_watches_a_session() -> None:
    """The history of a probe observes the listings of its environment from then on."""
    cards = open_target(Settings()).open_world()
    history = History.of(Probe(cards))
    card = cards.seed(status=Status.COMPLETED)
    assert history.closed == {card.card_instance_id: Status.COMPLETED}
