"""What the suite finds, and at what cost, beside Schemathesis alone on the same openapi.yaml."""

# ruff: noqa: T201 - the numbers are printed for a person

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from pytest_atomic_cards.client.tokens import ClientCredentials
from pytest_atomic_cards.suite.generation.schema_document import DOCUMENT

if TYPE_CHECKING:
    from live_sandbox import LiveSandbox, Serve

pytestmark = pytest.mark.benchmark

FAULTS: Final = (
    "list-ignores-userId",
    "act-ignores-lifecycleId",
    "escaped-plus-is-space",
    "offset-one-more",
    "default-page-99",
    "multiple-not-needed",
    "dismiss-completed",
    "cancel-default-499",
    "summary-total-zero",
    "card-lacks-status",
    "token-not-checked",
    "quote-gives-500",
)
EXAMPLES: Final = {"user_id": "123", "lifecycle_id": "1234", "card_template_id": "abc"}
CARDS: Final = 150


@dataclass(frozen=True)
class Score:
    """One run: what it reported, how long it took, and how many requests it sent."""

    reported: frozenset[str]
    seconds: float
    requests: int


Contestant = Callable[["LiveSandbox", Path], frozenset[str]]


def schemathesis_alone(live: LiveSandbox, directory: Path) -> frozenset[str]:
    """``st run`` as it comes, with a token and an environment that has cards."""
    settings = live.settings()
    token = ClientCredentials(
        token_url=settings.token_url or "",
        client_id=settings.client_id or "",
        client_secret=settings.client_secret or "",
    ).token()
    directory.joinpath("schemathesis.toml").write_text(
        f'[auth.openapi.token]\nbearer = "{token}"\n'
        f'[parameters]\nenvironmentId = "{settings.environment_id}"\n'
    )
    return st_run(live, directory)


def schemathesis_with_our_rules(live: LiveSandbox, directory: Path) -> frozenset[str]:
    """``st run`` with the hooks of this package."""
    hooks = {"SCHEMATHESIS_HOOKS": "pytest_atomic_cards.suite.schemathesis_hooks"}
    return st_run(live, directory, **hooks, **live.environ)


def st_run(live: LiveSandbox, directory: Path, **environment: str) -> frozenset[str]:
    """What ``st run`` reports with its own defaults."""
    url = live.environ["ATOMIC_CARDS_API_URL"]
    report = directory / "report.json"
    script = "import sys, schemathesis.cli as cli; sys.exit(cli.schemathesis())"
    run(
        [script, "run", DOCUMENT, "--url", url, "--seed", "1", "--report-json-path", str(report)],
        directory,
        **environment,
    )
    failures = json.loads(report.read_text())["failures"]
    return frozenset(
        f"{failure['title']} ({operation})"
        for failure in failures
        for operation in failure["operations"] or [""]
    )


def suite(live: LiveSandbox, directory: Path) -> frozenset[str]:
    """The whole contract suite at the effort that is meant for every change."""
    script = "import sys, pytest_atomic_cards.plugin.cli as cli; sys.exit(cli.main())"
    options = ["--cards-effort", "quick", "--cards-report", str(directory)]
    run([script, "check", *options], directory, **live.environ)
    rules = json.loads(directory.joinpath("report.json").read_text())["rules"]
    return frozenset(rule["id"] for rule in rules if rule["verdict"] == "violated")


def run(arguments: list[str], directory: Path, **environment: str) -> None:
    """Run a script of Python in a process of its own; whatever its exit code."""
    subprocess.run(  # noqa: S603 - our own commands
        [sys.executable, "-c", *arguments],
        check=False,
        capture_output=True,
        timeout=900,
        cwd=directory,
        env={**os.environ, **environment},
    )


CONTESTANTS: Final[dict[str, Contestant]] = {
    "st run": schemathesis_alone,
    "st run + rules": schemathesis_with_our_rules,
    "suite": suite,
}


def score(contestant: Contestant, live: LiveSandbox, directory: Path) -> Score:
    """One run of a contestant on a sandbox that has cards."""
    directory.mkdir()
    live.environment.seed([EXAMPLES, *({"user_id": f"user-{n % 7}"} for n in range(CARDS - 1))])
    start = time.perf_counter()
    reported = contestant(live, directory)
    return Score(reported, time.perf_counter() - start, len(live.log))


def test_the_suite_finds_what_schemathesis_alone_does_not(serve: Serve, tmp_path: Path):
    """The suite finds every one of the faults, and our rules make ``st run`` find more of them.

    What is reported without any fault does not count as finding one; of the suite and of our rules
    nothing is.
    """
    scores = {
        (name, fault): score(
            contestant, serve(faults=[fault] if fault else []), tmp_path / f"{name}-{fault}"
        )
        for fault in ("", *FAULTS)
        for name, contestant in CONTESTANTS.items()
    }
    found = {
        name: [fault for fault in FAULTS if scores[name, fault].reported - alarms.reported]
        for name in CONTESTANTS
        for alarms in (scores[name, ""],)
    }
    print(f"\n{'':26}" + "".join(f"{name:>28}" for name in CONTESTANTS))
    for fault in ("", *FAULTS):
        cells = [
            (
                f"{len(scores[name, fault].reported)} alarms"
                if not fault
                else "found"
                if fault in found[name]
                else "-",
                scores[name, fault],
            )
            for name in CONTESTANTS
        ]
        print(
            f"{fault or 'no fault':26}"
            + "".join(f"{word:>11} {one.seconds:5.0f} s {one.requests:6} r" for word, one in cells)
        )
    for name in CONTESTANTS:
        runs = [scores[name, fault] for fault in FAULTS]
        print(
            f"{name:16} found {len(found[name])} of {len(FAULTS)}, "
            f"{sum(one.seconds for one in runs) / len(runs):.0f} s and "
            f"{sum(one.requests for one in runs) / len(runs):.0f} requests a run"
        )
    assert found["suite"] == list(FAULTS)
    assert len(found["st run"]) < len(found["st run + rules"]) < len(found["suite"])
    assert not scores["st run + rules", ""].reported
    assert not scores["suite", ""].reported
