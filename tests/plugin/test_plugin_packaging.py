"""What is installed: every package, every data file, every setting in a README."""

from __future__ import annotations

import tomllib
from pathlib import Path

from pytest_atomic_cards.model import options

ROOT = Path(__file__).parents[2]


def test_every_package_is_installed():
    """No folder with Python modules is missing from the list of packages."""
    listed = set(
        tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    )
    folders = {path.parent for path in (ROOT / "pytest_atomic_cards").rglob("*.py")}
    names = {".".join(folder.relative_to(ROOT).parts) for folder in folders}
    assert listed == names | {"pytest_atomic_cards.contracts"}


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
