"""Contracts as pytest runs them: how each possible ending is reported."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from pytest_atomic_cards.model.lifecycle import Level
from pytest_atomic_cards.rules.finding import Finding
from pytest_atomic_cards.rules.requirements import catalogue
from pytest_atomic_cards.rules.verdicts import Verdict
from pytest_atomic_cards.suite.running.contract_plugin import is_grave, requirement
from pytest_atomic_cards.support.errors import MisuseError

if TYPE_CHECKING:
    from contract_runs import RunContracts

DOCUMENTED = "PAGE-01"
INFERRED = "PAGE-07"


def test_the_sample_requirements_have_their_levels() -> None:
    """The two requirements that these tests use are documented and inferred."""
    assert catalogue()[DOCUMENTED].level is Level.DOCUMENTED
    assert catalogue()[INFERRED].level is Level.INFERRED


ENDINGS = [
    ("pass", "held", ("passed", "passed")),
    ("raise Violation('more', 'less', [EXCHANGE])", "violated", ("failed", "xfailed")),
    ("pytest.skip('no way to')", "not exercised", ("skipped", "skipped")),
    ("not_exercised('no way to')", "not exercised", ("skipped", "skipped")),
    ("raise NotAvailableError('no way to')", "not exercised", ("skipped", "skipped")),
    ("raise Inconclusive('no idea')", "inconclusive", ("failed", "xfailed")),
    ("raise SeedingError('no cards')", "inconclusive", ("failed", "xfailed")),
    ("raise TransportError('no answer', EXCHANGE)", "inconclusive", ("failed", "xfailed")),
    ("raise ContractBrokenError('no JSON', EXCHANGE)", "inconclusive", ("failed", "xfailed")),
    ("raise ZeroDivisionError('our own mistake')", "inconclusive", ("failed", "xfailed")),
    ("assert 1 == 2", "inconclusive", ("failed", "xfailed")),
]


@pytest.mark.parametrize(("ending", "verdict", "outcomes_by_level"), ENDINGS)
def test_how_a_contract_ends(
    ending: str,
    verdict: str,
    outcomes_by_level: tuple[str, str],
    run_contracts: RunContracts,
    findings: list[Finding],
) -> None:
    """A documented requirement that does not hold fails; an inferred one only in a strict run."""
    documented, inferred = outcomes_by_level
    source = f"""
        @requirement("{DOCUMENTED}")
        def test_documented():
            {ending}

        @requirement("{INFERRED}")
        def test_inferred():
            {ending}
    """
    result = run_contracts(source)
    assert outcomes(result) == counted(documented, inferred)
    assert [finding.verdict for finding in findings] == [verdict, verdict]
    result = run_contracts(source, "--cards-strict")
    assert outcomes(result) == counted(documented, "failed" if inferred == "xfailed" else inferred)


def outcomes(result: pytest.RunResult) -> dict[str, int]:
    """The number of tests for each outcome."""
    return result.parseoutcomes()


def counted(*words: str) -> dict[str, int]:
    """The number of occurrences of each word."""
    return {word: words.count(word) for word in words}


def test_a_setup_that_cannot_seed_decides_its_contracts(
    run_contracts: RunContracts, findings: list[Finding]
) -> None:
    """If a fixture fails, each contract that needs it is undecided or not exercised."""
    result = run_contracts(
        """
        @pytest.fixture(scope="session")
        def cards_that_fail():
            raise SeedingError("the flow is not published", EXCHANGE)

        @pytest.fixture(scope="session")
        def cards_that_cannot_be():
            raise NotAvailableError("nobody can snooze")

        @requirement("PAGE-01")
        def test_one(cards_that_fail):
            pass

        @requirement("PAGE-02")
        def test_two(cards_that_fail):
            pass

        @requirement("PAGE-03")
        def test_three(cards_that_cannot_be):
            pass
        """
    )
    assert outcomes(result) == {"errors": 2, "skipped": 1}
    assert [(found.requirement, found.verdict, found.reason) for found in findings] == [
        ("PAGE-01", Verdict.INCONCLUSIVE, "the flow is not published"),
        ("PAGE-02", Verdict.INCONCLUSIVE, "the flow is not published"),
        ("PAGE-03", Verdict.NOT_EXERCISED, "nobody can snooze"),
    ]


def test_a_lost_answer_is_tried_again(
    run_contracts: RunContracts, findings: list[Finding], pytester: pytest.Pytester
) -> None:
    """A contract that lost the response to an action runs again, but not forever."""
    run_contracts(
        """
        def lose(name, times):
            with open("tries", "a+") as file:
                file.write(f"{name}\\n")
                file.seek(0)
                if file.read().splitlines().count(name) <= times:
                    raise OutcomeUnknownError("no answer", EXCHANGE)

        @pytest.mark.parametrize("word", ["argument"])
        @requirement("PAGE-01")
        def test_once(word):
            assert word == "argument"
            lose("once", 1)

        @requirement("PAGE-02")
        def test_always():
            lose("always", 1000)

        @requirement("PAGE-03")
        def test_wrong():
            lose("then wrong", 2)
            raise Violation("more", "less")
        """
    )
    verdicts = {finding.requirement: finding.verdict for finding in findings}
    assert verdicts == {
        "PAGE-01": Verdict.HELD,
        "PAGE-02": Verdict.INCONCLUSIVE,
        "PAGE-03": Verdict.VIOLATED,
    }
    tries = Counter((pytester.path / "tries").read_text().splitlines())
    assert (tries["once"], tries["then wrong"]) == (2, 3)
    assert 2 < tries["always"] < 10


def test_a_finding_tells_what_there_was(
    run_contracts: RunContracts, findings: list[Finding]
) -> None:
    """The finding of a violation has both sides and its last exchanges, the decisive one first."""
    run_contracts(
        """
        from dataclasses import replace

        @requirement("PAGE-01")
        def test_many():
            exchanges = [replace(EXCHANGE, status=number) for number in range(200, 210)]
            raise Violation("more", "less came", exchanges)
        """
    )
    (finding,) = findings
    assert (finding.contract, finding.requirement) == ("test_many", "PAGE-01")
    assert (finding.expected, finding.actual) == ("more", "less came")
    assert finding.reason == "expected more; less came"
    statuses = [exchange["status"] for exchange in finding.exchanges]
    assert statuses == sorted(statuses, reverse=True)
    assert statuses[0] == 209
    assert 1 < len(statuses) < 10


def test_findings_travel_between_processes(
    run_contracts: RunContracts, findings: list[Finding]
) -> None:
    """With xdist the controller has the same findings, including exchanges, as a single process."""
    source = f"""
        ENDINGS = {[ending for ending, *_ in ENDINGS]}

        @pytest.mark.parametrize("number", range(len(ENDINGS)))
        @requirement("PAGE-01")
        def test_ending(number):
            exec(ENDINGS[number])
    """
    alone = run_contracts(source)
    found_alone = {finding.contract: finding for finding in findings}
    findings.clear()
    together = run_contracts(source, "-n", "2")
    assert {finding.contract: finding for finding in findings} == found_alone
    assert len(found_alone) == len(ENDINGS)
    assert outcomes(alone) == outcomes(together)


CRASHING = """
    @requirement("PAGE-01")
    def test_before():
        pass

    @pytest.mark.parametrize("rule", [
        pytest.param(name, marks=requirement(name), id=f"of {name}/[x]")
        for name in ("PAGE-02", "PAGE-03", "PAGE-07")
    ])
    def test_crash(rule, dying):
        if rule == os.environ.get("CRASHING"):
            os._exit(3)

    @pytest.fixture
    def dying(rule):
        if rule == os.environ.get("CRASHING_EARLY"):
            os._exit(3)

    @requirement("PAGE-05")
    def test_after():
        pass
"""


@pytest.mark.parametrize(
    ("workers", "when", "lost", "reporter"),
    [
        ("1", "CRASHING", "PAGE-02", "terminal"),
        ("2", "CRASHING_EARLY", "PAGE-03", "terminal"),
        ("1", "CRASHING", "PAGE-07", "no:terminal"),
    ],
)
def test_a_crashed_worker_could_not_tell(
    run_contracts: RunContracts,
    pytester: pytest.Pytester,
    monkeypatch: pytest.MonkeyPatch,
    *,
    workers: str,
    when: str,
    lost: str,
    reporter: str,
) -> None:
    """The contract of a crashed worker is undecided; all other findings are kept."""
    monkeypatch.setenv(when, lost)
    arguments = ("-n", workers, "-p", reporter, "--cards-report", "out")
    result = run_contracts(CRASHING, *arguments)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    report = json.loads((pytester.path / "out" / "report.json").read_text("utf-8"))
    rules = {rule["id"]: rule for rule in report["rules"]}
    assert rules[lost]["verdict"] == "inconclusive"
    assert "crashed while running" in rules[lost]["reason"]
    held = {"PAGE-01", "PAGE-02", "PAGE-03", "PAGE-05", "PAGE-07"} - {lost}
    assert {rules[name]["verdict"] for name in held} == {"held"}
    assert report["conclusion"] == "inconclusive"
    assert len(report["troubles"]) == 1
    if reporter == "terminal":
        result.stdout.fnmatch_lines(["! *crashed*test_crash*", "verdict: inconclusive*"])


def test_a_worker_that_dies_observing_could_not_tell(
    run_contracts: RunContracts, pytester: pytest.Pytester
) -> None:
    """The open question of a crashed worker is undecided too."""
    run_contracts(
        """
        @pytest.mark.question("order")
        def test_question():
            os._exit(3)
        """,
        *("-n", "1", "--cards-report", "out"),
    )
    report = json.loads((pytester.path / "out" / "report.json").read_text("utf-8"))
    assert report["profile"]["order"]["verdict"] == "inconclusive"
    assert list(report["failing"]) == ["order"]


def test_a_failing_clean_up_is_no_verdict(
    run_contracts: RunContracts, findings: list[Finding]
) -> None:
    """Cards that the suite cannot cancel do not affect the last contract."""
    run_contracts(
        """
        @pytest.fixture(scope="session")
        def world():
            yield
            raise SeedingError("seeded cards may be left open")

        @requirement("PAGE-01")
        def test_last(world):
            pass
        """
    )
    assert [finding.verdict for finding in findings] == [Verdict.HELD]


def test_other_tests_are_left_alone(run_contracts: RunContracts, findings: list[Finding]) -> None:
    """A test without a requirement passes and fails as usual beside contracts."""
    result = run_contracts(
        """
        def test_passes():
            pass

        def test_fails():
            raise Violation("this", "that")

        def test_is_lost():
            raise OutcomeUnknownError("no answer")
        """
    )
    assert outcomes(result) == {"passed": 1, "failed": 2}
    assert findings == []
    result.stdout.no_fnmatch_line("*Atomic Cards API contract*")


@pytest.mark.parametrize(
    ("only", "run"),
    [
        ("PAGE-01", {"PAGE-01"}),
        ("PAGE-02, PAGE-01", {"PAGE-01", "PAGE-02"}),
        ("QUERY-01", set()),
    ],
)
def test_contracts_can_be_selected(
    only: str, run: set[str], run_contracts: RunContracts, findings: list[Finding]
) -> None:
    """--cards-only runs only the contracts of the given requirements."""
    run_contracts(SELECTABLE, "--cards-only", only)
    assert {finding.requirement for finding in findings} == run


def test_selecting_an_unknown_requirement_is_a_usage_error(run_contracts: RunContracts) -> None:
    """An unknown requirement is a one-line error with the nearest id."""
    result = run_contracts(SELECTABLE, "--cards-only", "PAGE-1")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: --cards-only: *'PAGE-1'*PAGE-01*"])


SELECTABLE = """
    @requirement("PAGE-01")
    def test_one():
        pass

    @requirement("PAGE-02")
    def test_two():
        pass
"""


def test_a_contract_of_an_unknown_requirement_is_refused() -> None:
    """A contract cannot refer to a requirement that is not in the catalogue."""
    with pytest.raises(MisuseError, match="no requirement 'PAGE-99'"):
        requirement("PAGE-99")


@pytest.mark.parametrize("verdict", list(Verdict))
@pytest.mark.parametrize("name", [DOCUMENTED, INFERRED])
def test_what_makes_a_run_fail(verdict: Verdict, name: str) -> None:
    """Violated, drifted and undecided requirements fail a run; inferred ones only if strict."""
    bad = verdict in {Verdict.VIOLATED, Verdict.DRIFTED, Verdict.INCONCLUSIVE}
    finding: Any = Finding("a_contract", name, verdict)
    assert is_grave(finding, strict=True) == bad
    assert is_grave(finding, strict=False) == (bad and name == DOCUMENTED)
