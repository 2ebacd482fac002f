"""The table of coverage has a value or a reason in every cell, and is the one that ships."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path
from types import ModuleType

import pytest

from pytest_atomic_cards.model.request_space import DIMENSIONS
from pytest_atomic_cards.plugin.cli import main
from pytest_atomic_cards.rules.requirements import catalogue
from pytest_atomic_cards.suite.experiments import (
    action_oracle,
    coverage_table,
    listing_oracle,
    result_oracle,
)
from pytest_atomic_cards.suite.experiments.claims import BESIDES, CLAIMS
from pytest_atomic_cards.suite.experiments.coverage_table import FILE, cells, gaps, table
from pytest_atomic_cards.suite.running.suite_runner import suite_directory


def test_every_hole_has_a_reason() -> None:
    """Each documented requirement has experiments or a reason, and so has each value it names."""
    assert gaps() == []


def test_the_table_that_ships_is_current() -> None:
    """The written table is the one that the rows give now."""
    assert suite_directory().joinpath(FILE).read_text("utf-8") == table()


def test_every_cell_judges_something() -> None:
    """No requirement claims a dimension at which no experiment judges it."""
    assert [(cell.requirement, cell.dimension) for cell in cells() if not cell.covered] == []


def test_claims_name_dimensions_of_the_space() -> None:
    """A claim quantifies over dimensions that there are."""
    assert {name for claim in CLAIMS.values() for name in (*claim.over, *claim.about)} <= {
        *DIMENSIONS
    }


@pytest.mark.parametrize("oracle", [action_oracle, listing_oracle, result_oracle])
def test_whatever_an_oracle_finds_is_judged(oracle: ModuleType) -> None:
    """A contract checks each requirement that an oracle names, so that no finding is lost."""
    constants = (
        node.value
        for node in ast.walk(ast.parse(inspect.getsource(oracle)))
        if isinstance(node, ast.Constant)
    )
    named = {one for one in constants if one in catalogue().requirements}
    assert named
    assert named <= {*CLAIMS, *BESIDES}


def test_a_hole_without_a_reason_fails(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command writes the table, names the hole, and ends with exit code 1."""
    holes = {name: reasons for name, reasons in coverage_table.HOLES.items() if name != "by"}
    monkeypatch.setattr(coverage_table, "HOLES", holes)
    assert main(["coverage", "--write", str(tmp_path)]) == 1
    assert "by=status" in capsys.readouterr().err
    assert tmp_path.joinpath(FILE).read_text("utf-8").startswith("# Coverage")
