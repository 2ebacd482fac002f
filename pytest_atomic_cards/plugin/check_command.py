"""The command ``atomic-cards check``: runs pytest on the contract suite."""

from __future__ import annotations

import gc
import re
import sys
from collections.abc import Sequence
from importlib import import_module
from itertools import takewhile
from pathlib import Path
from typing import Final

from pytest_atomic_cards.model.option import INI_PREFIX
from pytest_atomic_cards.model.options import OPTIONS
from pytest_atomic_cards.support.errors import MisuseError
from pytest_atomic_cards.support.printable import printable
from pytest_atomic_cards.support.suggestions import suggestion

REPORT_DIRECTORY: Final = "cards-report"
"""Where ``--cards-report`` writes if it is given no directory."""
_ALLOCATIONS: Final = 20_000
"""Objects between two garbage collections: with Python's 700 a check spends a tenth of its time on
them; with 200,000 it takes 280 MB against a live target, and 125 MB with this number."""
_CACHE: Final = Path(".pytest_cache", "atomic-cards")
"""Where --lf and --sw remember the last run, below the directory of the command: that of the suite
is shared by projects, and may not be writable."""
_NO_CACHE_IS_FINE: Final = "ignore::pytest.PytestCacheWarning"
_OPTIONS: Final = [option.command_line for option in OPTIONS if option.flag]
_REQUIREMENT: Final = re.compile("[A-Z]+-[0-9]{2}", re.IGNORECASE)


def check(arguments: Sequence[str], further: Sequence[object] = ()) -> int:
    """Run the contract suite against the target, ignoring pytest options of the project.

    Args:
        arguments: Options of ours and of pytest, such as ``--cards-report DIR`` or ``-k``.
        further: Plugins in addition to our own.

    Returns:
        0 only if no documented requirement is violated, and each one that was exercised could be
        decided; the others are in ``check --help``.
    """
    import pytest

    from pytest_atomic_cards.suite.running.suite_runner import (
        SUITE,
        TERMINAL_ARGUMENTS,
        runs_elsewhere,
    )

    if {"-h", "--help"}.intersection(takewhile(lambda one: one != "--", arguments)):
        from pytest_atomic_cards.plugin.check_help import help_of_check

        print(help_of_check())  # noqa: T201 - a command's own output
        return 0
    try:
        arguments = _with_values(arguments)
    except MisuseError as error:
        print(f"atomic-cards: {error}", file=sys.stderr)  # noqa: T201 - a command's own output
        return int(pytest.ExitCode.USAGE_ERROR)
    plugins: list[object] = [_Frozen, *further]
    if runs_elsewhere(arguments):
        plugins.append(import_module(f"{SUITE}.conftest"))
        command = _elsewhere(arguments)
    else:
        command = _here(arguments)
    if not {"no:terminal", "-pno:terminal"} & set(arguments):
        command = [*TERMINAL_ARGUMENTS, *command]
    usual = gc.get_threshold()
    gc.set_threshold(_ALLOCATIONS, *usual[1:])
    try:
        return int(pytest.main(command, plugins))
    finally:
        gc.unfreeze()
        gc.set_threshold(*usual)


def _here(arguments: Sequence[str]) -> list[str]:
    from pytest_atomic_cards.suite.running.suite_runner import OVERRIDES, suite_directory

    here = Path.cwd()
    cache = ["-o", f"cache_dir={here / _CACHE}", "-W", _NO_CACHE_IS_FINE]
    return [
        *OVERRIDES,
        *cache,
        *settings_file(here),
        *_hook_file(here),
        *arguments,
        str(suite_directory()),
    ]


def _elsewhere(arguments: Sequence[str]) -> list[str]:
    """Arguments for tests on another machine, where paths of this one mean nothing."""
    from pytest_atomic_cards.suite.running.suite_runner import (
        PYTEST_ARGUMENTS,
        SUITE,
        with_values_joined,
    )

    return [*PYTEST_ARGUMENTS, "--pyargs", *with_values_joined(arguments), SUITE]


def _with_values(arguments: Sequence[str]) -> list[str]:
    """Arguments in which each option of ours has its value.

    Without one it would take the next argument for it, which is the directory of the suite.

    Raises:
        MisuseError: An option lacks a value and has no usual one.
    """
    from pytest_atomic_cards.suite.running.suite_runner import WITH_VALUE

    given: list[str] = []
    for before, argument, following in zip(
        ["", *arguments], arguments, [*arguments[1:], "-"], strict=False
    ):
        _refuse_mistyped(before, argument)
        given.append(argument)
        if argument in WITH_VALUE and following.startswith("-"):
            if argument != "--cards-report":
                raise MisuseError(f"{argument} needs a value: {argument} {WITH_VALUE[argument]}")
            given.append(REPORT_DIRECTORY)
    return given


def _refuse_mistyped(before: str, argument: str) -> None:
    """Raise for what pytest would take for an option or a file that does not exist.

    Raises:
        MisuseError: A requirement stands where a file does, or no option has the name.
    """
    if _REQUIREMENT.fullmatch(argument) and not before.startswith("-"):
        raise MisuseError(f"to check one requirement: --cards-only {argument.upper()}")
    name = argument.partition("=")[0]
    if name.startswith("--cards-") and name not in _OPTIONS:
        raise MisuseError(f"there is no option {printable(name)!r}; {suggestion(name, _OPTIONS)}")


class _Frozen:
    """Freezes long-lived objects, such as modules and tests, out of the garbage collector.

    At the end of the run those are the results, which pytest would otherwise search for garbage.
    """

    @staticmethod
    def pytest_collection_finish() -> None:
        gc.freeze()

    @staticmethod
    def pytest_sessionfinish() -> None:
        gc.freeze()


def settings_file(directory: Path) -> list[str]:
    """Arguments that name the file of a project in which ini options of ours are set, if any."""
    for name in ("pytest.toml", "pytest.ini", "pyproject.toml", "tox.ini", "setup.cfg"):
        path = directory / name
        try:
            if INI_PREFIX in path.read_text("utf-8"):
                return ["-c", str(path), "--rootdir", str(directory)]
        except (OSError, UnicodeDecodeError):
            continue
    return []


def _hook_file(directory: Path) -> list[str]:
    """Arguments that load a project's ``conftest.py`` if it implements our hook.

    Otherwise pytest would not, as the tests of the suite lie elsewhere.
    """
    try:
        text = (directory / "conftest.py").read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return []
    if "pytest_atomic_cards_seed" not in text:
        return []
    sys.path.insert(0, str(directory))
    return ["-p", "conftest"]
