"""How the installed suite is run: where it is, and with which of pytest's own options."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Final

PYTEST_ARGUMENTS: Final = (
    *(
        argument
        for option in (
            "addopts=",
            "required_plugins=",
            "minversion=",
            "filterwarnings=",
            "python_files=test_*.py",
            "python_classes=Test*",
            "python_functions=test_*",
            "usefixtures=",
            "log_cli=false",
            "xfail_strict=false",
        )
        for argument in ("-o", option)
    ),
    *(
        "-p",
        "no:cacheprovider",
        "-p",
        "no:schemathesis",
        "--assert=plain",
    ),
)
"""Arguments that set the options of a project's own tests aside."""
TERMINAL_ARGUMENTS: Final = ("-q", "--tb=no", "--show-capture=no", "-r", "")
"""Arguments that leave failures to our own summary, where pytest writes to the terminal at all."""


def suite_directory() -> Path:
    """Where the contract suite is installed."""
    return Path(str(resources.files("pytest_atomic_cards.contracts")))
