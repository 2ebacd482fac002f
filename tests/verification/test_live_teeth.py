"""A check of a live target finds narrow faults, and is not confused by what it may choose."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_atomic_cards.plugin.cli import main
from pytest_atomic_cards.suite.experiments.time_experiment import let_time_pass
from pytest_atomic_cards.suite.probing.probe import Probe

if TYPE_CHECKING:
    from live_sandbox import LiveSandbox, Serve

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
    verdicts = checked(serve(faults=[fault]), requirement, monkeypatch, tmp_path)
    assert verdicts == {requirement: "violated"}


@pytest.mark.parametrize("requirement", ["QUERY-10", "QUERY-14"])
def test_an_environment_that_begins_alike_is_another(
    serve: Serve, requirement: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A target that compares the beginnings of environment ids is found."""
    live = serve()
    live.sandbox.forgiving = live.environment.environment_id
    assert checked(live, requirement, monkeypatch, tmp_path) == {requirement: "violated"}


@pytest.mark.parametrize(
    ("faults", "least", "most"),
    [((), 0.0, 1.0), (("expiry-counts-from-publication",), 2.0, 4.0)],
    ids=["right", "wrong"],
)
def test_an_expiry_after_an_embargo_is_measured_at_once(
    serve: Serve, faults: tuple[str, ...], least: float, most: float
) -> None:
    """The difference is known before any contract looks, by when both cards have expired."""
    cards = serve(faults=faults).open_world()
    cards.seeder.calibrate()
    timed = let_time_pass(Probe(cards))
    cards.clean_up()
    assert timed.postponed is not None
    assert least <= timed.postponed < most


def test_a_target_that_lists_no_closed_cards_is_not_inconclusive(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Actions on closed cards are not exercised if nothing shows that these are ours."""
    live = serve(closed_cards_listed="no", cancelled_cards_listed="no")
    assert checked(live, "SCHEMA-05", monkeypatch, tmp_path) == {"SCHEMA-05": "held"}


def checked(
    live: LiveSandbox, requirements: str, monkeypatch: pytest.MonkeyPatch, folder: Path
) -> dict[str, str]:
    """What a check of some requirements shows as violated; if nothing, their verdicts."""
    live.be_the_target(monkeypatch)
    arguments = ["--cards-only", requirements, "--cards-report", str(folder)]
    code = main(["check", *arguments])
    rules = json.loads((folder / "report.json").read_text("utf-8"))["rules"]
    verdicts = {one["id"]: one["verdict"] for one in rules}
    broken = {rule: word for rule, word in verdicts.items() if word == "violated"}
    assert code == bool(broken)
    return broken or {rule: verdicts[rule] for rule in requirements.split(",")}
