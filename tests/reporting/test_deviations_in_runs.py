"""Known deviations in runs of contracts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from deviation_entries import entry

if TYPE_CHECKING:
    from contract_runs import RunContracts


VIOLATED = """
    @requirement("PAGE-04")
    def test_is_violated():
        raise Violation("37 cards", "38 came", [EXCHANGE])

    @requirement("PAGE-01")
    def test_holds():
        pass
"""


# Runs


def run_with(
    text: str, pytester: pytest.Pytester, run_contracts: RunContracts, *arguments: str
) -> pytest.RunResult:
    """A run of a violated and a held contract in a project with these known deviations."""
    (pytester.path / "cards-target.toml").write_text(text)
    return run_contracts(VIOLATED, "--cards-report", "out", *arguments)


def rules_of(pytester: pytest.Pytester) -> dict[str, Any]:
    """The rules in the report that a run wrote, by id."""
    report = json.loads((pytester.path / "out" / "report.json").read_text("utf-8"))
    return {rule["id"]: rule for rule in report["rules"]}


@pytest.mark.parametrize("arguments", [(), ("-n", "1"), ("-q",), ("-p", "no:terminal")])
def test_a_known_violation_fails_no_run(
    arguments: tuple[str, ...], pytester: pytest.Pytester, run_contracts: RunContracts
) -> None:
    """A violation that is known is shown as such and does not fail the run, on any workers."""
    result = run_with(entry(), pytester, run_contracts, *arguments)
    assert result.ret == pytest.ExitCode.OK
    rule = rules_of(pytester)["PAGE-04"]
    assert rule["verdict"] == "violated"
    assert rule["known"] == {"reason": "counts pages", "link": None, "expires": "2999-12-31"}
    assert not rule["fails"]
    assert "known" in (pytester.path / "out" / "report.html").read_text("utf-8")
    if "no:terminal" not in arguments:
        result.stdout.fnmatch_lines(
            [
                "PAGE-04 (documented) violated",
                "verdict: partial (nothing else documented is violated; *",
                "violated, but known: PAGE-04, counts pages (until 2999-12-31)",
            ]
        )


def test_other_violations_fail_the_run(
    pytester: pytest.Pytester, run_contracts: RunContracts
) -> None:
    """A deviation from one requirement excuses no other."""
    result = run_with(entry(requirement='"PAGE-03"'), pytester, run_contracts)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["verdict: violated (PAGE-04)"])


def test_a_deviation_of_another_target_excuses_nothing(
    pytester: pytest.Pytester, run_contracts: RunContracts
) -> None:
    """A deviation known on one target fails a run on another, which names that target."""
    result = run_with(entry(target='"cards.example.com"'), pytester, run_contracts)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert rules_of(pytester)["PAGE-04"]["known"] is None
    result.stdout.fnmatch_lines(
        [
            "verdict: violated (PAGE-04)",
            "violated, and known only on cards.example.com: PAGE-04",
        ]
    )
    result = run_with(entry(target='"sandbox"'), pytester, run_contracts)
    assert result.ret == pytest.ExitCode.OK


@pytest.mark.parametrize("arguments", [(), ("-n", "1"), ("-p", "no:terminal")])
def test_an_expired_deviation_is_an_error(
    arguments: tuple[str, ...], pytester: pytest.Pytester, run_contracts: RunContracts
) -> None:
    """An entry whose day is over excuses nothing, and fails the run even if nothing else does."""
    text = entry(requirement='"PAGE-03"', expires="2020-01-01")
    (pytester.path / "cards-target.toml").write_text(text)
    source = '@requirement("PAGE-01")\ndef test_holds():\n    pass\n'
    result = run_contracts(source, "--cards-report", "out", *arguments)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    if "no:terminal" not in arguments:
        result.stdout.fnmatch_lines(
            ["! cards-target.toml: the known deviation from PAGE-03 expired on 2020-01-01; *"]
        )
    result = run_with(entry(expires="2020-01-01"), pytester, run_contracts)
    result.stdout.fnmatch_lines(["! *PAGE-04 expired*", "verdict: violated (PAGE-04)"])


GONE = "! cards-target.toml: the known deviation from PAGE-01 has gone away: *"


def test_a_violation_that_has_gone_away_is_an_error(
    pytester: pytest.Pytester, run_contracts: RunContracts
) -> None:
    """An entry for a requirement that held fails the run, so that the file does not rot."""
    text = entry() + entry(requirement='"PAGE-01"')
    result = run_with(text, pytester, run_contracts)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines([GONE])
    result = run_with(text, pytester, run_contracts, "--cards-only", "PAGE-01", "-n", "1")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines([GONE])


@pytest.mark.parametrize(
    "arguments",
    [
        ("--cards-only", "PAGE-04"),
        ("-k", "test_holds"),
        ("test_contracts.py::test_holds",),
        ("--deselect", "test_contracts.py::test_is_violated"),
    ],
)
def test_what_was_not_run_whole_has_not_gone_away(
    arguments: tuple[str, ...], pytester: pytest.Pytester, run_contracts: RunContracts
) -> None:
    """A run that leaves contracts out cannot say that a violation has gone away."""
    text = entry() + entry(requirement='"PAGE-01"') + entry(requirement='"PAGE-02"')
    result = run_with(text, pytester, run_contracts, *arguments)
    assert result.ret == pytest.ExitCode.OK
    result.stdout.no_fnmatch_line("*gone away*")


def test_a_requirement_that_held_in_part_has_not_gone_away(
    pytester: pytest.Pytester, run_contracts: RunContracts
) -> None:
    """Where one contract of the requirement was not exercised, its violation may still be there."""
    (pytester.path / "cards-target.toml").write_text(entry())
    result = run_contracts(
        """
        @requirement("PAGE-04")
        @pytest.mark.parametrize("way", [1, 2])
        def test_two_ways(way):
            if way == 2:
                not_exercised("no way to")
        """
    )
    assert result.ret == pytest.ExitCode.OK
    result.stdout.no_fnmatch_line("*gone away*")


def test_what_is_inconclusive_is_not_excused(
    pytester: pytest.Pytester, run_contracts: RunContracts
) -> None:
    """A known deviation is about a violation; an inconclusive requirement still fails."""
    (pytester.path / "cards-target.toml").write_text(entry())
    result = run_contracts(
        """
        @requirement("PAGE-04")
        def test_cannot_be_told():
            raise SeedingError("no cards")
        """
    )
    assert result.ret == pytest.ExitCode.TESTS_FAILED


def test_a_bad_file_ends_the_run_before_it_begins(
    pytester: pytest.Pytester, run_contracts: RunContracts
) -> None:
    """An entry that cannot be used is a usage error in one line, and no contract is run."""
    result = run_with(entry(requirement='"PAGE-4"'), pytester, run_contracts)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    (line,) = [line for line in result.errlines if line.strip()]
    assert line.startswith("ERROR: cards-target.toml, known deviation 1: ")
    assert not (pytester.path / "out").exists()
