"""Recipe: a live environment checked each night; its workflow is ``contract.yml``."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

from pytest_atomic_cards.model.options import OPTIONS
from pytest_atomic_cards.plugin.cli import main

WORKFLOW: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("contract.yml").read_text())
JOB = WORKFLOW["jobs"]["contract"]
PREFIX = "atomic-cards "


def test_the_workflow_sets_only_what_there_is():
    """Each variable that it sets is a setting, and what a live target needs is among them."""
    known = {option.environment_variable for option in OPTIONS}
    assert JOB["env"].keys() <= known
    assert "ATOMIC_CARDS_CLIENT_SECRET" in JOB["env"]


def test_its_commands_are_ones_that_there_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    """The check takes the options it is given, here to the point of knowing what it would run."""
    monkeypatch.chdir(tmp_path)
    Path("cards-profile.toml").write_text("")
    commands = [step["run"] for step in JOB["steps"] if "run" in step]
    check, clean = (shlex.split(one) for one in commands if one.startswith(PREFIX))

    assert main([*check[1:], "--collect-only"]) == 0
    assert "test_offset_counts_cards" in capsys.readouterr().out
    with pytest.raises(SystemExit, match="0"):
        main([*clean[1:], "--help"])
