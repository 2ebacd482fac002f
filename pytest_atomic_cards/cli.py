"""The command ``atomic-cards``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import resources
from importlib.metadata import version
from pathlib import Path

from pytest_atomic_cards.errors import AtomicCardsError

_ISOLATION = (
    "addopts=",
    "filterwarnings=",
    "python_files=test_*.py",
    "python_classes=Test*",
    "python_functions=test_*",
    "usefixtures=",
    "log_cli=false",
    "xfail_strict=false",
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given[:1] == ["check"]:
        return check(given[1:])
    parsed = _parser().parse_args(given)
    try:
        return int(parsed.run(parsed))
    except AtomicCardsError as error:
        print(f"atomic-cards: {error}", file=sys.stderr)  # noqa: T201 - a command's own output
        return 2


def check(pytest_arguments: Sequence[str]) -> int:
    """Run the contract suite against the target; ini options of the project's tests are set aside.

    Args:
        pytest_arguments: Further arguments for pytest, such as ``--cards-report DIR`` or ``-k``.

    Returns:
        0 only if no documented requirement is violated, and each one that was exercised could be
        decided.
    """
    import pytest

    suite = Path(str(resources.files("pytest_atomic_cards.contracts")))
    overrides = [argument for option in _ISOLATION for argument in ("-o", option)]
    return int(
        pytest.main(
            [
                *overrides,
                "-q",
                "--tb=no",
                "--show-capture=no",
                "-p",
                "no:cacheprovider",
                "-r",
                "",
                *pytest_arguments,
                str(suite),
            ]
        )
    )


def sandbox(arguments: argparse.Namespace) -> int:
    """Serve the sandbox on loopback until it is told to stop."""
    from pytest_atomic_cards.sandbox.server import run_sandbox

    return run_sandbox(port=arguments.port, db=arguments.db, faults=arguments.fault)


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
    serve = commands.add_parser("sandbox", help="serve the sandbox on loopback")
    serve.add_argument("--port", type=_port, default=0, help="port to listen on; 0 for a free one")
    serve.add_argument("--db", type=Path, metavar="FILE", help="keep the cards in this file")
    serve.add_argument(
        "--fault", action="append", default=[], metavar="NAME", help="switch on a named fault"
    )
    serve.set_defaults(run=sandbox)
    return parser


def _port(text: str) -> int:
    try:
        port = int(text)
    except ValueError:
        port = -1
    if not 0 <= port < 65_536:  # noqa: PLR2004 - TCP ports
        raise argparse.ArgumentTypeError(f"a port is a number from 0 to 65535, not {text!r}")
    return port
