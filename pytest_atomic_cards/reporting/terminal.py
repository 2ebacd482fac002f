"""Prints the outcome of a run in the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from pytest_atomic_cards.client.response_views import REPEAT
from pytest_atomic_cards.model.lifecycle import Level
from pytest_atomic_cards.reporting.causes import (
    NAMED,
    Cause,
    alike,
    collapsed,
    gist,
    in_full,
    shortened,
    where_to_start,
)
from pytest_atomic_cards.reporting.console import Console
from pytest_atomic_cards.reporting.outcome import Outcome
from pytest_atomic_cards.reporting.profile_report import print_observations
from pytest_atomic_cards.reporting.requirement_results import (
    NOT_RUN,
    RequirementResult,
    ids_of,
)
from pytest_atomic_cards.reporting.verdict_symbols import print_areas, print_block, print_conclusion
from pytest_atomic_cards.rules.finding import explain
from pytest_atomic_cards.rules.verdicts import Verdict
from pytest_atomic_cards.support.printable import printable

_BRIEF: Final = 100
"""Characters of what a further violation showed: it fits on a line, behind the command."""
_STATEMENT_LINES: Final = 3
"""Lines of an explanation about one requirement: statement, source and contract."""


def print_outcome(console: Console, outcome: Outcome, *, verbose: bool = True) -> None:
    """Print what to mend first, other failures, the verdicts by area, and the conclusion.

    Args:
        console: Where to print.
        outcome: The outcome.
        verbose: Whether to name all that was not exercised or observed, and every reason.
    """
    if start := where_to_start(outcome.causes):
        console.line(start, bold=True)
        console.line("")
    for cause in [*outcome.causes, *(Cause((rule,)) for rule in outcome.conclusion.known)]:
        _print_cause(console, cause, outcome)
    print_areas(console, outcome.rules, _held)
    print_observations(console, outcome.results.observations, verbose=verbose)
    for trouble in collapsed(outcome.troubles):
        console.line(f"! {trouble}", red=True)
    _print_unexercised(console, outcome.rules, verbose=verbose)
    _print_conclusion(console, outcome)


def _held(rules: Sequence[RequirementResult]) -> str:
    return f"{sum(rule.verdict is Verdict.HELD for rule in rules)} of {len(rules)} held"


def _print_cause(console: Console, cause: Cause, outcome: Outcome) -> None:
    """Print a cause in full, and a line for each violation that may follow from it."""
    first = cause.first
    headline, *lines = explain(first.findings[0]).splitlines()
    if len(cause.roots) > 1:
        headline = f"{len(cause.roots)} requirements: {first.verdict}"
        lines = [f"  ids:       {shortened(ids_of(cause.roots))}", *lines[_STATEMENT_LINES:]]
    elif len(first.findings) > 1:
        lines.append(f"  and {len(first.findings) - 1} more contract(s) of this requirement")
    lines = [shortened(line) if line.startswith("  reason:") else line for line in lines]
    lines = [line for line in lines if not line.lstrip().startswith(REPEAT)]  # as it is below
    lines.append(f"  run alone: {outcome.command_for(first)}")
    print_block(console, first.verdict, headline, [*lines, *_dependants(cause, outcome)])


def _dependants(cause: Cause, outcome: Outcome) -> Iterator[str]:
    if cause.violated:
        yield f"  other violations that may follow from it: {len(cause.violated)}"
        for rule in cause.violated:
            actual = printable(rule.findings[0].actual, limit=_BRIEF)
            yield f"  ✗ {outcome.command_for(rule)}  # {actual}"
    if cause.undecided:
        ids = shortened(ids_of(cause.undecided))
        yield f"  inconclusive, as they depend on it: {len(cause.undecided)} ({ids})"


def _print_unexercised(
    console: Console, rules: Iterable[RequirementResult], *, verbose: bool
) -> None:
    """Print what was not exercised by reason; unless verbose, many ids are only counted."""
    groups: dict[str, dict[str, str]] = {}
    for rule in rules:
        if rule.verdict is Verdict.NOT_EXERCISED:
            for reason in [in_full(rule.reasons)] if verbose else map(gist, rule.reasons):
                kind = reason if verbose else alike(reason)
                groups.setdefault(kind, {}).setdefault(rule.requirement.id, reason)
    counted = False
    for ids in groups.values():
        reason = next(iter(ids.values()))
        is_whole = len(ids) <= NAMED or (verbose and reason != NOT_RUN)
        counted |= not is_whole and reason != NOT_RUN
        which = ", ".join(ids) if is_whole else f"{len(ids)} requirements"
        console.line(f"· not exercised, as {reason}: {which}")
    if counted:
        console.line("  (-v names them)")


def _print_conclusion(console: Console, outcome: Outcome) -> None:
    rules, conclusion = outcome.rules, outcome.conclusion
    counts = {level: [rule for rule in rules if rule.requirement.level is level] for level in Level}
    for level, own in counts.items():
        words = [
            f"{number} {verdict}"
            for verdict in Verdict
            if (number := sum(rule.verdict is verdict for rule in own))
        ]
        console.line(f"{level}: {len(own)} requirements, {', '.join(words)}")
    print_conclusion(console, conclusion)
    for rule in conclusion.known:
        known = outcome.deviations.entries[rule.requirement.id]
        console.line(f"violated, but known: {rule.requirement.id}, {known}")
    violated = {rule.requirement.id for rule in (*conclusion.grave, *conclusion.reported)}
    for one in outcome.deviations.elsewhere:
        if one.requirement in violated:
            console.line(f"violated, and known only on {one.target}: {one.requirement}")


def print_footprint(console: Console, outcome: Outcome) -> None:
    """Print what a live run took, and what it leaves out."""
    plan, taken = outcome.results.plan, outcome.results.traffic.taken
    console.line(f"footprint: {taken} (planned: {plan.footprint})")
    for sentence in plan.leaves_out(outcome.settings):
        console.line(f"left out: {sentence}")
