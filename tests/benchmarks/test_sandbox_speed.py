"""Speed of the sandbox, as ratios against a peer in the same run."""

# ruff: noqa: T201 - the numbers are printed for a person

from __future__ import annotations

import io
import itertools
import json
import statistics
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest
import requests

from pytest_atomic_cards.model.lifecycle import Status
from pytest_atomic_cards.model.query import Attribute
from pytest_atomic_cards.sandbox import Sandbox, SandboxAdapter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.benchmark

_FEW, _MANY = 1_000, 1_000_000
_BASE = "https://sandbox.test"
_MODULI = {
    "eventName": 5,
    "lifecycleId": 0.5,
    "cardTemplateId": 10,
    "flowInstanceId": 1,
    "flowInvocationId": 0.01,
    "userId": 0.02,
}
"""How many values an attribute has; below one, how many for each card."""


def _microseconds(repeat: int, *calls: Callable[[], object]) -> list[float]:
    """The lower quartile of each call's times, measured in turns after a warm-up."""
    taken: list[list[float]] = [[] for _ in calls]
    for call in calls:
        call()
    for _ in range(repeat):
        for times, call in zip(taken, calls, strict=True):
            start = time.perf_counter()
            call()
            times.append(time.perf_counter() - start)
    return [statistics.quantiles(times, n=4)[0] * 1e6 for times in taken]


def _authorization(sandbox: Sandbox) -> str:
    credential = sandbox.default.create_credential()
    with requests.Session() as session:
        session.trust_env = False
        session.mount(_BASE, SandboxAdapter(sandbox))
        reply = session.post(
            f"{_BASE}{sandbox.token_path}",
            params={"grant_type": "client_credentials"},
            auth=(credential.client_id, credential.client_secret),
        )
    return f"Bearer {reply.json()['access_token']}"


def _caller(
    sandbox: Sandbox, authorization: str, query: str, method: str = "GET", path: str = ""
) -> Callable[[], bytes]:
    """A plain WSGI call of ``/v1/sandbox/cards``."""

    def call() -> bytes:
        environ: dict[str, Any] = {
            "REQUEST_METHOD": method,
            "PATH_INFO": f"/v1/sandbox/cards{path}",
            "QUERY_STRING": query,
            "HTTP_USER_AGENT": "benchmark",
            "HTTP_AUTHORIZATION": authorization,
            "wsgi.input": io.BytesIO(),
        }
        return b"".join(sandbox(environ, lambda *_: None))

    return call


def _populated(count: int) -> Sandbox:
    sandbox = Sandbox()
    fields = {Attribute(name).field: share for name, share in _MODULI.items()}
    states = list(Status)
    values = {
        field: max(1, int(share if share > 1 else share * count)) for field, share in fields.items()
    }
    for first in range(0, count, 50_000):
        sandbox.default.seed(
            {field: f"{field}-{number * 7919 % distinct}" for field, distinct in values.items()}
            | {"status": states[number * 13 % 7]}
            for number in range(first, min(first + 50_000, count))
        )
    return sandbox


@pytest.fixture(scope="module")
def populations() -> Iterator[list[tuple[Sandbox, str]]]:
    """A sandbox of a thousand cards and one of a million, each with an Authorization header."""
    start = time.perf_counter()
    sandboxes = [_populated(_FEW), _populated(_MANY)]
    print(f"\nseeding {_FEW + _MANY:,} cards: {time.perf_counter() - start:.0f} s")
    yield [(sandbox, _authorization(sandbox)) for sandbox in sandboxes]
    for sandbox in sandboxes:
        sandbox.close()


def test_a_single_card_query_costs_little_more_than_the_session_itself():
    """A one-hit listing takes at most twice as long as a constant response of the same size."""
    sandbox = Sandbox()
    cards = sandbox.default.seed({} for _ in range(_FEW))
    authorization = _authorization(sandbox)
    query = f"lifecycleId={cards[500].lifecycle_id}"
    plain = _caller(sandbox, authorization, query)
    body = plain()

    def constant(_environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
        start_response("200 OK", headers)
        return [body]

    with requests.Session() as session:
        session.trust_env = False
        session.headers["Authorization"] = authorization
        session.mount(_BASE, SandboxAdapter(sandbox))
        session.mount("https://constant.test", SandboxAdapter(constant))
        ours, peer = _microseconds(
            3_000,
            lambda: session.get(f"{_BASE}/v1/sandbox/cards?{query}"),
            lambda: session.get(f"https://constant.test/v1/sandbox/cards?{query}"),
        )
    (wsgi,) = _microseconds(3_000, plain)
    sandbox.close()
    print(
        f"\none hit: {ours:.0f} µs through requests ({1e6 / ours:,.0f} requests/s), "
        f"constant response {peer:.0f} µs, ratio {ours / peer:.2f}; plain WSGI call {wsgi:.0f} µs"
    )
    assert ours < 2 * peer


def test_a_page_of_a_million_costs_as_much_as_one_of_a_thousand(
    populations: list[tuple[Sandbox, str]],
):
    """For every combination of attributes, ten cards of a million take at most 3 times as long."""
    models = [
        json.loads(_caller(*population, "limit=1&offset=400")())["data"][0]
        for population in populations
    ]
    ratios = []
    for count in range(8):
        for pick in itertools.combinations(Attribute, count):
            few, many = _microseconds(
                40,
                *(
                    _caller(
                        *population,
                        urlencode({name.value: model[name.value] for name in pick} | {"limit": 10}),
                    )
                    for population, model in zip(populations, models, strict=True)
                ),
            )
            ratios.append((many / few, few, many, pick))
    ratios.sort()
    middle, (worst, few, many, pick) = ratios[len(ratios) // 2][0], ratios[-1]
    print(
        f"\n{len(ratios)} combinations, {_MANY:,} against {_FEW:,} cards: "
        f"median ratio {middle:.2f}, "
        f"worst {worst:.2f} ({few:.0f} → {many:.0f} µs for {', '.join(pick)})"
    )
    assert middle < 2
    assert worst < 3


def test_paging_on_does_not_get_slower(populations: list[tuple[Sandbox, str]]):
    """Pages at the end of a million cards, read in order, cost as much as those at the start."""
    sandbox, authorization = populations[1]

    def page(offset: int) -> float:
        call = _caller(sandbox, authorization, f"limit=1000&offset={offset}")
        start = time.perf_counter()
        call()
        return (time.perf_counter() - start) * 1e3

    jump = page(_MANY - 12_000)
    first = statistics.median(page(offset) for offset in range(0, 10_000, 1_000))
    last = statistics.median(page(offset) for offset in range(_MANY - 11_000, _MANY, 1_000))
    print(
        f"\npages of 1000: first {first:.1f} ms, last {last:.1f} ms; "
        f"the first jump to the end {jump:.1f} ms"
    )
    assert last < 3 * first


def test_a_batch_of_a_million_costs_as_much_as_one_of_a_thousand(
    populations: list[tuple[Sandbox, str]],
):
    """Cancelling 5 of a million cards takes at most 6 times as long as of a thousand."""
    query = "cardTemplateId=card_template_id-3&multiple=1&limit=5"
    few, many = _microseconds(
        5, *(_caller(*population, query, "PUT", "/cancel") for population in populations)
    )
    print(f"\ncancel of 5: {few:.0f} µs of a thousand, {many:.0f} µs of a million")
    assert many < 6 * few
