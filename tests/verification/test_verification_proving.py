"""The proof of the suite: the shipped table, and the trials behind it."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_atomic_cards.rules.requirements import catalogue
from pytest_atomic_cards.sandbox import FAULTS
from pytest_atomic_cards.suite.mutation import mutation_testing
from pytest_atomic_cards.suite.mutation.forked_trials import ForkedTrial
from pytest_atomic_cards.suite.running.suite_runner import suite_directory
from pytest_atomic_cards.support.errors import MisuseError


def test_the_table_that_ships_has_no_gap():
    """A requirement catches each fault of the sandbox, and a fault violates each requirement."""
    assert mutation_testing.gaps(mutation_testing.recorded(), FAULTS) == []


def test_the_table_that_ships_knows_only_faults_and_requirements_that_exist():
    """No row or column belongs to a fault or requirement that no longer exists."""
    table = mutation_testing.recorded()
    assert table.keys() == FAULTS.keys()
    assert mutation_testing.requirements_in(table) <= catalogue().requirements.keys()


def test_gaps_are_told():
    """Faults that survive and requirements that no fault violates are reported."""
    gaps = mutation_testing.gaps({"some-fault": []}, ["some-fault"])
    assert gaps[0] == "fault some-fault is caught by no requirement"
    assert "requirement PAGE-01 is violated by no fault" in gaps


def test_few_trials_cover_the_table():
    """The trials of a proof cover each fault once, and each requirement at least once."""
    table = mutation_testing.recorded()
    trials = mutation_testing.covering(table)
    assert sorted(trial.fault for trial in trials) == sorted(table)
    assert {name for trial in trials for name in trial.only} == mutation_testing.requirements_in(
        table
    )


def test_a_trial_finds_what_its_fault_breaks(monkeypatch: pytest.MonkeyPatch):
    """A fault violates its requirement and no other; a sandbox without fault violates none."""
    usual = mutation_testing._ARGUMENTS
    monkeypatch.setattr(
        mutation_testing, "_ARGUMENTS", (*usual, "-k", "pagination or authentication")
    )
    trials = [
        ForkedTrial("default-page-50", ("PAGE-01", "PAGE-06")),
        ForkedTrial("any-token-accepted", ("AUTH-02",)),
        ForkedTrial("", ("PAGE-01", "AUTH-02")),
    ]
    told: list[str] = []
    table = mutation_testing.run_trials(trials, 1, lambda trial, _: told.append(trial.fault))
    assert table == {"default-page-50": ["PAGE-01"], "any-token-accepted": ["AUTH-02"], "": []}
    assert told == [trial.fault for trial in trials]


def test_trials_that_do_not_end_are_an_error(monkeypatch: pytest.MonkeyPatch):
    """An interrupted run gives no result, and the error shows what pytest printed."""
    monkeypatch.setattr(mutation_testing, "_ARGUMENTS", ("--no-such-option",))
    with pytest.raises(MisuseError, match=r"did not end: .*no-such-option"):
        mutation_testing.run_trials([ForkedTrial("")], 1, lambda *_: None)


def test_the_page_of_the_contract_is_up_to_date():
    """contracts/README.md is generated from the catalogue and the table."""
    page = suite_directory().joinpath("README.md").read_text("utf-8")
    assert page == mutation_testing.readme(mutation_testing.recorded())


def test_the_file_of_the_table_reads_back(tmp_path: Path):
    """A written table is read back unchanged."""
    table = {"b-fault": ["PAGE-01", "PAGE-02"], "a-fault": ["QUERY-01"]}
    mutation_testing.write(table, tmp_path)
    text = tmp_path.joinpath(mutation_testing.FILE).read_text("utf-8")
    assert 'a-fault = ["QUERY-01"]\nb-fault = ["PAGE-01", "PAGE-02"]\n' in text
