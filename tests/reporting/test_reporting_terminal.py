"""The terminal summary: verdicts by area, failures in full, and the conclusion."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from pytest_atomic_cards.model.lifecycle import Level
from pytest_atomic_cards.rules.requirements import catalogue

if TYPE_CHECKING:
    from contract_runs import RunContracts


def summary_of(result: pytest.RunResult) -> list[str]:
    """The lines of the summary, from its title on."""
    lines = result.outlines
    start = next(n for n, line in enumerate(lines) if "Atomic Cards API contract" in line)
    return lines[start:]


def areas_of(result: pytest.RunResult) -> dict[str, str]:
    """The marks and the count of each area, by its title."""
    titles = catalogue().areas.values()
    return {
        title: line.removeprefix(title).strip()
        for title in titles
        for line in summary_of(result)
        if line.startswith(title)
    }


def test_areas_show_a_mark_for_each_requirement(run_contracts: RunContracts) -> None:
    """Every area has a line with one mark a requirement and how many of them held."""
    result = run_contracts(
        """
        @requirement("PAGE-01")
        def test_holds():
            pass

        @requirement("PAGE-02")
        def test_is_violated():
            raise Violation("this", "that")

        @requirement("PAGE-04")
        def test_cannot_be_told():
            raise SeedingError("no cards")

        @requirement("PAGE-07")
        def test_inferred():
            raise Violation("this", "that")
        """
    )
    areas = areas_of(result)
    assert set(areas) == set(catalogue().areas.values())
    assert areas["Pagination"] == line_of(
        "pagination", {"01": "✓", "02": "✗", "04": "?", "07": "✗"}
    )
    assert areas["Limits"] == line_of("limits", {})


def line_of(area: str, marks: dict[str, str]) -> str:
    """The line of an area in which requirements have marks by their number, others a dot."""
    ids = [rule.id for rule in catalogue().requirements.values() if rule.area == area]
    shown = "".join(marks.get(name.rpartition("-")[2], "·") for name in ids)
    return f"{shown}  {shown.count('✓')} of {len(ids)} held"


def test_a_violation_is_reported_in_full(run_contracts: RunContracts) -> None:
    """A violation shows statement, source, both sides, the response and how to reproduce it."""
    result = run_contracts(
        """
        @requirement("PAGE-02")
        def test_is_violated():
            raise Violation("37 cards with limit=37", "38 cards came", [EXCHANGE])
        """
    )
    rule = catalogue()["PAGE-02"]
    lines = summary_of(result)
    start = lines.index("PAGE-02 (documented) violated")
    assert lines[start + 1 : start + 8] == [
        f"  {rule.statement}",
        f"  source:    {rule.cited}",
        "  contract:  test_is_violated",
        "  expected:  37 cards with limit=37",
        "  actual:    38 cards came",
        '  response:  HTTP 200 {"data": [], "summary": {"total": 2, "updated": 2}}',
        (
            "  reproduce: curl --globoff -sS -i -X PUT "
            "'http://cards.test/v1/environment/cards/cancel?userId=a%20b' "
            "-H \"Authorization: Bearer $ATOMIC_TOKEN\" -H 'User-Agent: a-client'"
        ),
    ]


def test_several_contracts_of_a_requirement_are_reported_once(run_contracts: RunContracts) -> None:
    """Of several contracts that a requirement fails one is shown, and the others are counted."""
    result = run_contracts(
        """
        @requirement("PAGE-02")
        @pytest.mark.parametrize("limit", [1, 2, 3])
        def test_limit(limit):
            raise Violation(f"{limit} cards", "none")
        """
    )
    lines = summary_of(result)
    assert [line for line in lines if line.startswith("  expected:")] == ["  expected:  1 cards"]
    assert "  and 2 more contract(s) of this requirement" in lines


def test_what_is_inconclusive_is_reported_with_the_reason(run_contracts: RunContracts) -> None:
    """If the target did not respond the summary has the reason, and it is not a pass."""
    result = run_contracts(
        """
        from dataclasses import replace

        @requirement("PAGE-02")
        def test_one():
            lost = replace(EXCHANGE, status=None, response_body=b"", error="ReadTimeout: 30 s")
            raise TransportError("the target is not there", lost)
        """
    )
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    lines = summary_of(result)
    start = lines.index("PAGE-02 (documented) inconclusive")
    assert "  reason:    the target is not there" in lines[start:]
    assert any("ReadTimeout: 30 s" in line for line in lines[start:])


def test_what_is_inconclusive_for_one_reason_is_reported_once(run_contracts: RunContracts) -> None:
    """Requirements that share a reason are one block with their ids; others have their own."""
    result = run_contracts(
        """
        @pytest.mark.parametrize("rule", [
            pytest.param(name, marks=requirement(name)) for name in ("PAGE-01", "PAGE-07")
        ])
        def test_alike(rule):
            raise SeedingError("no cards", EXCHANGE)

        @requirement("PAGE-02")
        def test_other():
            raise SeedingError("another reason")
        """
    )
    lines = summary_of(result)
    start = lines.index("2 requirements: inconclusive")
    assert lines[start + 1 : start + 3] == [
        "  ids:       PAGE-01, PAGE-07",
        "  reason:    no cards",
    ]
    assert "PAGE-02 (documented) inconclusive" in lines
    assert sum("no cards" in line for line in lines) == 1


def test_further_lines_of_a_reason_stand_below_the_first(run_contracts: RunContracts) -> None:
    """A reason of several lines is not taken for other lines; its command is shown once, below."""
    result = run_contracts(
        """
        @requirement("PAGE-01")
        def test_one():
            raise SeedingError("a start failed\\nThat breaks the contract\\nRepeat it with: curl x")
        """
    )
    lines = summary_of(result)
    start = lines.index("  reason:    a start failed")
    assert lines[start + 1] == "             That breaks the contract"
    assert not any("Repeat it with" in line for line in lines)


def test_reasons_for_what_was_not_exercised_are_grouped(run_contracts: RunContracts) -> None:
    """Requirements that a target cannot show are listed behind the reason they share."""
    result = run_contracts(
        """
        @requirement("PAGE-01")
        def test_one():
            not_exercised("nobody can snooze")

        @requirement("PAGE-02")
        def test_two():
            not_exercised("nobody can snooze")

        @requirement("PAGE-03")
        def test_three():
            not_exercised("there is no clock")
        """
    )
    lines = summary_of(result)
    assert "· not exercised, as nobody can snooze: PAGE-01, PAGE-02" in lines
    assert "· not exercised, as there is no clock: PAGE-03" in lines


@pytest.mark.parametrize("verbosity", ["-q", "-v"])
def test_a_reason_for_what_was_not_exercised_holds_no_command(
    verbosity: str, run_contracts: RunContracts
) -> None:
    """What a target cannot give is said in one line, without the request that showed it."""
    lines = summary_of(
        run_contracts(
            """
            @requirement("PAGE-01")
            def test_one():
                not_exercised("expiry is refused\\nRepeat it with: curl x")
            """,
            verbosity,
        )
    )
    assert "· not exercised, as expiry is refused: PAGE-01" in lines


@pytest.mark.parametrize("verbosity", ["-q", "-v"])
def test_many_that_were_not_exercised_are_counted(
    verbosity: str, run_contracts: RunContracts
) -> None:
    """A quiet run counts them by the gist of their reasons, so that its summary fits a screen."""
    contracts = "\n".join(
        f"""
        @requirement("PAGE-0{number}")
        def test_{number}():
            not_exercised("quick leaves {number} requests; it needs {number} cards")
        """
        for number in range(1, 7)
    )
    lines = summary_of(run_contracts(contracts, verbosity))
    is_quiet = verbosity == "-q"
    for line, is_shown in {
        "· not exercised, as quick leaves 1 requests: 6 requirements": is_quiet,
        "  (-v names them)": is_quiet,
        "· not exercised, as quick leaves 6 requests; it needs 6 cards: PAGE-06": not is_quiet,
    }.items():
        assert (line in lines) == is_shown


@pytest.mark.parametrize(
    ("ending", "verdict"),
    [
        ("pass", "verdict: partial (nothing documented is violated; * documented not exercised)"),
        ("raise Violation('this', 'that')", "verdict: violated (PAGE-01)"),
        ("raise SeedingError('no cards')", "verdict: inconclusive (PAGE-01)"),
    ],
)
def test_the_conclusion_is_one_line(ending: str, verdict: str, run_contracts: RunContracts) -> None:
    """The summary ends with the counts of each level and the conclusion."""
    result = run_contracts(
        f"""
        @requirement("PAGE-01")
        def test_one():
            {ending}
        """
    )
    total = {
        level: sum(rule.level is level for rule in catalogue().requirements.values())
        for level in Level
    }
    result.stdout.fnmatch_lines(
        [
            f"documented: {total[Level.DOCUMENTED]} requirements, *",
            f"inferred: {total[Level.INFERRED]} requirements, {total[Level.INFERRED]} not *",
            verdict,
        ]
    )


def test_colours_only_colour(run_contracts: RunContracts) -> None:
    """On a colour terminal the summary says the same as on any other."""
    source = """
        @requirement("PAGE-01")
        def test_one():
            raise Violation("this", "that")
    """
    plain = summary_of(run_contracts(source, "--color=no"))
    coloured = summary_of(run_contracts(source, "--color=yes"))
    assert "\x1b[" in "".join(coloured)
    stripped = [re.sub(r"\x1b\[[\d;]*m", "", line) for line in coloured]
    assert stripped[1:-1] == plain[1:-1]


def test_long_answers_are_cut(run_contracts: RunContracts) -> None:
    """A response with a long body is shown by its beginning."""
    result = run_contracts(
        """
        from dataclasses import replace

        @requirement("PAGE-01")
        def test_one():
            raise Violation("this", "that", [replace(EXCHANGE, response_body=b"x" * 100_000)])
        """
    )
    (line,) = {line for line in summary_of(result) if line.startswith("  response:")}
    assert line.startswith("  response:  HTTP 200 xxxx")
    assert line.endswith("x…")
    assert len(line) < 1_000
