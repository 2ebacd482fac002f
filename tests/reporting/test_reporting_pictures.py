"""The pictures and tables of the page: heat map, latencies, lifecycle."""

from __future__ import annotations

import pytest
from page_outline import Outline
from report_values import report_of_run

from pytest_atomic_cards.reporting.heat_map import COMBINATIONS, heat_map
from pytest_atomic_cards.reporting.html_report import page
from pytest_atomic_cards.reporting.latency_plot import latencies, latency_plot
from pytest_atomic_cards.rules.verdicts import Verdict

VIOLATED, NOT_EXERCISED = Verdict.VIOLATED, Verdict.NOT_EXERCISED


def test_the_heat_map_counts_every_combination() -> None:
    """All 64 combinations have a row, those that were asked for are warm, and more is warmer."""
    counted = [
        {"attributes": ["userId"], "status": "active", "count": 9},
        {"attributes": ["userId"], "status": "any", "count": 1},
        {"attributes": ["eventName", "userId"], "status": "other", "count": 1000},
    ]
    found = heat_map(counted)
    assert len(found.rows) == len(COMBINATIONS) == 64
    assert found.tried == 2
    cells = dict(zip(found.columns, found.rows["userId",], strict=True))
    assert (cells["any"].heat, cells["active"].heat, cells["expired"].heat) == (1, 1, 0)
    assert found.rows["eventName", "userId"][-1].heat == 4


def test_latencies_are_quantiles_of_the_counts() -> None:
    """The shown times cover half, 95 %, 99 % and all of the requests of an endpoint."""
    traffic = {
        "answers": [{"endpoint": "GET /cards", "status": 200, "count": 100}],
        "latencies": [
            {"endpoint": "GET /cards", "milliseconds": 100.0, "count": 1},
            {"endpoint": "GET /cards", "milliseconds": 1.0, "count": 50},
            {"endpoint": "GET /cards", "milliseconds": 10.0, "count": 49},
        ],
    }
    (found,) = latencies(traffic)
    assert found.quantiles == (1.0, 10.0, 10.0, 100.0)
    assert (found.requests, found.answers) == (100, {200: 100})
    assert latency_plot([]) == ""
    both = [*traffic["latencies"], {"endpoint": "other", "milliseconds": 3.0, "count": 1}]
    assert "GET /cards" in latency_plot(both)


@pytest.mark.parametrize(
    ("verdicts", "marks"),
    [
        ({}, {"held": 15}),
        ({"STATE-01": VIOLATED}, {"held": 14, "violated": 1}),
        (
            {"STATE-09": VIOLATED, "TIME-01": NOT_EXERCISED},
            {"held": 13, "violated": 1, "not-exercised": 1},
        ),
    ],
)
def test_each_transition_has_the_colour_of_its_verdict(
    verdicts: dict[str, Verdict], marks: dict[str, int]
) -> None:
    """Seven actions, three timed exits and five states that stay: each is drawn by its verdict."""
    report = report_of_run()
    for step in report["transitions"]:
        step["verdict"] = verdicts.get(step["requirement"], Verdict.HELD).value
    outline = Outline(page(report))
    drawn = [
        one["class"]
        for one in outline.named("g")
        if one.get("class") in {"held", "violated", "not-exercised"}
    ]
    assert {name: drawn.count(name) for name in set(drawn)} == marks
