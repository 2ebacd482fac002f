"""The rules in ``st run``: with one setting, with and without a fault, without side effects."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from pytest_atomic_cards.model.lifecycle import Status
from pytest_atomic_cards.suite.generation.schema_document import DOCUMENT

if TYPE_CHECKING:
    from live_sandbox import LiveSandbox, Serve

HOOKS: Final = {"SCHEMATHESIS_HOOKS": "pytest_atomic_cards.suite.schemathesis_hooks"}
REPEATABLE: Final = ("--seed", "1", "--generation-database", "none")
FEW: Final = ("--phases", "examples,coverage")
FEWEST: Final = ("--phases", "examples")


@dataclass(frozen=True)
class Run:
    """One run of ``st run``: its exit code, its output, and its report."""

    code: int
    output: str
    report: dict[str, Any]

    @property
    def failures(self) -> set[str]:
        """The titles of the failures."""
        return {failure["title"] for failure in self.report["failures"]}


StRun = Callable[..., Run]


@pytest.fixture
def st_run(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> StRun:
    """Runs the ``st`` command on openapi.yaml with our hooks.

    All runs share a directory for what Hypothesis learns of Unicode, which takes it a second.
    """
    learned = {"HYPOTHESIS_STORAGE_DIRECTORY": str(tmp_path_factory.getbasetemp() / "hypothesis")}

    def run(url: str, *arguments: str, **environment: str) -> Run:
        report = tmp_path / "report.json"
        script = "import sys, schemathesis.cli as cli; sys.exit(cli.schemathesis())"
        command = [sys.executable, "-c", script, "run", DOCUMENT, "--url", url]
        done = subprocess.run(  # noqa: S603 - our own command
            [*command, *REPEATABLE, "--report-json-path", str(report), *arguments],
            check=False,
            capture_output=True,
            text=True,
            timeout=300,
            cwd=tmp_path,
            env={**os.environ, **HOOKS, **learned, **environment},
        )
        return Run(done.returncode, done.stdout + done.stderr, json.loads(report.read_text()))

    return run


def seeded(live: LiveSandbox) -> LiveSandbox:
    """A sandbox with cards that match the examples of the document, and others."""
    examples = {"user_id": "123", "lifecycle_id": "1234", "card_template_id": "abc"}
    live.environment.seed([examples, *({"user_id": f"user-{n % 5}"} for n in range(129))])
    return live


CHOICES: Final = {
    "default": {},
    "other": {
        "zero_match_listing": "404",
        "zero_match_action": "404",
        "wrong_state": "counted",
        "bad_number": "ignored",
        "non_object_payload": "accepted",
        "repeated_attribute": "any",
        "empty_attribute": "absent",
        "attribute_case": "insensitive",
        "multiple_spelling": "truthy",
        "action_word": "past",
        "order": "shuffled-page",
        "summary_total": "matched",
        "other_action_limits": "none",
        "no_token": "403",
        "bad_token": "403",
        "error_body": "empty",
        "extra_fields": "some",
        "wrong_method": "404",
        "trailing_slash": "served",
    },
}


@pytest.mark.parametrize("choices", CHOICES)
def test_a_sandbox_without_a_fault_has_no_issues(choices: str, st_run: StRun, serve: Serve):
    """No check fails, whatever legal choices the target makes."""
    live = seeded(serve(**CHOICES[choices]))
    run = st_run(live.environ["ATOMIC_CARDS_API_URL"], "-n", "2", **live.environ)
    assert run.code == 0, run.output
    assert run.report["test_cases"]["generated"] > 100
    assert run.report["warnings"]["missing_auth"] == []
    assert len(live.open_cards) < 130  # actions did reach cards


@pytest.mark.parametrize(
    ("fault", "method", "check"),
    [
        ("list-ignores-userId", "GET", "cards_match_query"),
        ("default-page-unlimited", "GET", "cards_within_limit"),
        ("summary-total-zero", "PUT", "cards_summary_adds_up"),
    ],
)
def test_a_fault_fails_the_check_that_is_about_it(
    fault: str, method: str, check: str, st_run: StRun, serve: Serve
):
    """With one setting ``st run`` reports wrong behaviour with the name of our check."""
    live = seeded(serve(faults=[fault]))
    narrowed = ("--include-method", method, "--checks", check)
    run = st_run(live.environ["ATOMIC_CARDS_API_URL"], *FEW, *narrowed, **live.environ)
    assert run.code == 1, run.output
    assert run.failures == {f"Custom check failed: `{check}`"}


def test_actions_are_pinned(st_run: StRun, serve: Serve):
    """If the environment variable has an invocation, every action is pinned to its cards."""
    live = seeded(serve())
    own = live.environment.seed([{"flow_invocation_id": "own"}] * 5)
    others = {card.card_instance_id for card in live.open_cards} - {
        card.card_instance_id for card in own
    }
    run = st_run(
        live.environ["ATOMIC_CARDS_API_URL"],
        "-n",
        "4",
        ATOMIC_FLOW_INVOCATION_ID="own",
        **live.environ,
    )
    assert run.code == 0, run.output
    assert live.count("PUT") > 50
    assert others <= {card.card_instance_id for card in live.open_cards}
    assert {live.environment.card(card.card_instance_id).status for card in own} != {Status.ACTIVE}


@pytest.mark.parametrize(
    ("method", "environment"), [("PUT", {}), ("POST", {"ATOMIC_FLOW_INVOCATION_ID": "own"})]
)
def test_what_cannot_be_pinned_is_not_sent_elsewhere(
    method: str, environment: dict[str, str], st_run: StRun
):
    """No action without an invocation, and no start of a flow, is sent to another machine."""
    run = st_run("http://cards.invalid", *FEWEST, "--include-method", method, **environment)
    assert run.code == 1
    assert f"refused to send {method}" in run.output
    assert "ATOMIC_FLOW_INVOCATION_ID" in run.output
    assert "--exclude-method POST" in run.output
    assert run.report["failures"] == []
