"""The commands that look things up: ``explain``, ``faults`` and ``settings``."""

from __future__ import annotations

import argparse
from typing import Any

from pytest_atomic_cards.support.errors import MisuseError


def add_look_ups(commands: Any) -> None:  # noqa: ANN401 - argparse has no public name for it
    """Add the commands to the subcommands of a parser."""
    explained = commands.add_parser(
        "explain", help="explain a requirement, a fault, an open question or a setting"
    )
    explained.add_argument(
        "names",
        nargs="*",
        metavar="NAME",
        help="such as PAGE-01, offset-counts-pages, order or --cards-max-rate",
    )
    explained.set_defaults(run=explain, options=())
    listed = commands.add_parser("faults", help="list the faults of the sandbox, or search them")
    listed.add_argument(
        "words",
        nargs="*",
        metavar="WORD",
        help="show only faults with all of these words in name, description or requirements",
    )
    listed.set_defaults(run=faults)
    all_settings = commands.add_parser("settings", help="list all settings and where to give them")
    all_settings.set_defaults(run=settings)


def explain(arguments: argparse.Namespace) -> int:
    """Explain requirements, faults, open questions and settings."""
    from pytest_atomic_cards.reporting import explanations

    names = [*arguments.names, *arguments.options]
    if not names:
        raise MisuseError("explain needs a name, such as PAGE-04 or --cards-max-rate")
    print("\n\n".join([explanations.explain(name) for name in names]))  # noqa: T201
    return 0


def faults(arguments: argparse.Namespace) -> int:
    """List the faults that a search finds; returns 1 if it finds none."""
    from pytest_atomic_cards.reporting.explanations import faults_with

    found = list(faults_with(arguments.words))
    print("\n".join(found) or f"no fault has {' '.join(arguments.words)!r}")  # noqa: T201
    return 0 if found else 1


def settings(_: argparse.Namespace) -> int:
    """List all settings, with their names in each place where they can be given."""
    from pytest_atomic_cards.model.options import OPTIONS, PLACES

    print(PLACES)  # noqa: T201 - a command's own output
    for option in OPTIONS:
        print(f"\n{option.name}: {option.help}\n    {option.names}")  # noqa: T201
    return 0
