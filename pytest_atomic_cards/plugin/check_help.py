"""The help of ``atomic-cards check``: its own options first, then what is useful of pytest's."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from pytest_atomic_cards.model.options import OPTIONS

EXIT_CODES: Final[Mapping[int, str]] = {
    0: "nothing documented is violated, and all that was exercised could be decided",
    1: "something is violated, drifted or inconclusive, or the run had trouble",
    2: "interrupted, or stopped by --sw",
    3: "an error inside pytest or this package",
    4: "a wrong option or setting; nothing was sent",
    5: "no contract was selected",
}
"""What each exit code of a check means."""
_SYNOPSIS: Final = "atomic-cards check [--cards-OPTION VALUE]... [PYTEST OPTION]..."
_OF_PYTEST: Final[Mapping[str, str]] = {
    "-k EXPRESSION": "run only the contracts whose names match",
    "-x, --maxfail NUM": "stop after the first failure, or after NUM",
    "--lf, --ff": "run only what failed last time, or that first",
    "--sw": "stop at a failure, and go on from there the next time",
    "-n NUM": "run in NUM processes; needs pytest-xdist",
    "--collect-only": "list the contracts without running them",
    "--tb STYLE, -l, --pdb": "show tracebacks and variables, or enter the debugger",
    "-p no:NAME": "leave a plugin of pytest off",
    "-v, -q": "say more or less; -v names all that was not exercised",
}
_EXAMPLES: Final[Mapping[str, str]] = {
    "atomic-cards check": "the embedded sandbox",
    "atomic-cards check --cards-target live": "a live environment, from ATOMIC_CARDS_... variables",
    "atomic-cards check --cards-app mock:app": "an application in this process",
    "atomic-cards check --cards-only PAGE-04,QUERY-08": "some requirements",
    "atomic-cards check --cards-fault offset-counts-pages": "what a violation looks like",
    "atomic-cards check --cards-report": "and write report.html to cards-report",
}
_WIDTH: Final = 100
_COLUMN: Final = 32


def help_of_check() -> str:
    """The help, in lines."""
    own = {
        f"{option.command_line} {option.metavar or ''}".strip(): option.help
        for option in OPTIONS
        if option.flag and not option.hidden
    }
    codes = {str(code): meaning for code, meaning in EXIT_CODES.items()}
    parts: tuple[tuple[str, Mapping[str, str]], ...] = (
        (f"usage: {_SYNOPSIS}", {}),
        ("Checks the target against the contract of the Cards API and reports every verdict.", {}),
        ("options:", own),
        ("options of pytest that are useful here ('pytest --help' lists all):", _OF_PYTEST),
        ("examples:", _EXAMPLES),
        ("exit codes:", codes),
        ("All settings: atomic-cards settings. One of them: atomic-cards explain NAME.", {}),
    )
    return "\n\n".join("\n".join([title, *_table(rows)]) for title, rows in parts)


def _table(rows: Mapping[str, str]) -> Iterator[str]:
    """Names and their meanings in two columns; a long name has a line of its own."""
    column = min(max(map(len, rows), default=0), _COLUMN) + 4
    for name, meaning in rows.items():
        yield from _row(f"  {name}", meaning, column)


def _row(name: str, meaning: str, column: int) -> Iterable[str]:
    room = column - 2
    alone = [name] if len(name) > room else []
    begin = " " * column if alone else f"{name:{column}}"
    return [
        *alone,
        *textwrap.wrap(meaning, _WIDTH, initial_indent=begin, subsequent_indent=" " * column),
    ]
