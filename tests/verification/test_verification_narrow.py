"""Narrow mutants: which there are, how they are sampled and run, and what is kept of them."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from random import Random

import pytest

from pytest_atomic_cards.model.request_space import DIMENSIONS, Point
from pytest_atomic_cards.plugin.cli import main
from pytest_atomic_cards.rules.requirements import catalogue
from pytest_atomic_cards.sandbox.faults import FAULTS, fault_named
from pytest_atomic_cards.sandbox.faults.fault_regions import conditions_for, region_of
from pytest_atomic_cards.sandbox.faults.narrow_fault import name_of
from pytest_atomic_cards.suite.mutation import mutation_testing, narrow_mutants
from pytest_atomic_cards.suite.mutation.equivalent_mutants import (
    DEAR,
    DEAR_TOGETHER,
    EQUIVALENT,
    IMPOSSIBLE,
    PERMITTED,
    equivalence_of,
)
from pytest_atomic_cards.suite.mutation.forked_trials import TrialResult
from pytest_atomic_cards.support.errors import MisuseError

sys.path.insert(0, str(Path(__file__).parents[1] / "sandbox"))
from fault_scenario import SMALL, differs, transcript

CHANCE = Random(1)  # noqa: S311 - no secret
FOUND_AND_NOT = ("any-token-accepted", "multiple-not-needed")
_TRIED = 20
"""Equivalent mutants of a test: each takes as long as a scripted session."""


def all_points(count: int) -> list[tuple[str, Point]]:
    """Faults with their conditions."""
    return [(name, one) for name in FAULTS for one in conditions_for(FAULTS[name], count)]


def points(count: int) -> list[tuple[str, Point]]:
    """Faults with their conditions; of those with two conditions a sample."""
    found = all_points(count)
    return CHANCE.sample(found, 20_000) if count > 1 else found


@pytest.mark.parametrize("count", [1, 2])
def test_a_mutant_is_a_fault_of_the_sandbox(count: int) -> None:
    """Each name of the product can be switched on, with one condition and with two."""
    for fault, conditions in CHANCE.sample(points(count), 200):
        name = name_of(fault, conditions)
        assert fault_named(name).name == name


def test_a_fault_is_narrowed_only_where_its_decision_is_taken() -> None:
    """A fault of listings knows no operation, and one of the token endpoint no condition."""
    assert region_of(FAULTS["limit-ignored"]).keys() == {
        "by",
        "matches",
        "state",
        "limit",
        "offset",
    }
    assert region_of(FAULTS["summary-missing"])["operation"] == ("dismiss", "complete", "cancel")
    assert region_of(FAULTS["prefix-match"])["operation"][0] == "list"
    assert region_of(FAULTS["wrong-secret-accepted"]) == {}
    assert region_of(FAULTS["refused-and-done-later"]) == {}


def test_equivalent_mutants_are_left_out_with_a_reason() -> None:
    """A mutant that no response can show is not in the product, alone or with another condition."""
    given = equivalence_of("list-ignores-userId", {"by": "eventName"})
    assert given == "the attribute is not given"
    assert equivalence_of("list-ignores-userId", {"by": "userId+status"}) is None
    names = set(narrow_mutants.mutants([FAULTS["list-ignores-userId"]], 1))
    assert "list-ignores-userId@by=eventName" not in names
    assert "list-ignores-userId@by=all" in names
    condition = {"by": "eventName", "limit": "1"}
    assert equivalence_of("list-ignores-userId", condition)


def test_permitted_mutants_are_left_out() -> None:
    """A mutant that does what a target may do is not in the product, and others of it are."""
    names = set(narrow_mutants.mutants([FAULTS["multiple-refused-with-409"]], 1))
    assert "multiple-refused-with-409@multiple=0" not in names
    assert "multiple-refused-with-409@multiple=absent" in names


@pytest.mark.parametrize(
    ("count", "table"),
    [(1, EQUIVALENT), (1, PERMITTED), (1, DEAR), (2, IMPOSSIBLE), (2, DEAR_TOGETHER)],
)
def test_each_row_of_the_tables_of_equivalent_mutants_is_needed(
    count: int, table: tuple[tuple[str, str], ...]
) -> None:
    """Each pattern leaves out some mutant."""
    names = [name_of(*point) for point in all_points(count)]
    for pattern, _ in table:
        assert any(map(re.compile(pattern).match, names)), pattern


def test_a_dear_mutant_is_left_out_and_counted() -> None:
    """A sample never holds what no contract tries, but its number is known."""
    fault = FAULTS["results-of-first-100"]
    names = list(narrow_mutants.mutants([fault], 1))
    assert "results-of-first-100@operation=complete" in names
    assert not any("@by=" in name for name in names)
    assert narrow_mutants.untried([fault], 1) == len(DIMENSIONS["by"])


def test_an_equivalent_mutant_does_not_show() -> None:
    """No response of a scripted session differs under a mutant that is called equivalent."""
    sound = list(transcript((), SMALL))
    names = [name_of(*point) for point in points(1) if equivalence_of(*point)]
    for name in CHANCE.sample(names, _TRIED):
        assert not differs((name,), SMALL, sound), name


def test_a_sample_takes_faults_in_turn_and_their_dimensions_alike() -> None:
    """Neither a fault of many conditions nor a dimension of many values crowds out the others."""
    names = [f"a@by={number}" for number in range(50)] + ["a@limit=1", "b@by=1", "c@by=1"]
    chosen = narrow_mutants.sample(names, 5, seed=1)
    assert sorted(map(narrow_mutants.broad, chosen)) == ["a", "a", "a", "b", "c"]
    assert "a@limit=1" in chosen
    assert sorted(narrow_mutants.sample(names, 100, seed=1)) == sorted(names)


def test_a_sample_depends_on_its_seed() -> None:
    """The same seed gives the same sample, and another seed another."""
    names = list(narrow_mutants.mutants(FAULTS.values(), 1))
    chosen = narrow_mutants.sample(names, 20, seed=1)
    assert chosen == narrow_mutants.sample(names, 20, seed=1)
    assert chosen != narrow_mutants.sample(names, 20, seed=2)


def test_a_mutant_runs_first_against_the_contracts_that_catch_its_fault() -> None:
    """The contracts of the fault's row come first, the others follow, and each comes once."""
    table = {"limit-ignored": ["PAGE-03", "PAGE-05"]}
    trial = narrow_mutants.trial_of("limit-ignored@by=userId", table)
    assert trial.fault == "limit-ignored@by=userId"
    assert trial.ends_early
    assert trial.only[:2] == ("PAGE-03", "PAGE-05")
    assert sorted(trial.only) == sorted(catalogue().requirements)


def test_results_are_kept_and_counted_by_level(tmp_path: Path) -> None:
    """A state file joins several goes, and a fault counts by what it violates."""
    table = {"a": ["PAGE-01"], "b": ["RESULT-05"]}
    names = ["a@1", "a@2", "b@1"]
    first = narrow_mutants.Results(tmp_path / "state")
    first.add("a@1", TrialResult(("PAGE-01",)))
    first.add("b@1", TrialResult(trouble="its process died"))
    second = narrow_mutants.Results(tmp_path / "state")
    assert second.missing(names) == ["a@2"]
    second.add("a@2", TrialResult())
    documented, inferred = second.tallies(names, table)
    assert str(documented) == "documented: 1 of 2 narrow faults are caught"
    assert documented.survivors == ("a@2",)
    assert inferred.survivors == ("b@1",)


def test_a_state_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    """The error names the line."""
    path = tmp_path / "state"
    path.write_text("[1]\n")
    with pytest.raises(MisuseError, match="state:1 is not a result of"):
        narrow_mutants.Results(path)


@pytest.fixture
def of_few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trials run the contracts of pages and tokens only, which take a second."""
    usual = mutation_testing._ARGUMENTS
    monkeypatch.setattr(
        mutation_testing, "_ARGUMENTS", (*usual, "-k", "pagination or authentication")
    )


def test_a_named_fault_that_its_usual_contracts_miss_meets_the_others(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """No fault is called caught by no requirement that a contract of another one catches."""
    usual = mutation_testing._ARGUMENTS
    monkeypatch.setattr(mutation_testing, "_ARGUMENTS", (*usual, "-k", "pagination"))
    monkeypatch.setattr(mutation_testing, "recorded", lambda: {"default-page-50": ["AUTH-01"]})
    assert main(["prove", "default-page-50", "--jobs", "1"]) == 0
    assert "PAGE-01" in capsys.readouterr().out


@pytest.mark.usefixtures("of_few")
def test_prove_honours_names(capsys: pytest.CaptureFixture[str]) -> None:
    """Only the faults that are named are proven, narrow ones among them."""
    assert main(["prove", "default-page-50", "default-page-50@limit=some", "--jobs", "1"]) == 1
    out, err = capsys.readouterr()
    assert out.splitlines() == [
        f"{'default-page-50':36} PAGE-01, PAGE-04",
        f"{'default-page-50@limit=some':36} NOT CAUGHT",
    ]
    assert "fault default-page-50@limit=some is caught by no requirement" in err


def test_prove_refuses_an_unknown_name(capsys: pytest.CaptureFixture[str]) -> None:
    """The error suggests the right name, before anything is run."""
    assert main(["prove", "default-page-51"]) == 2
    assert "did you mean default-page-50" in capsys.readouterr().err


@pytest.mark.usefixtures("of_few")
def test_narrow_faults_are_proven_once(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Survivors are listed, and a second go takes the results of the first from the state file."""
    state = tmp_path / "state"
    command = ["prove", "--narrow", *FOUND_AND_NOT, "--sample", "2", "--state", str(state)]
    assert main(command) == 1
    first = capsys.readouterr().out
    kept = state.read_text()
    assert len(kept.splitlines()) == 2
    assert first.startswith("survived: multiple-not-needed@")
    assert main(command) == 1
    assert "documented: 1 of 2 narrow faults are caught" in capsys.readouterr().out
    assert state.read_text() == kept
