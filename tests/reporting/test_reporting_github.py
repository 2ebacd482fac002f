"""GitHub Actions: annotations that cannot be forged, and a summary in which nothing has meaning."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from report_values import exchange, outcome_of

from pytest_atomic_cards.reporting.github import (
    append_summary,
    is_github,
    job_summary,
    md,
    workflow_commands,
)
from pytest_atomic_cards.rules.verdicts import Verdict
from pytest_atomic_cards.suite.profiling.observation import Observation
from pytest_atomic_cards.support.printable import printable

if TYPE_CHECKING:
    from pathlib import Path

    from contract_runs import RunContracts

COMMAND = re.compile(r"::(error|warning|notice) title=([^:,\r\n]*)::([^\r\n]*)")
VIOLATED = Verdict.VIOLATED
DRIFT = Observation("order", Verdict.DRIFTED, "oldest-first", "by-id", fails=True)
SOURCE = """
    @requirement("PAGE-04")
    def test_is_violated():
        raise Violation("37 cards", "38 came", [EXCHANGE])
"""


def test_what_differs_is_annotated() -> None:
    """Errors for what fails the run, a warning for what does not, a notice for what is known."""
    outcome = outcome_of(
        dict.fromkeys(("PAGE-04", "PAGE-05", "RESULT-05"), VIOLATED),
        observations=(DRIFT,),
        troubles=("a worker died",),
        known=("PAGE-05",),
    )
    found = [COMMAND.fullmatch(line) for line in workflow_commands(outcome)]
    assert [(one[1], one[2]) for one in found if one] == [
        ("error", "PAGE-04"),
        ("error", "order"),
        ("error", "atomic-cards"),
        ("warning", "RESULT-05"),
        ("notice", "PAGE-05"),
    ]
    assert found[0]
    assert found[0][3] == (
        "offset counts cards: offset=100 returns the second set of 100. "
        "Expected: expected some text; actual: some text"
    )
    assert not list(workflow_commands(outcome_of()))


TEXT = st.text(st.one_of(st.sampled_from("\r\n%:,|`*_[]<>&#:\u2028\x85"), st.characters()))


@settings(max_examples=100, deadline=None)
@given(TEXT)
@example("\n::set-output name=x::y")
@example("100%25\r\n")
def test_no_command_can_be_forged(text: str) -> None:
    """Whatever comes from a target, each annotation is one printable line."""
    outcome = outcome_of({"PAGE-04": VIOLATED}, text=text, troubles=(text or "x",))
    finding, trouble = " ".join(printable(text).split()), printable(" ".join(text.split()))
    for line, shown in zip(workflow_commands(outcome), (finding, trouble), strict=True):
        found = COMMAND.fullmatch(line)
        assert found
        assert line.isprintable()
        assert not re.search(r"%(?!25)", found[3])
        assert shown[:400] in found[3].replace("%25", "%")


@settings(max_examples=100, deadline=None)
@given(TEXT)
@example("| a | b |\n|---|---|")
@example("# heading `code` <b>bold</b> [link](http://x) ~~~")
def test_nothing_has_a_meaning_in_the_summary(text: str) -> None:
    """Text of a target adds no row, no heading, no markup and no line to the summary."""
    outcome = outcome_of({"PAGE-04": VIOLATED, "RESULT-05": VIOLATED}, text=text)
    lines = job_summary(outcome).split("\n")
    assert len(lines) == len(
        job_summary(outcome_of({"PAGE-04": VIOLATED, "RESULT-05": VIOLATED})).split("\n")
    )
    assert not re.search(r"[|`*_\[\]<>~\\\r\n]|#(?!\d+;)|&(?!#\d+;)", md(text))


def test_the_summary_describes_the_run() -> None:
    """The summary has the verdict, a line an area, what differs, and a command to try."""
    outcome = outcome_of(
        {"PAGE-04": VIOLATED, "PAGE-05": VIOLATED},
        observations=(DRIFT,),
        known=("PAGE-05",),
        shown=exchange(url="http://cards.test/v1/e/cards?a=<b>"),
    )
    text = job_summary(outcome)
    assert text.startswith("## Atomic Cards API contract: violated\n")
    assert "| Pagination | 8 of 10 | ✓✓✓✗✗✓✓✓✓✓ |" in text
    assert "### ✗ PAGE-04 violated\n" in text
    assert "| order | by-id | oldest-first |" in text
    assert "- PAGE-05 is violated, which is known: some text" in text
    assert "?a=&lt;b&gt;&#x27;" in text
    assert "$ATOMIC_TOKEN" in text


def test_summaries_are_appended(tmp_path: Path) -> None:
    """Several runs of one job add to its summary; an unwritable file is reported."""
    place = tmp_path / "summary.md"
    environ = {"GITHUB_STEP_SUMMARY": str(place)}
    assert append_summary(outcome_of(), environ) == ""
    assert append_summary(outcome_of(), environ) == ""
    assert place.read_text("utf-8").count("## Atomic Cards API contract: conformant") == 2
    assert append_summary(outcome_of(), {}) == ""
    said = append_summary(outcome_of(), {"GITHUB_STEP_SUMMARY": str(tmp_path)})
    assert "cannot be written to GITHUB_STEP_SUMMARY" in said


@pytest.mark.parametrize(
    ("environ", "expected"),
    [({}, False), ({"GITHUB_ACTIONS": "true"}, True), ({"GITHUB_ACTIONS": ""}, False)],
)
def test_github_is_recognised(environ: dict[str, str], expected: bool) -> None:  # noqa: FBT001
    """A run is a step of a job if GitHub Actions says so."""
    assert is_github(environ) == expected


@pytest.mark.parametrize("arguments", [(), ("-n", "1"), ("-q",), ("-p", "no:terminal")])
def test_a_run_on_github_is_annotated(
    arguments: tuple[str, ...],
    run_contracts: RunContracts,
    pytester: pytest.Pytester,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """In a job each line of the output that begins a command is ours; elsewhere there is none."""
    run_contracts(SOURCE, *arguments)
    assert "::error" not in capfd.readouterr().out
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(pytester.path / "summary.md"))
    run_contracts(SOURCE, *arguments)
    out = capfd.readouterr().out
    commands = [line for line in out.splitlines() if line.startswith("::")]
    assert len(commands) == 1
    assert commands[0].startswith("::error title=PAGE-04::")
    assert "### ✗ PAGE-04 violated" in (pytester.path / "summary.md").read_text("utf-8")
