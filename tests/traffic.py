"""Ordinary traffic of a client of the Cards API on an embedded sandbox, over some days."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from pytest_atomic_cards.model.exchange import Exchange
from pytest_atomic_cards.model.profile import Profile
from pytest_atomic_cards.model.settings import Settings
from pytest_atomic_cards.rules import parse_response
from pytest_atomic_cards.rules.monitor import Monitor
from pytest_atomic_cards.support.errors import AtomicCardsError
from pytest_atomic_cards.targets import SandboxTarget

if TYPE_CHECKING:
    from collections.abc import Iterator

NAMES = ("a b", "a+b", "ä&ö", "plain", "50%")


class Client:
    """Sends requests to a sandbox, and keeps the exchanges at the times of the sandbox's clock.

    Args:
        faults: Names of faults of the sandbox.
        profile: Answers of the sandbox to the open questions.
    """

    def __init__(self, faults: tuple[str, ...] = (), profile: Profile | None = None) -> None:
        target = SandboxTarget(Settings(fault=faults))
        target._profile = profile or Profile()
        self.world = target.open_world()
        self.exchanges: list[Exchange] = []
        self.world.api.session.listeners.append(self._keep)
        self.prefix = f"/v1/{self.world.environment.environment_id}/cards"

    def _keep(self, exchange: Exchange) -> None:
        now = self.world.sandbox.clock.now()
        self.exchanges.append(replace(exchange, started=now, elapsed=0.0))

    def send(self, method: str, path: str = "", /, body: Any = None, **query: Any) -> Any:  # noqa: ANN401
        """Send a request; whatever is wrong with the answer is for others to find."""
        options = query.pop("options", {})
        if body is not None:
            options = options | {"json": body}
        parameters = [(name, str(value)) for name, value in query.items()]
        try:
            exchange = self.world.api.session.send(
                method, self.prefix + path, parameters, **options
            )
        except AtomicCardsError:
            return None
        return exchange.json()

    def seed(self, **fields: Any) -> list[str]:  # noqa: ANN401
        """Put cards in place, ``count`` of them; returns their instance ids."""
        count = fields.pop("count", 1)
        rows = [{"variables": {"n": 1}, **fields} for _ in range(count)]
        return [card.card_instance_id for card in self.world.environment.seed(rows)]

    def pass_days(self, days: float = 1.0) -> None:
        """Let time pass on the sandbox."""
        self.world.pass_time(timedelta(days=days))


def _look(client: Client) -> None:
    """Listings by each attribute, alone and together, and page by page."""
    for number, name in enumerate(NAMES):
        client.seed(event_name=name, user_id=f"u{number}", lifecycle_id=f"life-{number}")
        client.seed(
            event_name=name,
            user_id="u0",
            card_template_id=f"t{number}",
            flow_instance_id=f"i{number}",
            flow_invocation_id=f"v{number}",
        )
    for name in NAMES:
        client.send("GET", eventName=name)
    client.send("GET")
    for query in (
        {"userId": "u0"},
        {"userId": "u1"},
        {"lifecycleId": "life-1"},
        {"cardTemplateId": "t1"},
        {"flowInstanceId": "i1"},
        {"flowInvocationId": "v1"},
        {"status": "active"},
        {"status": "snoozed"},
        {"userId": "u0", "cardTemplateId": "t2"},
        {"userId": "u0", "eventName": "plain", "status": "active"},
        {"userId": "u0", "eventName": "plain", "flowInvocationId": "v3"},
        {"limit": 2},
        {"limit": 2, "offset": 2},
    ):
        client.send("GET", **query)


def _act(client: Client) -> None:
    """Actions on one card, on several with and without multiple, and once again days later."""
    for word in ("dismiss", "complete", "cancel"):
        client.seed(lifecycle_id=f"one-{word}", user_id=f"{word}-one")
        client.seed(user_id=f"{word}-many", card_template_id="many", count=4)
        client.seed(user_id=f"{word}-other", count=2)
        for query in (
            {"lifecycleId": f"one-{word}"},
            {"userId": f"{word}-many"},
            {"userId": f"{word}-many", "cardTemplateId": "many", "multiple": 1},
        ):
            client.send("GET", limit=50, **{k: v for k, v in query.items() if k != "multiple"})
            client.send("PUT", f"/{word}", {"size": "L"} if word == "complete" else None, **query)
        client.send("GET", limit=500)
    client.pass_days()
    client.send("GET", status="active", limit=200)
    for status in ("snoozed", "dismissed", "completed", "cancelled", "expired"):
        client.send("GET", status=status, limit=200)
    for word in ("cancel", "complete", "dismiss"):
        for done in ("dismiss", "complete", "cancel"):
            client.send("PUT", f"/{word}", lifecycleId=f"one-{done}")
    client.pass_days()
    client.send("GET", limit=500)


def _wait(client: Client) -> None:
    """Cards that expire, wake up and are published by themselves, and stay as they are then."""
    now = client.world.sandbox.clock.now()
    client.seed(user_id="timed", expires_at=now + timedelta(hours=1))
    client.seed(user_id="timed", embargo_until=now + timedelta(hours=2))
    client.send("GET", userId="timed")
    client.pass_days(1 / 24)
    client.send("GET", userId="timed")
    client.pass_days(0.1)
    client.send("GET", userId="timed")
    for word in ("cancel", "complete", "dismiss"):
        client.pass_days(0.1)
        client.send("PUT", f"/{word}", userId="timed", multiple=1)
        client.send("GET", userId="timed")


def _fill(client: Client) -> None:
    """So many cards that limits are reached."""
    client.seed(user_id="crowd", count=2_120)
    client.send("GET")
    client.send("GET", offset=100)
    client.send("GET", userId="crowd", limit=150)
    client.send("PUT", "/cancel", userId="crowd", limit=20, multiple=1)
    client.send("PUT", "/cancel", userId="crowd", multiple=1)
    client.send("PUT", "/cancel", userId="crowd", limit=1500, multiple=1)


def _stumble(client: Client) -> None:
    """Requests that are odd, each sent again, and one without a token."""
    client.send("GET", options={"authenticated": False})
    for query in ({"limit": "many"}, {"eventName": "it's"}, {"eventName": "日本"}):
        client.send("GET", **query)
        client.send("GET", **query)
    for _ in range(2):
        client.send("PUT", "/complete", lifecycleId="none", options={"body": b"{"})


def growing_traffic(
    faults: tuple[str, ...] = (), profile: Profile | None = None
) -> Iterator[list[Exchange]]:
    """The exchanges so far, after each part of a session; the part with the most cards is last."""
    client = Client(faults, profile)
    for part in (_look, _act, _wait, _stumble, _fill):
        part(client)
        yield client.exchanges


def traffic(faults: tuple[str, ...] = (), profile: Profile | None = None) -> list[Exchange]:
    """The exchanges of an ordinary client with a sandbox."""
    *_, exchanges = growing_traffic(faults, profile)
    return exchanges


def violated(exchanges: list[Exchange]) -> dict[str, str]:
    """What each violated requirement is violated by, to a monitor that is fed with exchanges."""
    monitor, found = Monitor(), {}
    for exchange in exchanges:
        response = parse_response(exchange)
        for rule, objection in monitor.see(response) if response else ():
            found.setdefault(rule.requirement, f"{rule.name}: {objection.actual}")
    return found


def as_lines(exchanges: list[Exchange]) -> str:
    """Exchanges as JSON lines."""
    return "".join(f"{json.dumps(exchange.as_dict())}\n" for exchange in exchanges)
