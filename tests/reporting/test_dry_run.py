"""A dry run prints what a run would do, at once, and sends nothing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from pytest_atomic_cards.plugin.cli import main

if TYPE_CHECKING:
    from live_sandbox import LiveSandbox, Serve


@pytest.fixture
def live(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> LiveSandbox:
    """A served sandbox that the environment names as the live target."""
    served = serve()
    served.be_the_target(monkeypatch)
    return served


@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_dry_run_prints_the_footprint(
    live: LiveSandbox, capfd: pytest.CaptureFixture[str], workers: str
) -> None:
    """The plan names target, flow, starts, cards and requests; nothing is sent or run."""
    chosen = ["--cards-only", "MULTI-01,QUERY-06", "--cards-max-rate", "2"]
    assert main(["check", "--cards-dry-run", *chosen, "-n", workers]) == 0
    output = capfd.readouterr().out
    assert re.search(r"target: live http://127.* environment sandbox, flow sandbox-flow", output)
    starts = re.search(r"(\d+) starts of flow sandbox-flow\n +(\d+) cards, .* generated", output)
    assert starts
    assert 0 < int(starts[1]) <= int(starts[2])
    assert re.search(r"[1-9]\d* requests; actions only on those cards", output)
    assert re.search(r"takes \d+ s at 2 requests a second", output)
    assert "too few cards for a cancel of 1000" in output
    assert "verdict" not in output
    assert not live.log


def test_a_dry_run_of_a_budget_names_what_does_not_fit(
    live: LiveSandbox, capfd: pytest.CaptureFixture[str]
) -> None:
    """With a budget, the dry run counts the contracts that are left out."""
    assert main(["check", "--cards-dry-run", "--cards-max-cards", "100"]) == 0
    output = capfd.readouterr().out
    cards = re.search(r"(\d+) cards, ", output)
    assert cards
    assert int(cards[1]) <= 100
    assert re.search(r"\d+ test functions do not fit the budget", output)
    assert not live.log


def test_tests_of_a_user_are_skipped(live: LiveSandbox, pytester: pytest.Pytester) -> None:
    """A test that needs the target does not run, as nobody knows what else it would send."""
    pytester.makepyfile(
        """
        def test_with_cards(cards):
            raise AssertionError

        def test_without():
            pass
        """
    )
    result = pytester.runpytest_inprocess("--cards-dry-run", "-rs")
    result.assert_outcomes(passed=1, skipped=1)
    result.stdout.fnmatch_lines(["*dry run: would go against live http://127.*"])
    assert not live.log
