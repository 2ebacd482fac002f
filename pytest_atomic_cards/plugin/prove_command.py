"""The command ``atomic-cards prove``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pytest_atomic_cards.support.errors import MisuseError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_atomic_cards.suite.mutation.forked_trials import ForkedTrial, TrialResult

_SAMPLE: Final = 150
"""Narrow faults of a sample: about two minutes on two cores."""


def add_prove(commands: Any) -> None:  # noqa: ANN401 - argparse's subparsers are private
    """Add the command to a parser."""
    proof = commands.add_parser(
        "prove", help="show that the suite catches each sandbox fault, also under conditions"
    )
    proof.add_argument(
        "faults",
        nargs="*",
        metavar="FAULT",
        help="prove only these, also narrowed as in limit-ignored@by=userId; default: all",
    )
    proof.add_argument(
        "--all",
        action="store_true",
        help="run all contracts on each fault; with --narrow: all narrow faults",
    )
    proof.add_argument("--jobs", type=_number, metavar="N", help="processes; default: the cores")
    proof.add_argument(
        "--write",
        type=Path,
        metavar="DIR",
        help="with --all: write faults.toml and README.md there",
    )
    narrow = proof.add_argument_group(
        "narrow faults",
        "Each fault under each condition, such as limit-ignored@by=userId, against the contracts "
        "that catch the fault. The exit code is 1 if one of a documented requirement survives.",
    )
    narrow.add_argument("--narrow", action="store_true", help="prove narrow faults")
    narrow.add_argument("--sample", type=_number, metavar="N", help=f"how many; default: {_SAMPLE}")
    narrow.add_argument("--seed", type=int, default=0, metavar="S", help="of the sample")
    narrow.add_argument(
        "--conditions", type=int, choices=(1, 2), default=1, help="of each narrow fault"
    )
    narrow.add_argument(
        "--state",
        type=Path,
        metavar="FILE",
        help="keep results there, and do not repeat those it has",
    )
    proof.set_defaults(run=prove)


def prove(arguments: argparse.Namespace) -> int:
    """Show that the suite catches each fault of the sandbox, and that each requirement can fail."""
    from pytest_atomic_cards.support.progress import line_on, shown_on

    with shown_on(line_on(sys.stderr)):
        return _prove_narrow(arguments) if arguments.narrow else _prove_broad(arguments)


def _prove_broad(arguments: argparse.Namespace) -> int:
    from pytest_atomic_cards.sandbox.faults import FAULTS
    from pytest_atomic_cards.suite.mutation import mutation_testing
    from pytest_atomic_cards.suite.mutation.forked_trials import ForkedTrial
    from pytest_atomic_cards.suite.mutation.narrow_mutants import broad

    recorded = mutation_testing.recorded()
    if arguments.write and not (arguments.all and FAULTS.keys() >= set(arguments.faults)):
        raise MisuseError("--write needs --all, and faults without conditions")
    if arguments.faults and not arguments.all:
        only = {name: tuple(recorded.get(broad(name), ())) for name in arguments.faults}
        trials = [ForkedTrial(name, names) for name, names in only.items()]
        table = mutation_testing.run_trials(trials, arguments.jobs, _show_caught)
        if missed := [ForkedTrial(name) for name, names in table.items() if not names]:
            table |= mutation_testing.run_trials(missed, arguments.jobs, _show)
        return _report(mutation_testing.survivors(table), table)
    if arguments.all:
        trials = [ForkedTrial(name) for name in arguments.faults or FAULTS]
        table = mutation_testing.run_trials(trials, arguments.jobs, _show)
        table = {**recorded, **table} if arguments.faults else table
    else:
        trials = mutation_testing.covering(recorded)
        table = mutation_testing.run_trials(trials, arguments.jobs, _show)
        table = mutation_testing.completed(table, recorded, arguments.jobs, _show)
    if arguments.write:
        mutation_testing.write(table, arguments.write)
    return _report(mutation_testing.gaps(table, {**FAULTS, **table}), table)


def _report(wrong: Sequence[str], table: Mapping[str, Sequence[str]]) -> int:
    """Print what is wrong with a table; returns the exit code."""
    from pytest_atomic_cards.suite.mutation.mutation_testing import requirements_in

    for sentence in wrong:
        print(f"atomic-cards prove: {sentence}", file=sys.stderr)  # noqa: T201
    if not wrong:
        caught = len(requirements_in(table))
        print(f"caught: {len(table)} of {len(table)} faults; requirements that can fail: {caught}")  # noqa: T201
    return 1 if wrong else 0


def _prove_narrow(arguments: argparse.Namespace) -> int:
    from pytest_atomic_cards.sandbox.faults import FAULTS, fault_named
    from pytest_atomic_cards.suite.mutation import mutation_testing, narrow_mutants

    if arguments.write:
        raise MisuseError("--write is for faults without conditions; --state keeps these results")
    table = mutation_testing.recorded()
    faults = [fault_named(name) for name in arguments.faults or FAULTS]
    names = list(narrow_mutants.mutants(faults, arguments.conditions))
    if not arguments.all:
        names = narrow_mutants.sample(names, arguments.sample or _SAMPLE, arguments.seed)
    results = narrow_mutants.Results(arguments.state)

    def keep(trial: ForkedTrial, result: TrialResult) -> None:
        results.add(trial.fault, result)
        if not result.violated:
            _print(f"survived: {trial.fault}{result.trouble and f' ({result.trouble})'}")

    missing = results.missing(names)
    trials = [narrow_mutants.trial_of(name, table) for name in missing]
    mutation_testing.run_forked(trials, arguments.jobs, keep)
    documented, inferred = results.tallies(names, table)
    print(f"{documented}\n{inferred}")  # noqa: T201 - a command's own output
    if dear := narrow_mutants.untried(faults, arguments.conditions):
        print(f"left out, as no contract tries them for their cost: {dear:,}")  # noqa: T201
    return 1 if documented.survivors else 0


def _show(trial: ForkedTrial, violated: list[str]) -> None:
    _print(f"{trial.fault:36} {', '.join(violated) or 'NOT CAUGHT'}")


def _show_caught(trial: ForkedTrial, violated: list[str]) -> None:
    if violated:  # the others get a second trial
        _show(trial, violated)


def _print(text: str) -> None:
    """Print a line above the one that shows the progress."""
    from pytest_atomic_cards.support.progress import erase_line

    erase_line()
    print(text, flush=True)  # noqa: T201 - a command's own output


def _number(text: str) -> int:
    if not text.isdigit() or not int(text):
        raise argparse.ArgumentTypeError(f"a number from 1, not {text!r}")
    return int(text)
