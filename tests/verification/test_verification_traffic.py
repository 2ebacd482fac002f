"""Traffic: how exchanges are counted, and how the counts of several processes are added."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_atomic_cards.model.exchange import Exchange
from pytest_atomic_cards.suite.planning.traffic_stats import Traffic, milliseconds

ROOT = "http://cards.test/v1/an-environment"


def sent(method: str, path: str, status: int | None = 200, elapsed: float = 0.01) -> Traffic:
    """The counts of one exchange."""
    traffic = Traffic()
    traffic.observe(
        Exchange(method, ROOT + path, datetime(2030, 1, 1, tzinfo=UTC), elapsed, status=status)
    )
    return traffic


@pytest.mark.parametrize(
    ("method", "path", "endpoint"),
    [
        ("GET", "/cards", "GET /cards"),
        ("GET", "/cards/?limit=1", "GET /cards"),
        ("GET", "/cards?userId=/cards/cancel", "GET /cards"),
        ("PUT", "/cards/cancel?userId=a", "PUT /cards/cancel"),
        ("PUT", "/cards/dismiss", "PUT /cards/dismiss"),
        ("PUT", "/cards/complete", "PUT /cards/complete"),
        ("POST", "/action-flow/a-flow/start", "POST /action-flow/start"),
        ("POST", "/action-flow/a-flow/test", "POST /action-flow/test"),
        ("POST", "/other/a-flow/start", "other"),
        ("POST", "/cards", "other"),
        ("DELETE", "/cards/cancel", "other"),
        ("GET", "", "other"),
    ],
)
def test_requests_are_counted_by_endpoint(method: str, path: str, endpoint: str) -> None:
    """A request is counted by its method and the end of its path, or as other."""
    assert dict(sent(method, path).answers) == {(endpoint, "200"): 1}


@pytest.mark.parametrize(
    ("query", "asked"),
    [
        ("", ("", "any")),
        ("?limit=5&offset=2&multiple=1", ("", "any")),
        ("?userId=a&eventName=b", ("eventName userId", "any")),
        ("?status=active", ("", "active")),
        ("?status=seen&userId=", ("userId", "other")),
        ("?cardTemplateId=a&lifecycleId=b&flowInstanceId=c&flowInvocationId=d&status=expired",
         ("lifecycleId cardTemplateId flowInstanceId flowInvocationId", "expired")),
        ("?userid=a&STATUS=active&&=&x", ("", "any")),
    ],
)  # fmt: skip
def test_queries_are_counted_by_their_attributes(query: str, asked: tuple[str, str]) -> None:
    """The attributes of a query are counted in a fixed order, separately from the status."""
    assert dict(sent("PUT", f"/cards/cancel{query}").queries) == {asked: 1}


def test_what_is_no_query_of_cards_is_not_counted_as_one() -> None:
    """A flow start counts no attributes."""
    assert not sent("POST", "/action-flow/a-flow/start?userId=a").queries


def test_no_answer_has_no_latency() -> None:
    """A request without a response is counted, but not timed."""
    traffic = sent("GET", "/cards", status=None)
    assert dict(traffic.answers) == {("GET /cards", ""): 1}
    assert not traffic.times


@settings(deadline=None)
@given(st.floats(1e-6, 1e4))
def test_a_bucket_is_about_as_long_as_its_latencies(seconds: float) -> None:
    """The middle of a bucket is within 6 % of every latency in it."""
    ((_, bucket),) = sent("GET", "/cards", elapsed=seconds).times
    assert milliseconds(bucket) == pytest.approx(seconds * 1_000, rel=0.061)


def test_counts_add_up_and_travel() -> None:
    """Counts survive serialization, and those of several processes are added."""
    total = Traffic()
    for _ in range(3):
        total.add(Traffic.from_json(sent("GET", "/cards?userId=a").to_json()))
    total.add(sent("GET", "/cards?userId=b", elapsed=-1.0))
    assert dict(total.queries) == {("userId", "any"): 4}
    assert dict(total.answers) == {("GET /cards", "200"): 4}
    assert sum(total.times.values()) == 4
