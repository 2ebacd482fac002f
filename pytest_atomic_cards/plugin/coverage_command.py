"""The command ``atomic-cards coverage``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any


def add_coverage(commands: Any) -> None:  # noqa: ANN401 - argparse's subparsers are private
    """Add the command to a parser."""
    shown = commands.add_parser(
        "coverage", help="show which requests each requirement is judged at, and why not at others"
    )
    shown.add_argument(
        "--write", type=Path, metavar="DIR", help="write coverage.md there instead of printing it"
    )
    shown.set_defaults(run=coverage)


def coverage(arguments: argparse.Namespace) -> int:
    """Print or write the table; the exit code is 1 if a hole in it has no reason."""
    from pytest_atomic_cards.suite.experiments.coverage_table import FILE, gaps, table
    from pytest_atomic_cards.support.files import write_text

    if arguments.write:
        write_text(arguments.write / FILE, table())
    else:
        sys.stdout.write(table())
    missing = gaps()
    for gap in missing:
        sys.stderr.write(f"{gap}\n")
    return 1 if missing else 0
