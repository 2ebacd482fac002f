"""Prints the outcome of a run in the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from pytest_atomic_cards.model.lifecycle import Level
from pytest_atomic_cards.reporting.console import Console
from pytest_atomic_cards.reporting.outcome import Outcome
from pytest_atomic_cards.reporting.profile_report import print_observations
from pytest_atomic_cards.reporting.requirement_results import (
    NOT_RUN,
    RequirementResult,
    failures,
    ids_of,
)
from pytest_atomic_cards.reporting.verdict_symbols import print_areas, print_block, print_conclusion
from pytest_atomic_cards.rules.finding import explain
from pytest_atomic_cards.rules.verdicts import Verdict

_STATEMENT_LINES: Final = 3
"""Lines of an explanation about one requirement: statement, source and contract."""


def print_outcome(console: Console, outcome: Outcome) -> None:
    """Print the verdicts by area, then failures in full, then the conclusion."""
    print_areas(console, outcome.rules, _held)
    _print_failures(console, outcome.rules)
    print_observations(console, outcome.results.observations)
    for trouble in outcome.troubles:
        console.line(f"! {trouble}", red=True)
    _print_conclusion(console, outcome)


def _held(rules: Sequence[RequirementResult]) -> str:
    return f"{sum(rule.verdict is Verdict.HELD for rule in rules)} of {len(rules)} held"


def _print_failures(console: Console, rules: Iterable[RequirementResult]) -> None:
    for group in failures(rules):
        first = group[0]
        headline, *lines = explain(first.findings[0]).splitlines()
        if len(group) > 1:
            headline = f"{len(group)} requirements: {first.verdict}"
            lines = [f"  ids:       {ids_of(group)}", *lines[_STATEMENT_LINES:]]
        elif len(first.findings) > 1:
            lines.append(f"  and {len(first.findings) - 1} more contract(s) of this requirement")
        print_block(console, first.verdict, headline, lines)


def _unexercised(rules: Iterable[RequirementResult]) -> dict[str, list[str]]:
    """Ids of requirements that were not exercised, by reason."""
    ids: dict[str, list[str]] = {}
    for rule in rules:
        if rule.verdict is Verdict.NOT_EXERCISED:
            ids.setdefault("; ".join(rule.reasons), []).append(rule.requirement.id)
    return ids


def _print_conclusion(console: Console, outcome: Outcome) -> None:
    rules, conclusion = outcome.rules, outcome.conclusion
    for reason, ids in _unexercised(rules).items():
        which = f"{len(ids)} requirements" if reason == NOT_RUN else ", ".join(ids)
        console.line(f"· not exercised, as {reason}: {which}")
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
