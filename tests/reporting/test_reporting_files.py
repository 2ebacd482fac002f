"""report.json and junit.xml: what they hold, and how they are written."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest
from contract_runs import OWN

from pytest_atomic_cards.rules.requirements import catalogue

if TYPE_CHECKING:
    from contract_runs import RunContracts

CONTRACTS = """
    from dataclasses import replace

    @requirement("PAGE-01")
    def test_holds():
        pass

    @requirement("PAGE-02")
    @pytest.mark.parametrize("limit", [1, 2])
    def test_is_violated(limit):
        if limit == 2:
            raise Violation("2 cards", "3 came", [replace(EXCHANGE, status=201), EXCHANGE])

    @requirement("PAGE-03")
    def test_cannot_be_exercised():
        not_exercised("no way to")

    @requirement("PAGE-04")
    def test_cannot_be_told():
        raise SeedingError("no \\ud800 cards")
"""


def report_of(pytester: pytest.Pytester, directory: str = "report") -> dict[str, Any]:
    """The report that a run wrote."""
    text = (pytester.path / directory / "report.json").read_text("utf-8")
    document: dict[str, Any] = json.loads(text)
    return document


def test_the_report_holds_every_requirement(
    run_contracts: RunContracts, pytester: pytest.Pytester
) -> None:
    """The report has a rule for each requirement: its text, its verdict, why, and how many."""
    run_contracts(CONTRACTS, "--cards-report", "report")
    report = report_of(pytester)
    assert report["tool"].startswith("pytest-atomic-cards ")
    assert report["target"].startswith("embedded sandbox")
    assert (report["strict"], report["conclusion"]) == (False, "violated")
    assert [rule["id"] for rule in report["rules"]] == list(catalogue().requirements)
    for rule in report["rules"]:
        source = catalogue()[rule["id"]]
        shown = (rule["area"], rule["level"], rule["statement"], rule["source"])
        assert shown == (source.area, source.level, source.statement, source.cited)
    rules = {rule["id"]: rule for rule in report["rules"]}
    found = {
        name: (rules[name]["verdict"], rules[name]["reason"], rules[name]["contracts"])
        for name in ("PAGE-01", "PAGE-02", "PAGE-03", "PAGE-04")
    }
    assert found == {
        "PAGE-01": ("held", "", 1),
        "PAGE-02": ("violated", "expected 2 cards; 3 came", 2),
        "PAGE-03": ("not exercised", "no way to", 1),
        "PAGE-04": ("inconclusive", r"no \ud800 cards", 1),
    }
    assert rules["PAGE-05"]["verdict"] == "not exercised"
    assert rules["PAGE-05"]["contracts"] == 0
    assert rules["PAGE-05"]["reason"]


def test_the_report_holds_exchanges_without_secrets(
    run_contracts: RunContracts, pytester: pytest.Pytester
) -> None:
    """The exchanges of a violation come with their bodies as structure and a curl command."""
    run_contracts(CONTRACTS, "--cards-report", "report")
    rules = {rule["id"]: rule for rule in report_of(pytester)["rules"]}
    telling, before = rules["PAGE-02"]["exchanges"]
    assert (telling["status"], before["status"]) == (200, 201)
    assert telling["url"] == "http://cards.test/v1/environment/cards/cancel?userId=a%20b"
    assert telling["responseBody"] == {"data": [], "summary": {"total": 2, "updated": 2}}
    assert telling["requestHeaders"]["Authorization"] == "[redacted]"
    assert "$ATOMIC_TOKEN" in telling["curl"]
    assert rules["PAGE-01"]["exchanges"] == []


def test_a_report_replaces_an_older_one(
    run_contracts: RunContracts, pytester: pytest.Pytester
) -> None:
    """The directory is made where it is missing, and a second run leaves only its own files."""
    for strict in ([], ["--cards-strict"]):
        run_contracts(CONTRACTS, "--cards-report", "a/new/place", *strict)
    assert report_of(pytester, "a/new/place")["strict"] is True
    names = {path.name for path in (pytester.path / "a/new/place").iterdir()}
    assert names == {"report.json", "report.html", "junit.xml"}


@pytest.mark.parametrize("obstacle", ["a file in place of the directory", "a directory"])
def test_a_report_that_cannot_be_written_is_one_line(
    obstacle: str, run_contracts: RunContracts, pytester: pytest.Pytester
) -> None:
    """Where the report cannot be written the run ends with one line that names the option."""
    if obstacle == "a directory":
        (pytester.path / "report" / "report.json").mkdir(parents=True)
    else:
        (pytester.path / "report").write_text("in the way")
    junit = f"--junitxml={pytester.path / 'elsewhere.xml'}"
    result = run_contracts(CONTRACTS, "--cards-report", "report", junit)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    (line,) = [line for line in result.errlines if line.strip()]
    assert "--cards-report: " in line
    assert str(pytester.path / "report") in line or "report.json" in line
    if obstacle == "a directory":
        assert [path.name for path in (pytester.path / "report").iterdir()] == ["report.json"]


def test_no_report_is_written_unasked(
    run_contracts: RunContracts, pytester: pytest.Pytester
) -> None:
    """Without the option a run writes neither file."""
    run_contracts(CONTRACTS)
    assert not list(pytester.path.rglob("report.json"))
    assert not list(pytester.path.rglob("junit.xml"))


def test_junit_shows_requirement_level_and_verdict(
    run_contracts: RunContracts, pytester: pytest.Pytester
) -> None:
    """Every contract in junit.xml carries the three as properties, whatever its verdict."""
    run_contracts(CONTRACTS, "--cards-report", "report")
    tree = ET.parse(pytester.path / "report" / "junit.xml")  # noqa: S314 - our own file
    properties = {
        case.get("name"): {item.get("name"): item.get("value") for item in case.iter("property")}
        for case in tree.iter("testcase")
    }
    assert properties == {
        "test_holds": error_text("PAGE-01", "held"),
        "test_is_violated[1]": error_text("PAGE-02", "held"),
        "test_is_violated[2]": error_text("PAGE-02", "violated"),
        "test_cannot_be_exercised": error_text("PAGE-03", "not exercised"),
        "test_cannot_be_told": error_text("PAGE-04", "inconclusive"),
    }


def test_junit_has_the_causes_of_the_run(
    run_contracts: RunContracts, pytester: pytest.Pytester
) -> None:
    """The test suite in junit.xml has the causes, the first to mend first."""
    run_contracts(CONTRACTS, "--cards-report", "report")
    tree = ET.parse(pytester.path / "report" / "junit.xml")  # noqa: S314 - our own file
    suite = tree.find("testsuite/properties")
    assert suite is not None
    found = {item.get("name"): item.get("value") or "" for item in suite}
    assert found["cause 1"].startswith("PAGE-02 violated: ")
    assert found["cause 1"].endswith("; depend on it: PAGE-04")


def test_junit_classes_do_not_depend_on_where_the_suite_is(
    run_contracts: RunContracts, pytester: pytest.Pytester
) -> None:
    """Contracts of the suite have one class name in every environment; others keep theirs."""
    directory = pytester.mkdir("contracts")
    run_contracts(CONTRACTS, "--cards-report", "report")
    (pytester.path / "test_contracts.py").rename(directory / "test_moved.py")
    pytester.runpytest_inprocess(*OWN, "--cards-report", "moved", str(directory))
    names = [
        {case.get("classname") for case in ET.parse(path).iter("testcase")}  # noqa: S314 - ours
        for path in (pytester.path / "report/junit.xml", pytester.path / "moved/junit.xml")
    ]
    assert names == [{"test_contracts"}, {"pytest_atomic_cards.contracts.test_moved"}]


def error_text(requirement: str, verdict: str) -> dict[str, str]:
    """The properties of a contract of a documented requirement."""
    return {"requirement": requirement, "level": "documented", "verdict": verdict}


def test_junit_goes_where_it_was_asked_for(
    run_contracts: RunContracts, pytester: pytest.Pytester
) -> None:
    """The option --junitxml of pytest wins over the directory of the report."""
    run_contracts(CONTRACTS, "--cards-report", "report", "--junitxml=mine.xml")
    assert (pytester.path / "mine.xml").exists()
    names = {path.name for path in (pytester.path / "report").iterdir()}
    assert names == {"report.json", "report.html"}


def test_what_is_cleared_up_too_late_is_in_the_report(
    run_contracts: RunContracts, pytester: pytest.Pytester
) -> None:
    """What a stopped run cannot clear up at its very end is reported with its other results."""
    source = """
    @pytest.fixture(scope="session")
    def cards():
        yield
        raise SeedingError("seeded cards may be left open")

    @requirement("PAGE-01")
    def test_pages(cards):
        raise Violation("a page", "none came", (EXCHANGE,))

    @requirement("PAGE-02")
    def test_limit(cards):
        pytest.exit("enough")
    """
    result = run_contracts(source, "--cards-report", "report")
    assert result.ret == pytest.ExitCode.INTERRUPTED
    report = report_of(pytester)
    assert report["conclusion"] == "violated"
    assert report["troubles"] == ["seeded cards may be left open"]
    result.stdout.fnmatch_lines(["*seeded cards may be left open*", "verdict: *"])
