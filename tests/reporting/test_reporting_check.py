"""The command ``atomic-cards check``: what it prints, writes and returns."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest

from pytest_atomic_cards.model.lifecycle import Level
from pytest_atomic_cards.plugin.cli import main
from pytest_atomic_cards.rules.requirements import catalogue

if TYPE_CHECKING:
    from live_sandbox import Serve

COMMAND = Path(sys.executable).with_name("atomic-cards")
NO_EXPERIMENTS = ("-k", "not experiments")
"""Leaves out most requests of a requirement, where its other contracts will do."""


def check(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a directory."""
    return subprocess.run(  # noqa: S603 - our own command
        [COMMAND, "check", "-p", "no:schemathesis", *arguments],
        cwd=directory,
        capture_output=True,
        text=True,
        check=False,
    )


def report_of(directory: Path) -> dict[str, Any]:
    """The report.json that a run wrote there."""
    document: dict[str, Any] = json.loads((directory / "report.json").read_text("utf-8"))
    return document


def test_the_sandbox_conforms(tmp_path: Path) -> None:
    """On the embedded sandbox the suite holds, leaves no requirement out, and exits with 0."""
    effort = ("--cards-effort", "quick", "--cards-strict")
    result = check(tmp_path, *effort, "--cards-report", str(tmp_path))
    assert result.returncode == 0, result.stdout
    assert "verdict: conformant\n" in result.stdout
    report = report_of(tmp_path)
    assert report["conclusion"] == "conformant"
    assert [rule["id"] for rule in report["rules"]] == list(catalogue().requirements)
    assert {rule["verdict"] for rule in report["rules"]} == {"held"}
    assert all(rule["contracts"] for rule in report["rules"])
    cases = list(ET.parse(tmp_path / "junit.xml").iter("testcase"))  # noqa: S314 - our own file
    assert len(cases) >= sum(rule["contracts"] for rule in report["rules"])


@pytest.mark.parametrize(
    ("fault", "requirement", "strict", "end"),
    [
        ("multiple-refused-with-409", "MULTI-01", [], (1, "violated")),
        ("summary-updated-one-more", "RESULT-05", [], (0, "partial")),
        ("summary-updated-one-more", "RESULT-05", ["--cards-strict"], (1, "violated")),
    ],
)
def test_a_faulty_sandbox_is_found_out(
    fault: str,
    requirement: str,
    strict: list[str],
    end: tuple[int, str],
    tmp_path: Path,
) -> None:
    """A violation is reported in full, and fails the run if it is documented or the run strict."""
    code, conclusion = end
    result = check(
        tmp_path,
        *("--cards-fault", fault, "--cards-only", requirement, "--cards-report", "out"),
        *(*NO_EXPERIMENTS, *strict),
    )
    rule = catalogue()[requirement]
    assert (rule.level is Level.INFERRED) == (requirement == "RESULT-05")
    assert result.returncode == code, result.stdout
    for part in (
        f"{requirement} ({rule.level}) violated\n  {rule.statement}\n  source:    {rule.cited}\n",
        "\n  expected: ",
        "\n  actual:    ",
        "\n  reproduce: curl ",
        "\n  where:     sandbox.invalid is inside this run: 'atomic-cards sandbox' ",
        "Authorization: Bearer $ATOMIC_TOKEN",
        f"\nverdict: {conclusion} (",
    ):
        assert part in result.stdout
    report = report_of(tmp_path / "out")
    (found,) = [entry for entry in report["rules"] if entry["id"] == requirement]
    assert (found["verdict"], report["conclusion"]) == ("violated", conclusion)
    assert found["exchanges"][0]["curl"] in result.stdout


def test_workers_make_one_report(tmp_path: Path) -> None:
    """Two workers bring one report, with the requests of both and the verdicts of all contracts."""
    arguments = ("--cards-only", "MULTI-01,STATE-01,STATE-07,TIME-02", "--cards-report", "out")
    assert check(tmp_path, *arguments, "--cards-effort", "quick", "-n", "2").returncode == 0
    report = report_of(tmp_path / "out")
    rules = {rule["id"]: rule for rule in report["rules"]}
    assert {name: rules[name]["contracts"] for name in ("MULTI-01", "STATE-07")} == {
        "MULTI-01": 2,
        "STATE-07": 3,
    }
    tried = {
        (one["before"], one["by"]) for one in report["transitions"] if one["verdict"] == "held"
    }
    assert tried == {
        ("active", "dismiss"),
        ("active", "card expires"),
        *(("dismissed", action) for action in ("dismiss", "complete", "cancel")),
    }
    counts = {
        (one["endpoint"], one["status"]): one["count"] for one in report["traffic"]["answers"]
    }
    assert counts["PUT /cards/cancel", 400] >= 1
    assert counts["PUT /cards/dismiss", 200] >= 2
    assert counts["GET /cards", 200] > 10
    assert (tmp_path / "out" / "report.html").read_text("utf-8").count("<!doctype html>") == 1


def test_known_deviations_are_read_where_the_command_is_run(tmp_path: Path) -> None:
    """The pyproject.toml of the directory that the command is run in names known deviations."""
    (tmp_path / "pyproject.toml").write_text(
        "[[tool.atomic-cards.deviations]]\n"
        'requirement = "AUTH-07"\nreason = "keeps them"\nexpires = 2999-12-31\n'
    )
    only = ("--cards-only", "AUTH-07")
    result = check(tmp_path, *only, "--cards-fault", "deleted-credential-accepted")
    assert result.returncode == 0, result.stdout
    assert "violated, but known: AUTH-07, keeps them (until 2999-12-31)\n" in result.stdout
    result = check(tmp_path, *only)
    assert result.returncode == 1
    assert "the known deviation from AUTH-07 has gone away" in result.stdout


@pytest.mark.usefixtures("time_flies")
def test_no_secret_leaves_a_live_run(
    tmp_path: Path,
    serve: Serve,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Neither the terminal nor the files of a run that fails hold the secret or the token."""
    live = serve(faults=["multiple-refused-with-409"])
    live.be_the_target(monkeypatch)
    issued: list[str] = []
    body_of = live.sandbox._tokens.issue

    def issue(*arguments: Any) -> Any:  # noqa: ANN401 - passed on
        body = body_of(*arguments)
        issued.append(body["access_token"])
        return body

    monkeypatch.setattr(live.sandbox._tokens, "issue", issue)
    only = ("--cards-only", "MULTI-01", *NO_EXPERIMENTS)
    assert main(["check", *only, "--cards-report", str(tmp_path / "out")]) == 1
    assert issued
    written = [path.read_text("utf-8") for path in (tmp_path / "out").iterdir()]
    assert len(written) == 3
    printed = capfd.readouterr()
    assert "MULTI-01 (documented) violated" in printed.out
    for text in (*printed, *written):
        for secret in (live.credential.client_secret, *issued):
            assert secret not in text
    assert not live.open_cards


def test_a_target_that_is_not_there_is_inconclusive(
    tmp_path: Path, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A live target whose flow cannot be started is not a pass: the run fails and says why."""
    live = serve()
    for name, value in (live.environ | {"ATOMIC_CARDS_FLOW_ID": "no-such-flow"}).items():
        monkeypatch.setenv(name, value)
    result = check(tmp_path, "--cards-only", "MULTI-01,MULTI-07")
    assert result.returncode == 1
    assert "2 requirements: inconclusive\n  ids:       MULTI-01, MULTI-07\n" in result.stdout
    assert "Action Flow 'no-such-flow' was not started" in result.stdout
    assert "verdict: inconclusive (MULTI-01)" in result.stdout


def test_the_options_of_a_projects_own_tests_are_set_aside(tmp_path: Path) -> None:
    """What a project asks of its own tests neither selects contracts nor makes them fail."""
    (tmp_path / "pytest.ini").write_text(
        "[pytest]\naddopts = -k nothing --no-such-option\npython_files = spec_*.py\n"
        "filterwarnings = error\nxfail_strict = true\n"
    )
    result = check(tmp_path, "--cards-only", "AUTH-07")
    assert result.returncode == 0, result.stderr
    assert "\n1 passed, " in result.stdout


def test_the_settings_of_a_projects_ini_file_count(tmp_path: Path) -> None:
    """The command reads the settings in the ini file of the project that it is run in."""
    (tmp_path / "pytest.ini").write_text(
        "[pytest]\natomic_cards_fault = deleted-credential-accepted\n"
    )
    result = check(tmp_path, "--cards-only", "AUTH-07")
    assert result.returncode == 1
    assert "AUTH-07 (documented) violated" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--cards-target", "live"], "ERROR: atomic-cards: a live target needs ATOMIC_CARDS_"),
        (["--cards-fault", "nonsense"], "ERROR: atomic-cards: --cards-fault: there is no fault"),
        (["--cards-only", "PAGE-1"], "ERROR: --cards-only: the catalogue has no requirement"),
    ],
)
def test_bad_settings_are_a_usage_error(arguments: list[str], line: str, tmp_path: Path) -> None:
    """A bad setting is one line, and the exit code of pytest's usage errors."""
    result = check(tmp_path, *arguments)
    assert result.returncode == pytest.ExitCode.USAGE_ERROR
    (said,) = [one for one in result.stderr.splitlines() if one.strip()]
    assert said.startswith(line)


def test_races_that_nothing_can_win_are_reported(tmp_path: Path) -> None:
    """Where every action is refused, each contract of overlapping ones says so."""
    faults = ",".join(f"{action}-active-refused" for action in ("dismiss", "complete", "cancel"))
    only = ("--cards-only", "CONC-01,CONC-02,CONC-03", "--cards-fault", faults)
    check(tmp_path, *only, "--cards-report", str(tmp_path))
    reasons = {rule["id"]: rule["reason"] for rule in report_of(tmp_path)["rules"]}
    for name in ("CONC-01", "CONC-02", "CONC-03"):
        assert "no action is known to have changed a card" in reasons[name]
        assert "Error" not in reasons[name]
