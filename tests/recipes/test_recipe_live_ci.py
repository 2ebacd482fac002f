"""Recipe: a live environment checked on GitHub Actions, GitLab CI and Jenkins."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_atomic_cards.model.options import OPTIONS
from pytest_atomic_cards.plugin.cli import main

HERE = Path(__file__).parent
FILES = ("contract.yml", "gitlab-ci.yml", "Jenkinsfile")
SCHEMAS = {
    "contract.yml": ["vendor.github-workflows"],
    "gitlab-ci.yml": ["vendor.gitlab-ci", "--data-transform", "gitlab-ci"],
}
"""Those of SchemaStore, as check-jsonschema has them; there is none for a Jenkinsfile."""
VARIABLE = re.compile(r"\bATOMIC_CARDS_[A-Z_]+")
COMMAND = re.compile(r"\batomic-cards (check|clean)([^'\n]*)")


@pytest.fixture(params=FILES)
def pipeline(request: pytest.FixtureRequest) -> str:
    """The text of one of the files."""
    return (HERE / request.param).read_text("utf-8")


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_file_has_the_form_that_its_service_expects(name: str):
    """The schema of the service accepts the file."""
    pytest.importorskip("check_jsonschema")
    command = ["-m", "check_jsonschema", "--builtin-schema", *SCHEMAS[name], str(HERE / name)]
    done = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, *command], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def test_the_brackets_of_the_jenkinsfile_match():
    """Each bracket that is opened is closed, in the right order."""
    text = re.sub(r"//.*|'[^']*'|\"[^\"]*\"", "", (HERE / "Jenkinsfile").read_text("utf-8"))
    brackets = "".join(re.findall(r"[(){}\[\]]", text))
    while (shorter := re.sub(r"\(\)|\{\}|\[\]", "", brackets)) != brackets:
        brackets = shorter
    assert not brackets


def test_the_pipeline_sets_only_what_there_is(pipeline: str):
    """Each variable that it names is a setting, and what a live target needs is among them."""
    known = {option.environment_variable for option in OPTIONS}
    named = set(VARIABLE.findall(pipeline))
    assert named <= known
    assert {"ATOMIC_CARDS_TARGET", "ATOMIC_CARDS_CLIENT_SECRET"} <= named


def test_its_commands_are_ones_that_there_are(
    pipeline: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    """The check takes the options it is given, here to the point of knowing what it would run."""
    monkeypatch.chdir(tmp_path)
    Path("cards-profile.toml").write_text("")
    commands = {name: shlex.split(rest) for name, rest in COMMAND.findall(pipeline)}

    assert main(["check", *commands["check"], "--collect-only"]) == 0
    assert "test_offset_counts_cards" in capsys.readouterr().out
    with pytest.raises(SystemExit, match="0"):
        main(["clean", *commands["clean"], "--help"])
