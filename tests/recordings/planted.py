"""Ordinary traffic, and violations planted in it by hand."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from traffic import Client

from pytest_atomic_cards.model.exchange import Exchange

Change = Callable[[Any], Any]


@cache
def traffic_of_a_day() -> tuple[Exchange, ...]:
    """Listings and actions about a few customers; the first ones show no id in their query."""
    client = Client()
    client.seed(user_id="u1", card_template_id="t1", count=3)
    client.seed(user_id="u2", card_template_id="t1", lifecycle_id="life-2")
    client.send("GET", status="active")
    client.send("GET", limit=2)
    client.send("GET", cardTemplateId="t1")
    client.send("GET", userId="u2")
    client.send("PUT", "/complete", {"size": "L"}, userId="u2")
    client.send("PUT", "/dismiss", userId="u1")
    client.send("PUT", "/cancel", userId="u1", multiple=1)
    client.pass_days()
    client.send("GET", userId="u1")
    return tuple(client.exchanges)


def _bare(body: Any) -> Any:  # noqa: ANN401
    return body["data"]


def _longer(body: Any) -> Any:  # noqa: ANN401
    extra = {**body["data"][0], "cardInstanceId": "another", "lifecycleId": "another"}
    return {**body, "data": [*body["data"], extra]}


def _each(**fields: Any) -> Change:  # noqa: ANN401
    return lambda body: {**body, "data": [{**one, **fields} for one in body["data"]]}


def _one_of_another(body: Any) -> Any:  # noqa: ANN401
    first = body["data"][0]
    payload = {**first["payload"], "target": {"usersById": ["u1"]}}
    extra = {**first, "cardInstanceId": "another", "userId": "u1", "payload": payload}
    return {**body, "data": [*body["data"], extra]}


def _two_changed(body: Any) -> Any:  # noqa: ANN401
    result = {
        "action": "dismiss",
        "cardInstanceId": "one",
        "cardTemplateId": "t1",
        "eventName": "e",
        "eventSource": "api",
        "lifecycleId": "l",
        "userId": "u1",
    }
    del body
    summary = {"total": 2, "updated": 2}
    return {"data": [result, {**result, "cardInstanceId": "two"}], "summary": summary}


FAULTS: dict[str, tuple[int, int, Change]] = {
    "no wrapper": (2, 200, _bare),
    "a page too long": (1, 200, _longer),
    "a card of another customer": (3, 200, _one_of_another),
    "a card of another state": (0, 200, _each(status="completed")),
    "times without a zone": (2, 200, _each(created="2030-01-01T00:00:00.000")),
    "an id that is a number": (2, 200, _each(cardTemplateName=7)),
    "two changed without multiple": (5, 200, _two_changed),
    "the word of another action": (4, 200, _each(action="dismiss")),
    "results of another customer": (4, 200, _each(userId="u1")),
    "a summary of texts": (
        6,
        200,
        lambda body: {**body, "summary": {"total": "3", "updated": "3"}},
    ),
}
"""Violations: the place of the exchange, its status, and what becomes of its body."""


def planted(exchanges: Sequence[Exchange], fault: str) -> list[Exchange]:
    """The traffic with a violation in it."""
    place, status, change = FAULTS[fault]
    changed = list(exchanges)
    body = json.dumps(change(changed[place].json())).encode()
    changed[place] = replace(changed[place], status=status, response_body=body)
    return changed
