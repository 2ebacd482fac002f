"""The public API as its users' type checkers see it. Never run: ``mypy tests/typing`` reads it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any, assert_type

from hypothesis.strategies import SearchStrategy

from pytest_atomic_cards import (
    TRANSITIONS,
    Action,
    ActionResponse,
    ActionSummary,
    Attribute,
    Card,
    CardQuery,
    Cards,
    CardsApi,
    CardSpec,
    CleanUp,
    DrainReport,
    Environment,
    Exchange,
    HttpxTransport,
    NetworkFaultKind,
    NetworkFaults,
    Population,
    Profile,
    Sandbox,
    SandboxAdapter,
    SandboxControls,
    SandboxServer,
    Settings,
    Status,
    Target,
    Transition,
    sandbox_world,
    strategies,
    world_on,
)


def of_a_world(cards: Cards, target: Target) -> None:
    """Seeding, looking, acting and steering."""
    card = cards.seed(user_id="customer-1", card_template_id="reminder", expires=timedelta(days=1))
    assert_type(card, Card)
    assert_type(card.id, str)
    assert_type(card.status, Status | str | None)
    assert_type(cards.seed(CardSpec(status=Status.SNOOZED)), Card)
    assert_type(cards.seed_all(Population.of(3)), list[Card])
    assert_type(cards.get(card), Card)
    assert_type(cards.list(CardQuery(user_id="customer-1")), list[Card])
    assert_type(cards.list(user_id="customer-1"), list[Card])
    assert_type(cards.wait_for(card, Status.ACTIVE), Card)
    assert_type(cards.dismiss(card), ActionResponse)
    assert_type(cards.complete(card, {"quantity": 2}), ActionResponse)
    assert_type(cards.cancel(card).summary, ActionSummary)
    assert_type(cards.api, CardsApi)
    assert_type(cards.url, str)
    assert_type(cards.environment_id, str)
    assert_type(cards.token(), str)
    assert_type(cards.environ, dict[str, str])
    assert_type(cards.requests_adapter(), SandboxAdapter)
    assert_type(cards.httpx_transport(), HttpxTransport)
    assert_type(cards.sandbox, Sandbox)
    assert_type(cards.faults, NetworkFaults)
    cards.faults.inject(NetworkFaultKind.RESET_AFTER, method="PUT", times=2)
    cards.faults.inject("reset-after", path="/cards/cancel")
    assert_type(target.settings, Settings)
    assert_type(cards.controls, SandboxControls)
    assert_type(cards.environment, Environment)
    assert_type(cards.clean_up(), CleanUp)
    cards.snooze(card, timedelta(hours=1))
    cards.pass_time(timedelta(hours=1))
    with world_on(target) as other:
        assert_type(other, Cards)
    with sandbox_world(Profile(), faults=["offset-one-more"]) as steered:
        assert_type(steered, Cards)


def of_the_client(api: CardsApi) -> None:
    """Listing, acting and draining."""
    query = CardQuery(status=Status.ACTIVE, limit=10, offset=20, multiple=True)
    assert_type(api.list(query), list[Card])
    assert_type(api.iterate(query, page_size=50), Iterator[Card])
    assert_type(api.complete(query, {"a": 1}), ActionResponse)
    assert_type(api.drain(Action.CANCEL, query), DrainReport)
    assert_type(api.list_exchange(query), Exchange)
    assert_type(query.replace(user_id="1"), CardQuery)
    assert_type(query.with_attributes({Attribute.USER_ID: "1"}), CardQuery)
    query.replace(user_id=1)  # type: ignore[arg-type]
    query.replace(user="1")  # type: ignore[call-arg]


def of_the_rest(sandbox: Sandbox) -> None:
    """Tables, profiles, the served sandbox and strategies."""
    assert_type(TRANSITIONS[Status.ACTIVE, Action.CANCEL], Transition)
    assert_type(SandboxServer(sandbox, port=0).url, str)
    Sandbox(Profile(order="newest-first"), faults=("offset-one-more",))
    assert_type(strategies.payloads(), SearchStrategy[dict[str, Any]])
    assert_type(strategies.queries(()), SearchStrategy[CardQuery])
    assert_type(strategies.populations(), SearchStrategy[Population])


def wrong(cards: Cards, api: CardsApi, payload: Mapping[str, Any]) -> None:
    """What a type checker refuses; a line that it let pass would be an unused ``ignore``."""
    cards.get("card-1")  # type: ignore[arg-type]
    cards.cancel(CardQuery())  # type: ignore[arg-type]
    api.dismiss(CardQuery(), payload)  # type: ignore[call-arg, arg-type]
    CardQuery(user="1")  # type: ignore[call-arg]
    CardSpec(usr="1")  # type: ignore[call-arg]
    cards.seed(usr="1")  # type: ignore[call-arg]
    cards.seed(status="active")  # type: ignore[arg-type]
    cards.seed(expires=3)  # type: ignore[arg-type]
    cards.list(user="1")  # type: ignore[call-arg]
    cards.faults.inject("reset-aftr")  # type: ignore[arg-type]
    cards.faults.inject("reset-after", tims=3)  # type: ignore[call-arg]
    Population.of(1).with_fields(usr="1")  # type: ignore[call-arg]
    Profile(order="by-chance")  # type: ignore[arg-type]
