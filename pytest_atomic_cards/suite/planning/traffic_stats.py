"""Traffic: the requests of a run, their statuses and their latencies, as counts that add up.

Each process that runs contracts counts its own and attaches the counts to its reports; the process
that controls the run adds them up.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Generator
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Final, Self

import pytest

from pytest_atomic_cards.model.exchange import Exchange
from pytest_atomic_cards.model.lifecycle import Action, Status
from pytest_atomic_cards.model.query import Attribute
from pytest_atomic_cards.suite.planning.prices import Footprint

PROPERTY: Final = "atomic_cards_traffic"
"""The attribute of a report that carries the traffic since the report before it."""
ENDPOINTS: Final = (
    "GET /cards",
    *(f"PUT /cards/{action}" for action in Action),
    "POST /action-flow/start",
    "POST /action-flow/test",
)
"""The endpoints that are counted separately; all others are :data:`OTHER`."""
OTHER: Final = "other"
ANY: Final = "any"
"""Stands for the status of a query without one."""
NARROWING: Final = tuple(name.value for name in Attribute if name is not Attribute.STATUS)
"""The attributes that combine with each other and with the status, in the documentation's order."""
_STATUSES: Final = frozenset(status.value for status in Status)
_STEPS: Final = 20
"""Latency buckets for each power of ten: each is 12 % wide, precise enough for percentiles."""


@dataclass(slots=True)
class Traffic:
    """Counts of exchanges, and of the cards that they requested.

    Args:
        queries: By the attributes of a query except the status, joined by spaces, and by its
            status.
        answers: By endpoint and HTTP status; the status is empty if there was no response.
        times: By endpoint and latency bucket; see :func:`milliseconds`.
        footprint: The cards, starts and requests of a live target, each under its name.
    """

    queries: Counter[tuple[str, str]] = field(default_factory=Counter)
    answers: Counter[tuple[str, str]] = field(default_factory=Counter)
    times: Counter[tuple[str, int]] = field(default_factory=Counter)
    footprint: Counter[tuple[str, str]] = field(default_factory=Counter)

    def observe(self, exchange: Exchange) -> None:
        """Count one exchange."""
        path, _, query = exchange.url.partition("?")
        endpoint = _endpoint(exchange.method, path)
        self.answers[endpoint, str(exchange.status or "")] += 1
        if exchange.status is not None:
            self.times[endpoint, _bucket(exchange.elapsed)] += 1
        for name, number in footprint_of(exchange).as_dict().items():
            self.footprint[name, ""] += number
        if "/cards" in endpoint:
            self.queries[_asked(query)] += 1

    def add(self, other: Traffic) -> None:
        """Add the counts of another process."""
        self.queries.update(other.queries)
        self.answers.update(other.answers)
        self.times.update(other.times)
        self.footprint.update(other.footprint)

    def to_json(self) -> str:
        """The counts as text, to send between processes."""
        counters = (self.queries, self.answers, self.times, self.footprint)
        return json.dumps([[[*key, number] for key, number in one.items()] for one in counters])

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read the counts from such a text."""
        counters = (
            Counter({(first, second): number for first, second, number in rows})
            for rows in json.loads(text)
        )
        return cls(*counters)

    @property
    def taken(self) -> Footprint:
        """What the exchanges took of the target."""
        return Footprint(**{name: number for (name, _), number in self.footprint.items()})


def footprint_of(exchange: Exchange) -> Footprint:
    """What one exchange takes: a request, and a start with its cards if it is one."""
    if exchange.method != "POST" or _endpoint("POST", exchange.url.partition("?")[0]) == OTHER:
        return Footprint(requests=1)
    try:
        flows = json.loads(exchange.request_body)["flows"]
        cards = sum(len(flow["target"]["usersById"]) for flow in flows)
    except (ValueError, TypeError, KeyError):  # not one of our own starts
        return Footprint(requests=1)
    return Footprint(cards if exchange.succeeded else 0, 1, 1)


def milliseconds(bucket: int) -> float:
    """The middle of a latency bucket."""
    return float(10 ** ((bucket + 0.5) / _STEPS))


def _bucket(seconds: float) -> int:
    return math.floor(_STEPS * math.log10(max(seconds, 1e-6) * 1_000))


def _endpoint(method: str, path: str) -> str:
    segments = path.rstrip("/").split("/")
    for length in (1, 2):
        name = f"{method} /{'/'.join(segments[-length:])}"
        if name in ENDPOINTS:
            return name
    flow = f"{method} /action-flow/{segments[-1]}"
    return flow if flow in ENDPOINTS and segments[-3:-2] == ["action-flow"] else OTHER


def _asked(query: str) -> tuple[str, str]:
    """The attributes of a query, and its status: one of the seven, ``any`` or ``other``."""
    given = dict(pair.partition("=")[::2] for pair in query.split("&"))
    status = given.get(Attribute.STATUS, ANY)
    known = status == ANY or status in _STATUSES
    return " ".join(name for name in NARROWING if name in given), status if known else OTHER


class TrafficHooks:
    """Attaches traffic to the teardown report of each test, in the process that runs the tests."""

    def __init__(self) -> None:
        self._traffic = Traffic()
        self._lock = Lock()

    def observe(self, exchange: Exchange) -> None:
        """Count one exchange, from any thread."""
        with self._lock:
            self._traffic.observe(exchange)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self,
        call: pytest.CallInfo[None],
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Attach the counts since the previous test, including clean-up."""
        report = yield
        if call.when == "teardown":
            with self._lock:
                counted, self._traffic = self._traffic, Traffic()
            setattr(report, PROPERTY, counted.to_json())
        return report


def traffic_in(report: Any) -> Traffic | None:  # noqa: ANN401 - a report of pytest
    """The traffic that a report carries, from this process or another."""
    text = getattr(report, PROPERTY, None)
    return None if text is None else Traffic.from_json(text)
