"""The command ``atomic-cards``."""

from __future__ import annotations

import argparse
import gc
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Final

from pytest_atomic_cards.plugin.audit_command import add_audit
from pytest_atomic_cards.plugin.openapi_command import add_openapi
from pytest_atomic_cards.plugin.price_command import add_price
from pytest_atomic_cards.plugin.prove_command import add_prove
from pytest_atomic_cards.plugin.sandbox_command import add_sandbox_parser
from pytest_atomic_cards.support.errors import AtomicCardsError
from pytest_atomic_cards.support.printable import escape_unencodable

_INI_PREFIX: Final = "atomic_cards_"
_ALLOCATIONS: Final = 20_000
"""Objects between two garbage collections: with Python's 700 a check spends a tenth of its time on
them; with 200,000 it takes 280 MB against a live target, and 125 MB with this number."""
_OF_THE_CACHE: Final = frozenset(
    (
        *("--lf", "--last-failed", "--ff", "--failed-first", "--nf", "--new-first", "--sw"),
        *("--stepwise", "--sw-skip", "--stepwise-skip", "--cache-show", "--cache-clear"),
    )
)
"""Options of pytest that need its cache, which would be in the directory of the suite."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    escape_unencodable(sys.stdout)
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given[:1] == ["check"]:
        code = check(given[1:])
        if arguments is None:  # the process ends: spare it a last garbage collection
            gc.freeze()
        return code
    parser = _parser()
    parsed, parsed_not = parser.parse_known_args(given)
    if parsed.run is clean:
        parsed.options = parsed_not
    elif parsed_not:
        parser.error(f"unrecognized arguments: {' '.join(parsed_not)}")
    try:
        return int(parsed.run(parsed))
    except AtomicCardsError as error:
        print(f"atomic-cards: {error}", file=sys.stderr)  # noqa: T201 - a command's own output
        return 2


def check(pytest_arguments: Sequence[str], further: Sequence[object] = ()) -> int:
    """Run the contract suite against the target, ignoring pytest options of the project.

    Args:
        pytest_arguments: Further arguments for pytest, such as ``--cards-report DIR`` or ``-k``.
        further: Plugins in addition to our own.

    Returns:
        0 only if no documented requirement is violated, and each one that was exercised could be
        decided.
    """
    import pytest

    from pytest_atomic_cards.suite.suite_runner import (
        PYTEST_ARGUMENTS,
        SUITE,
        TERMINAL_ARGUMENTS,
        runs_elsewhere,
        suite_directory,
        with_values_joined,
    )

    needs_cache = _OF_THE_CACHE.intersection(pytest_arguments)
    if needs_cache and not {"cacheprovider", "-pcacheprovider"}.intersection(pytest_arguments):
        print(  # noqa: T201 - a command's own output
            f"atomic-cards: {min(needs_cache)} needs pytest's cache, which check leaves off; add "
            "'-p cacheprovider' to this run and to the one before",
            file=sys.stderr,
        )
        return int(pytest.ExitCode.USAGE_ERROR)
    plugins: list[object] = [_Frozen, *further]
    if runs_elsewhere(pytest_arguments):  # where paths of this machine mean nothing
        own, suite = [*PYTEST_ARGUMENTS, "--pyargs"], SUITE
        plugins.append(import_module(f"{SUITE}.conftest"))
        pytest_arguments = with_values_joined(pytest_arguments)
    else:
        own = [*PYTEST_ARGUMENTS, *_settings_file(Path.cwd()), *_hook_file(Path.cwd())]
        suite = str(suite_directory())
    if not {"no:terminal", "-pno:terminal"} & set(pytest_arguments):
        own += TERMINAL_ARGUMENTS
    usual = gc.get_threshold()
    gc.set_threshold(_ALLOCATIONS, *usual[1:])
    try:
        return int(pytest.main([*own, *pytest_arguments, suite], plugins))
    finally:
        gc.unfreeze()
        gc.set_threshold(*usual)


class _Frozen:
    """Freezes long-lived objects, such as modules and tests, out of the garbage collector."""

    @staticmethod
    def pytest_collection_finish() -> None:
        gc.freeze()


def _settings_file(directory: Path) -> list[str]:
    """Arguments that name the file of a project in which ini options of ours are set, if any."""
    for name in ("pytest.toml", "pytest.ini", "pyproject.toml", "tox.ini", "setup.cfg"):
        path = directory / name
        try:
            if _INI_PREFIX in path.read_text("utf-8"):
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


def explain(arguments: argparse.Namespace) -> int:
    """Explain requirements, faults and open questions."""
    from pytest_atomic_cards.reporting import explanations

    print("\n\n".join([explanations.explain(name) for name in arguments.names]))  # noqa: T201
    return 0


def clean(arguments: argparse.Namespace) -> int:
    """Cancel what crashed runs have left open on the live target that the settings name."""
    from pytest_atomic_cards.plugin.clean_command import clean_up

    given = [*_settings_file(Path.cwd()), *arguments.options]
    return clean_up(arguments.journal, arguments.discard, given)


def settings(_: argparse.Namespace) -> int:
    """List all settings, with their names in each place where they can be given."""
    from pytest_atomic_cards.model.options import OPTIONS, PLACES

    print(PLACES)  # noqa: T201 - a command's own output
    for option in OPTIONS:
        print(f"\n{option.name}: {option.help}\n    {option.names}")  # noqa: T201
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="atomic-cards", description="Contract tests and a sandbox for the Atomic Cards API."
    )
    parser.add_argument(
        "--version", action="version", version=f"%(prog)s {version('pytest-atomic-cards')}"
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    commands.add_parser(
        "check",
        help="run the contract suite against the target; takes pytest's own arguments",
        add_help=False,
    )
    add_prove(commands)
    tell = commands.add_parser("explain", help="explain a requirement and how it is tested")
    tell.add_argument(
        "names", nargs="+", metavar="ID", help="such as PAGE-01; or a fault, or an open question"
    )
    tell.set_defaults(run=explain)
    tidy = commands.add_parser(
        "clean",
        help="cancel what crashed live runs have left open; takes options such as --cards-max-rate",
    )
    tidy.add_argument(
        "--journal",
        type=Path,
        metavar="FILE",
        help="journal of one run; default: all of the target",
    )
    tidy.add_argument(
        "--discard",
        action="append",
        default=[],
        metavar="ID",
        help="forget a start that an earlier clean-up reported by this id; may be repeated",
    )
    tidy.set_defaults(run=clean)
    listed = commands.add_parser("settings", help="list all settings and where to give them")
    listed.set_defaults(run=settings)
    add_audit(commands)
    add_openapi(commands)
    add_price(commands, check)
    add_sandbox_parser(commands)
    return parser
