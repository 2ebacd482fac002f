"""A target that joins attributes in its own way, with cards of this run and of others."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import requests
from client_doubles import Reply, Target, session

from pytest_atomic_cards.client import CardsApi, Scope
from pytest_atomic_cards.model.cards import Card
from pytest_atomic_cards.model.lifecycle import Status
from pytest_atomic_cards.model.query import Attribute
from pytest_atomic_cards.support.clock import Clock
from pytest_atomic_cards.targets.seeding.listing_reader import Reader
from pytest_atomic_cards.targets.seeding.ownership import Ownership
from pytest_atomic_cards.targets.seeding.starts import Start

Body = dict[str, Any]
OWN = "inv-1"


class Hurried(Clock):
    """A time in which pauses are over at once."""

    slept = 0.0

    def monotonic(self) -> float:
        """Seconds that were slept."""
        return self.slept

    def sleep(self, seconds: float) -> None:
        """Let them pass."""
        self.slept += seconds


def body(number: int, invocation: str) -> Body:
    """An active card."""
    return {
        "cardInstanceId": f"card-{number}",
        "cardTemplateId": "template-1",
        "flowInvocationId": invocation,
        "flowInstanceId": f"instance-{number}",
        "lifecycleId": f"life-{number}",
        "userId": f"user-{number}",
        "eventName": "",
        "status": "active",
    }


@dataclass
class Shared:
    """A target with two cards of this run and two of others, by its way of joining attributes.

    Attributes:
        joined_by_or: The attributes that it joins by *or* to all others.
        ignored: The attributes that it ignores.
        ignored_by_actions: Those that only its actions ignore.
        status: What it answers instead, if anything.
        refuses_closed: Whether it refuses actions that match a closed card.
        touched: How many foreign cards were changed.
    """

    joined_by_or: frozenset[str] = frozenset()
    ignored: frozenset[str] = frozenset()
    ignored_by_actions: frozenset[str] = frozenset()
    status: int | None = None
    refuses_closed: bool = False
    touched: int = 0
    cards: list[Body] = field(
        default_factory=lambda: [body(n, OWN if n < 2 else f"inv-{n}") for n in range(4)]
    )

    def __call__(self, request: requests.PreparedRequest) -> Reply:
        """Answer a listing or an action."""
        parts = urlsplit(request.url or "")
        wanted = {k: v for k, v in parse_qsl(str(parts.query)) if k in set(Attribute)}
        if self.status and request.method == "GET":
            return Reply(self.status)
        if request.method == "PUT":
            wanted = {k: v for k, v in wanted.items() if k not in self.ignored_by_actions}
        matching = [card for card in self.cards if self._matches(card, wanted)]
        if request.method == "GET":
            return Reply(body={"data": json.loads(json.dumps(matching))})
        if self.refuses_closed and any(card["status"] != "active" for card in matching):
            return Reply(409)
        for card in matching:
            card["status"] = "cancelled"
            self.touched += card["flowInvocationId"] != OWN
        summary = {"total": len(matching), "updated": len(matching)}
        return Reply(body={"data": [], "summary": summary})

    def _matches(self, card: Body, wanted: dict[str, str]) -> bool:
        wanted = {name: value for name, value in wanted.items() if name not in self.ignored}
        if not wanted:
            return True
        strict = {name: value for name, value in wanted.items() if name not in self.joined_by_or}
        loose = wanted.items() - strict.items()
        holds = bool(strict) and all(card[name] == value for name, value in strict.items())
        return holds or any(card[name] == value for name, value in loose)


def run_on(
    shared: Shared, *, seeded: bool = True, customer: str | None = None
) -> tuple[CardsApi, Target, Ownership]:
    """A client whose run has seeded the first two cards, or only claims their invocation.

    It may claim a customer as well.
    """
    target, scope = Target(shared), Scope()
    api = CardsApi(session(target, guard=scope, clock=Hurried()), "env")
    ownership = scope.evidence = Ownership(api, Reader(api), scope)
    scope.adopt_invocation(OWN)
    if customer:
        scope.adopt_user(customer)
    if seeded:
        users = tuple(card["userId"] for card in shared.cards[:2])
        states = frozenset({Status.ACTIVE})
        ownership.provenance.register(
            Start(number=0, users=users, others=(), states=states, invocation=OWN)
        )
        scope.adopt(map(Card.from_body, shared.cards[:2]))
    return api, target, ownership
