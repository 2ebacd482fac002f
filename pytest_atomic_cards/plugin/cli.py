"""The command ``atomic-cards``."""

from __future__ import annotations

import argparse
import gc
import os
import sys
from collections.abc import Collection, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Final

from pytest_atomic_cards.plugin.audit_command import add_audit
from pytest_atomic_cards.plugin.check_command import check, settings_file
from pytest_atomic_cards.plugin.completion_command import add_completion
from pytest_atomic_cards.plugin.coverage_command import add_coverage
from pytest_atomic_cards.plugin.look_up_commands import add_look_ups
from pytest_atomic_cards.plugin.openapi_command import add_openapi
from pytest_atomic_cards.plugin.price_command import add_price
from pytest_atomic_cards.plugin.prove_command import add_prove
from pytest_atomic_cards.plugin.sandbox_command import add_sandbox_parser
from pytest_atomic_cards.support.errors import AtomicCardsError
from pytest_atomic_cards.support.printable import escape_unencodable, printable
from pytest_atomic_cards.support.suggestions import suggestion

_NOBODY_READS: Final = 141
"""The exit code that shells give a process which SIGPIPE ends."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    escape_unencodable(sys.stdout)
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given[:1] == ["check"]:
        code = check(given[1:])
        if arguments is None:  # the process ends: spare it a last garbage collection
            gc.freeze()
        return code
    parser, commands = _parser()
    if given and not given[0].startswith("-") and given[0] not in commands:
        hint = suggestion(given[0], commands)
        parser.error(f"there is no command {printable(given[0])!r}; {hint}")
    parsed, parsed_not = parser.parse_known_args(given)
    if hasattr(parsed, "options"):
        parsed.options = parsed_not
    elif parsed_not:
        parser.error(f"unrecognized arguments: {' '.join(parsed_not)}")
    try:
        code = int(parsed.run(parsed))
        sys.stdout.flush()
    except BrokenPipeError:  # nobody reads on, as in "atomic-cards faults | head"
        sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - until the end
        return _NOBODY_READS
    except AtomicCardsError as error:
        print(f"atomic-cards: {error}", file=sys.stderr)  # noqa: T201 - a command's own output
        return 2
    return code


def clean(arguments: argparse.Namespace) -> int:
    """Cancel what crashed runs have left open on the live target that the settings name."""
    from pytest_atomic_cards.plugin.clean_command import clean_up

    given = [*settings_file(Path.cwd()), *arguments.options]
    return clean_up(arguments.journal, arguments.discard, given)


def _parser() -> tuple[argparse.ArgumentParser, Collection[str]]:
    """The parser, and the names of the commands.

    Where a parser sets ``options``, they get the options of settings, which only pytest knows.
    """
    parser = argparse.ArgumentParser(
        prog="atomic-cards", description="Contract tests and a sandbox for the Atomic Cards API."
    )
    parser.add_argument(
        "--version", action="version", version=f"%(prog)s {version('pytest-atomic-cards')}"
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    commands.add_parser(
        "check",
        help="run the contract suite against the target; 'check --help' lists its options",
        add_help=False,
    )
    add_prove(commands)
    add_look_ups(commands)
    add_coverage(commands)
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
    tidy.set_defaults(run=clean, options=())
    add_audit(commands)
    add_openapi(commands)
    add_price(commands)
    add_sandbox_parser(commands)
    add_completion(commands)
    return parser, commands.choices
