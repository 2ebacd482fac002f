"""A check of a live target finds narrow faults, and is not confused by what it may choose."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_atomic_cards.plugin.cli import main

if TYPE_CHECKING:
    from live_sandbox import Serve

pytestmark = (
    pytest.mark.nightly
)  # each test seeds what the contracts need, more than a thousand cards


@pytest.mark.parametrize(
    ("fault", "requirement"),
    [
        ("default-page-50@by=none", "PAGE-01"),
        ("default-page-50@by=cardTemplateId", "PAGE-01"),
        ("default-page-50@by=flowInvocationId+status", "PAGE-01"),
        ("limit-one-more@by=none", "PAGE-02"),
        ("limit-one-more@by=cardTemplateId", "PAGE-02"),
        ("limit-one-more@by=cardTemplateId+status", "PAGE-02"),
    ],
)
def test_a_narrow_fault_is_found(
    serve: Serve, fault: str, requirement: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The contracts of the requirement alone fail the run."""
    for name, value in serve(faults=[fault]).environ.items():
        monkeypatch.setenv(name, value)
    arguments = ["--cards-only", requirement, "--cards-report", str(tmp_path)]
    assert main(["check", *arguments]) == 1
    rules = json.loads((tmp_path / "report.json").read_text("utf-8"))["rules"]
    assert [one["id"] for one in rules if one["verdict"] == "violated"] == [requirement]


def test_a_target_that_lists_no_closed_cards_is_not_inconclusive(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Actions on closed cards are not exercised if nothing shows that these are ours."""
    live = serve(closed_cards_listed="no", cancelled_cards_listed="no")
    for name, value in live.environ.items():
        monkeypatch.setenv(name, value)
    arguments = ["--cards-only", "SCHEMA-05", "--cards-report", str(tmp_path)]
    assert main(["check", *arguments]) == 0
    rules = json.loads((tmp_path / "report.json").read_text("utf-8"))["rules"]
    (rule,) = (one for one in rules if one["id"] == "SCHEMA-05")
    assert rule["verdict"] == "held"
