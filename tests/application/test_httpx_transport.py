"""The transport for httpx: what a client sees of the network, and of a missing httpx."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import anyio
import httpx
import pytest

from pytest_atomic_cards import HttpxTransport, MisuseError, Status, sandbox_world

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_atomic_cards import Cards, FaultFields, FaultName


@pytest.fixture
def cards() -> Iterator[Cards]:
    """An isolated sandbox."""
    with sandbox_world() as world:
        yield world


def base_url(cards: Cards) -> str:
    """The root of the environment, on a host that does not exist."""
    return f"https://cards.example/v1/{cards.environment_id}"


@pytest.mark.parametrize(
    ("fault", "fields", "error"),
    [
        ("reset-before", {}, httpx.ReadError),
        ("reset-after", {}, httpx.ReadError),
        ("cut-off", {}, httpx.RemoteProtocolError),
        ("slow", {"delay": 5.0}, httpx.ReadTimeout),
    ],
)
def test_a_network_fault_is_an_error_of_httpx(
    cards: Cards, fault: FaultName, fields: FaultFields, error: type[httpx.TransportError]
):
    """The client raises what it would raise on a socket, and the fault acts once."""
    card = cards.seed(user_id="customer-1")
    cards.faults.inject(fault, method="PUT", **fields)
    with httpx.Client(transport=cards.httpx_transport(), base_url=base_url(cards)) as api:
        with pytest.raises(error):
            api.put("/cards/cancel", params={"userId": "customer-1"}, timeout=0.1)
        done = api.put("/cards/cancel", params={"userId": "customer-1"}).json()["summary"][
            "updated"
        ]
    assert done == (1 if fault == "reset-before" else 0)
    assert cards.get(card).status is Status.CANCELLED


def test_a_status_that_a_fault_sends_is_a_response(cards: Cards):
    """A 429 arrives with its header."""
    cards.faults.inject("rate-limited", retry_after=7)
    with httpx.Client(transport=cards.httpx_transport(), base_url=base_url(cards)) as api:
        response = api.get("/cards")
    assert (response.status_code, response.headers["retry-after"]) == (429, "7")


def test_bodies_and_values_arrive_as_they_were_sent(cards: Cards):
    """A completion's body and an odd value in the query reach the card."""
    card = cards.seed(user_id="a+b ü/%2F")
    with httpx.Client(transport=cards.httpx_transport(), base_url=base_url(cards)) as api:
        query = {"userId": "a+b ü/%2F"}
        assert len(api.get("/cards", params=query).json()["data"]) == 1
        api.put("/cards/complete", params=query, json={"quantity": 2}).raise_for_status()
    assert cards.get(card).status is Status.COMPLETED
    assert cards.controls.analytics_events()[-1]["properties"]["values"] == {"quantity": 2}


def test_other_tasks_go_on_during_a_slow_response(cards: Cards):
    """A late response does not block the event loop of an async client."""
    cards.faults.inject("slow", delay=0.5)
    order: list[str] = []

    async def ask() -> None:
        transport = cards.httpx_transport()
        async with httpx.AsyncClient(transport=transport, base_url=base_url(cards)) as api:
            await api.get("/cards")
        order.append("response")

    async def both() -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(ask)
            await anyio.sleep(0.01)
            order.append("other task")

    anyio.run(both)
    assert order == ["other task", "response"]


def test_without_httpx_the_error_says_what_to_install(
    cards: Cards, monkeypatch: pytest.MonkeyPatch
):
    """The transport needs a package that nothing else here needs."""
    monkeypatch.delitem(sys.modules, HttpxTransport.__module__)
    monkeypatch.setitem(sys.modules, "httpx", None)
    with pytest.raises(MisuseError, match="pip install httpx"):
        cards.httpx_transport()
