"""What a live run takes is planned, kept within the budget, and reported."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_atomic_cards.plugin.cli import main
from pytest_atomic_cards.suite.planning.plan import SPENT, PlanHooks

if TYPE_CHECKING:
    from live_sandbox import Serve


@pytest.mark.usefixtures("time_flies")
def test_a_budget_is_kept_and_reported(
    serve: Serve,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Contracts beyond the budget are not exercised, with reason and price; the rest is counted."""
    live = serve()
    live.be_the_target(monkeypatch)
    report = ["--cards-report", str(tmp_path)]
    assert (
        main(["check", "--cards-only", "PAGE-01,QUERY-13", "--cards-max-cards", "50", *report]) == 0
    )
    output = capfd.readouterr().out
    assert output.index("atomic-cards: planned are ") < output.index("verdict")
    document = json.loads((tmp_path / "report.json").read_text("utf-8"))
    (page,) = (rule for rule in document["rules"] if rule["id"] == "PAGE-01")
    assert page["verdict"] == "not exercised"
    assert "--cards-max-cards 50 allows 50 cards; it needs 1," in page["reason"]
    (query,) = (rule for rule in document["rules"] if rule["id"] == "QUERY-13")
    assert query["verdict"] == "held"
    planned, actual = document["footprint"]["planned"], document["footprint"]["actual"]
    assert actual["cards"] == len(live.environment.cards()) == planned["cards"] <= 50
    assert actual["starts"] == live.count("POST /v1") == planned["starts"]
    assert 0 < actual["requests"] <= len(live.log)
    assert document["run"]["leaves_out"]


def test_a_run_that_spends_its_requests_on_nothing_fails(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """If waits take all requests before a contract is decided, the run is inconclusive."""
    reason = f"--cards-effort quick {SPENT}: 300 requests were sent"
    monkeypatch.setattr(PlanHooks, "_spent", lambda *_: reason)
    assert main(["check", "--cards-only", "QUERY-13"]) == 1
    output = capfd.readouterr().out
    assert f"no contract was decided, as {reason}" in output
    assert "verdict: inconclusive" in output
