"""Where the installed suite is, and the pytest options that it runs with."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from importlib import resources
from itertools import pairwise
from pathlib import Path
from typing import Final

from pytest_atomic_cards.model import setting_parsers
from pytest_atomic_cards.model.options import OPTIONS

OVERRIDES: Final = (
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
        "atomic_cards",  # our own plugin, in case that autoload is off
        "-p",
        "no:schemathesis",
        "--assert=plain",
        "-W",  # what is set above may belong to a plugin that the user switches off
        "ignore:Unknown config option:pytest.PytestConfigWarning",
    ),
)
"""Arguments that override the pytest options of the user's project."""
PYTEST_ARGUMENTS: Final = (*OVERRIDES, "-p", "no:cacheprovider")
"""The same for runs that leave no cache behind."""
TERMINAL_ARGUMENTS: Final = ("-q", "--tb=no", "--show-capture=no", "-rN")
"""Arguments for the terminal: our own summary shows the failures."""


_ELSEWHERE: Final = re.compile("(ssh|socket|chdir)=")
WITH_VALUE: Final = {
    option.command_line: option.metavar or "VALUE"
    for option in OPTIONS
    if option.flag and option.parse is not setting_parsers.truth
}
"""The options of ours that take a value, with what to write for it."""
SUITE: Final = "pytest_atomic_cards.contracts"
"""The package of the contract suite."""


def suite_directory() -> Path:
    """The directory of the installed contract suite."""
    return Path(str(resources.files(SUITE)))


def runs_elsewhere(arguments: Sequence[str]) -> bool:
    """Whether pytest-xdist is to run tests on another machine or in another directory."""
    return any(
        _ELSEWHERE.search(argument)
        for option, argument in pairwise(("", *arguments))
        if option == "--tx" or argument.startswith("--tx=")
    )


def with_values_joined(arguments: Iterable[str]) -> list[str]:
    """Arguments with each option of ours joined to its value by ``=``.

    If tests run elsewhere, pytest-xdist mistakes any argument that is an existing path for tests.
    """
    left = iter(arguments)
    return [f"{one}={next(left, '')}" if one in WITH_VALUE else one for one in left]
