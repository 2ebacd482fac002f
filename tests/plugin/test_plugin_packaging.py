"""What is installed: every package, every data file, every setting in a README."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder

from pytest_atomic_cards.model import options
from pytest_atomic_cards.suite.running.suite_runner import suite_directory

ROOT = Path(__file__).parents[2]
SUFFIXES = {".py", ".toml", ".yaml", ".html", ".css", ".typed", ".md"}


def test_every_file_is_installed():
    """The wheel has each module and data file, and the contract suite as a subpackage."""
    wheel = {file.distribution_path for file in WheelBuilder(str(ROOT)).recurse_included_files()}
    files = {
        f"{prefix}{path.relative_to(ROOT).as_posix()}"
        for prefix, folder in (("", "pytest_atomic_cards"), ("pytest_atomic_cards/", "contracts"))
        for path in (ROOT / folder).rglob("*")
        if path.suffix in SUFFIXES
    }
    assert wheel == files


def test_a_checkout_runs_its_own_contracts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package takes the contracts beside it, and refuses those of another checkout."""
    assert suite_directory() == ROOT / "contracts"
    for folder in ("pytest_atomic_cards", "contracts"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=ignored)
    arguments = ["pytest", "-q", "contracts/test_pagination.py", "--cards-only", "PAGE-01"]
    mixed = run_there(tmp_path, "-c", "import sys, pytest; sys.exit(pytest.main())", *arguments[1:])
    assert mixed.returncode == pytest.ExitCode.USAGE_ERROR
    assert f"not those of the installed package, {ROOT / 'contracts'}; run" in mixed.stderr
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    for suite in (arguments[2], "--pyargs=pytest_atomic_cards.contracts.test_pagination"):
        own = run_there(tmp_path, "-m", "pytest", "-q", *suite.split("="), *arguments[3:])
        assert "1 passed" in own.stdout, own.stdout + own.stderr


def run_there(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python in a directory, which ``-P`` keeps off the import path."""
    return subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-P", *arguments],
        cwd=directory,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_readme_names_every_setting():
    """The contract's README has each environment variable and each option of the command line."""
    readme = (ROOT / "contracts/README.md").read_text("utf-8")
    for option in options.OPTIONS:
        assert option.environment_variable in readme
        assert not option.flag or option.command_line in readme


def test_only_agreed_folders_are_at_the_top():
    """The top level holds no folder but those that the project is meant to have."""
    ignored = (ROOT / ".gitignore").read_text().split()
    folders = {path.name for path in ROOT.iterdir() if path.is_dir()}
    extra = folders - {"pytest_atomic_cards", "contracts", "tests", "cassettes", ".ci", ".git"}
    assert all(f"{name}/" in ignored or name.endswith(".egg-info") for name in extra)
