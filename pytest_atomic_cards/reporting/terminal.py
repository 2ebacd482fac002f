"""Tells what a run comes to in the terminal."""

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
from pytest_atomic_cards.reporting.verdict_symbols import SYMBOLS, print_areas, print_conclusion
from pytest_atomic_cards.rules.finding import explain
from pytest_atomic_cards.rules.verdicts import Verdict

_STATEMENT_LINES: Final = 3


def print_outcome(writer: Console, outcome: Outcome) -> None:
    """Tell the verdicts by area, then what failed in full, then what the run comes to."""
    print_areas(writer, outcome.rules, _held)
    _print_failures(writer, outcome.rules)
    print_observations(writer, outcome.results.observations)
    for trouble in [*outcome.results.troubles, *outcome.stale]:
        writer.line(f"! {trouble}", red=True)
    _print_conclusion(writer, outcome)


def _held(rules: Sequence[RequirementResult]) -> str:
    return f"{sum(rule.verdict is Verdict.HELD for rule in rules)} of {len(rules)} held"


def _print_failures(writer: Console, rules: Iterable[RequirementResult]) -> None:
    for group in failures(rules):
        first = group[0]
        headline, *lines = explain(first.findings[0]).splitlines()
        if len(group) > 1:
            headline = f"{len(group)} requirements: {first.verdict}"
            lines = [f"  ids:       {ids_of(group)}", *lines[_STATEMENT_LINES:]]
        elif len(first.findings) > 1:
            lines.append(f"  and {len(first.findings) - 1} more contract(s) of this requirement")
        writer.line(headline, **SYMBOLS[first.verdict][1])
        for line in lines:
            writer.line(line)
        writer.line("")


def _unexercised(rules: Iterable[RequirementResult]) -> dict[str, list[str]]:
    """Ids of the rules that were not exercised, by the reason."""
    ids: dict[str, list[str]] = {}
    for rule in rules:
        if rule.verdict is Verdict.NOT_EXERCISED:
            ids.setdefault("; ".join(rule.reasons), []).append(rule.requirement.id)
    return ids


def _print_conclusion(writer: Console, outcome: Outcome) -> None:
    rules, conclusion = outcome.rules, outcome.conclusion
    for reason, ids in _unexercised(rules).items():
        which = f"{len(ids)} requirements" if reason == NOT_RUN else ", ".join(ids)
        writer.line(f"· not exercised, as {reason}: {which}")
    counts = {level: [rule for rule in rules if rule.requirement.level is level] for level in Level}
    for level, own in counts.items():
        words = [
            f"{number} {verdict}"
            for verdict in Verdict
            if (number := sum(rule.verdict is verdict for rule in own))
        ]
        writer.line(f"{level}: {len(own)} requirements, {', '.join(words)}")
    print_conclusion(writer, conclusion)
    for rule in conclusion.known:
        known = outcome.deviations.entries[rule.requirement.id]
        writer.line(f"violated, but known: {rule.requirement.id}, {known}")
    violated = {rule.requirement.id for rule in (*conclusion.grave, *conclusion.reported)}
    for one in outcome.deviations.elsewhere:
        if one.requirement in violated:
            writer.line(f"violated, and known only on {one.target}: {one.requirement}")
