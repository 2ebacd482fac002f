"""The verdict of a run on each transition of the lifecycle."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pytest_atomic_cards.model.lifecycle import TIMED_EXITS, TRANSITIONS, Status
from pytest_atomic_cards.rules.finding import Finding
from pytest_atomic_cards.rules.requirements import Requirement, catalogue
from pytest_atomic_cards.rules.verdicts import Verdict


@dataclass(frozen=True, slots=True)
class TransitionResult:
    """One transition, by an action or a timer, and its verdict.

    Args:
        before: The state before.
        by: The action, or the trigger of a timed exit.
        after: The state afterwards; the same as before if the action is not allowed.
        requirement: Id of the requirement about it.
        verdict: The heaviest verdict of the contracts that exercised it.
    """

    before: Status
    by: str
    after: Status
    requirement: str
    verdict: Verdict


def judge_transitions(findings: Iterable[Finding]) -> list[TransitionResult]:
    """Every transition of the lifecycle table, then every timed exit, with its verdict."""
    found: dict[str, Verdict] = {}
    for finding in findings:
        for name in _exercised(finding):
            found[name] = max(
                finding.verdict, found.get(name, Verdict.NOT_EXERCISED), key=lambda one: one.weight
            )
    owners = {name: rule.id for rule in catalogue().requirements.values() for name in _names(rule)}
    return [
        TransitionResult(before, by, after, owners[name], found.get(name, Verdict.NOT_EXERCISED))
        for before, by, after, name in _table()
    ]


def _table() -> Iterator[tuple[Status, str, Status, str]]:
    for cell in TRANSITIONS.values():
        yield cell.before, cell.action.value, cell.after, cell.name
    for leave in TIMED_EXITS:
        yield leave.before, leave.trigger, leave.after, leave.trigger


def _names(rule: Requirement) -> list[str]:
    """The transitions that a requirement is about."""
    return [cell.name for cell in rule.cells] + ([rule.trigger] if rule.trigger else [])


def _exercised(finding: Finding) -> list[str]:
    """The transitions that a contract exercised: that of its parameter, or of its requirement."""
    rule = catalogue()[finding.requirement]
    return [
        name for name in _names(rule) if name == rule.trigger or f"[{name}]" in finding.contract
    ]
