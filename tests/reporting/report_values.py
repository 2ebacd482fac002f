"""Values of report.json for tests, made as a run makes them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from pytest_atomic_cards.model.exchange import Exchange
from pytest_atomic_cards.model.settings import Settings
from pytest_atomic_cards.reporting.deviations import Deviation, Deviations
from pytest_atomic_cards.reporting.json_report import document
from pytest_atomic_cards.reporting.outcome import Outcome, RunResults, sum_up
from pytest_atomic_cards.rules.finding import Finding
from pytest_atomic_cards.rules.requirements import catalogue
from pytest_atomic_cards.rules.verdicts import Verdict
from pytest_atomic_cards.suite.planning.traffic_stats import Traffic
from pytest_atomic_cards.suite.profiling.observation import Observation


def exchange(
    body: bytes = b'{"data": []}',
    url: str = "http://cards.test/v1/e/cards?userId=a%20b",
    *,
    method: str = "GET",
    status: int | None = 200,
    elapsed: float = 0.02,
) -> Exchange:
    """A request and its response."""
    return Exchange(
        method,
        url,
        datetime(2030, 1, 2, tzinfo=UTC),
        elapsed,
        request_headers={"Authorization": "Bearer token-of-the-test", "User-Agent": "a-client"},
        status=status,
        response_body=body,
    )


def outcome_of(
    verdicts: dict[str, Verdict] | None = None,
    *,
    observations: tuple[Observation, ...] = (),
    troubles: tuple[str, ...] = (),
    known: tuple[str, ...] = (),
    text: str = "some text",
    shown: Exchange | None = None,
) -> Outcome:
    """A run in which everything held but for some requirements.

    Args:
        verdicts: The verdicts of those.
        observations: What was seen of the open questions.
        troubles: What went wrong around the contracts.
        known: Requirements whose violation is known.
        text: What came instead, and the reason of every verdict.
        shown: The exchange that shows it.
    """
    findings = []
    for name in catalogue().requirements:
        verdict = (verdicts or {}).get(name, Verdict.HELD)
        told = (text, f"expected {text}", text) if verdict is Verdict.VIOLATED else (text, "", "")
        exchanges = () if verdict is Verdict.HELD else ((shown or exchange()).as_dict(),)
        findings.append(Finding(f"test_of[{text}]", name, verdict, *told, exchanges))
    traffic = Traffic()
    for number in range(1, 40):
        traffic.observe(exchange(elapsed=number / 1_000))
    traffic.observe(exchange(url="http://cards.test/v1/e/cards/cancel", method="PUT"))
    entries = {name: Deviation(name, text, date(2999, 1, 1), "https://t.test/1") for name in known}
    return sum_up(
        RunResults(findings, list(observations), list(troubles), traffic),
        Settings(),
        Deviations("cards-target.toml", entries, date(2030, 1, 1)),
        whole=True,
    )


def report_of_run(verdicts: dict[str, Verdict] | None = None, **how: Any) -> dict[str, Any]:  # noqa: ANN401
    """The values of report.json of such a run."""
    return document(outcome_of(verdicts, **how))
