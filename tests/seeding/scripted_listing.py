"""A Cards API that only lists, and does so in any odd way a test asks for."""

from __future__ import annotations

import json
from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import requests

from pytest_atomic_cards.client import CardsApi, CardsSession, RetryPolicy, StaticToken
from pytest_atomic_cards.model.cards import Card
from pytest_atomic_cards.model.query import CardQuery
from pytest_atomic_cards.sandbox import SandboxAdapter
from pytest_atomic_cards.targets.seeding.listing_reader import Group

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed.wsgi import StartResponse, WSGIEnvironment

Answer = tuple[int, Any]
"""A status, and the body: JSON values, or bytes as they are."""

PIN = CardQuery(flow_invocation_id="invocation")
"""Selects the cards that ``card_body`` describes."""


class Listing:
    """Answers every request by a function of its query parameters, and keeps those."""

    def __init__(self, answer: Callable[[dict[str, str]], Answer]) -> None:
        self._answer = answer
        self.queries: list[dict[str, str]] = []

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        query = dict(parse_qsl(environ["QUERY_STRING"]))
        self.queries.append(query)
        status, body = self._answer(query)
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        start_response(f"{status} {HTTPStatus(status).phrase}", [])
        return [content]

    def api(self) -> CardsApi:
        """A client of it that never waits."""
        http = requests.Session()
        http.trust_env = False
        http.mount("http://", SandboxAdapter(self))
        return CardsApi(
            CardsSession(
                base_url="http://listing.test",
                tokens=StaticToken("a-token-of-no-one"),
                http=http,
                retry=RetryPolicy(sleep=lambda _: None, attempts=2),
            ),
            "environment",
        )


def card_body(number: int, **fields: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON values
    """The body of a card with ids of its own."""
    return {
        "cardInstanceId": f"card-{number}",
        "lifecycleId": f"lifecycle-{number}",
        "flowInstanceId": f"instance-{number}",
        "flowInvocationId": "invocation",
        "cardTemplateId": "template",
        "userId": f"user-{number}",
        "status": "active",
    } | fields


def group_of(*bodies: dict[str, Any]) -> Group:
    """A group of cards with these bodies."""
    cards = tuple(map(Card.from_body, bodies))
    return Group(PIN, cards, tuple(card.user_id or "" for card in cards))


def paged(cards: list[dict[str, Any]], largest: int = 1_000) -> Callable[[dict[str, str]], Answer]:
    """Answers with pages of at most ``largest`` of the cards whose attributes match."""

    def answer(query: dict[str, str]) -> Answer:
        wanted = {name: value for name, value in query.items() if name not in {"limit", "offset"}}
        found = [card for card in cards if wanted.items() <= card.items()]
        offset, limit = int(query.get("offset", 0)), int(query.get("limit", 100))
        return 200, {"data": found[offset : offset + min(limit, largest)]}

    return answer
