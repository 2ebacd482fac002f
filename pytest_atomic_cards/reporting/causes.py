"""Causes: the failures of a run, grouped by what has to be mended first.

A violation of a foundation explains what rests on it; a reason that many requirements share
explains them all. Terminal, page, GitHub summary and JUnit show the same groups in the same order.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from pytest_atomic_cards.client.response_views import split_command
from pytest_atomic_cards.model.lifecycle import Level
from pytest_atomic_cards.reporting.requirement_results import RequirementResult
from pytest_atomic_cards.rules.foundations import foundations_of
from pytest_atomic_cards.rules.verdicts import Verdict
from pytest_atomic_cards.suite.running.failed_setup import START_THERE
from pytest_atomic_cards.support.printable import cut

_ID: Final = re.compile(r"\b[A-Z]+-\d\d\b")
_MADE_UP: Final = re.compile(r"\b(?=\w*\d)[\w-]{6,}|\d+")
"""Ids and numbers, in which reasons of one cause differ."""
_ALIKE: Final = 70
"""Characters in which reasons of one cause agree: what follows names single cards."""
_LONGEST: Final = 500
"""Characters of a line: a reason and a command fit."""
_MANY: Final = 3
"""Troubles of one kind that are one line: of two, the second may be read too."""
NAMED: Final = 5
"""Names that a line lists before it only counts: as many as are read at a glance."""


@dataclass(frozen=True, slots=True)
class Cause:
    """What to mend, and what failed with it.

    Args:
        roots: The violated requirement, or all that are inconclusive for one reason.
        dependants: Failed requirements that rest on it, violated ones first.
    """

    roots: tuple[RequirementResult, ...]
    dependants: tuple[RequirementResult, ...] = ()

    @property
    def first(self) -> RequirementResult:
        """The requirement that stands for the cause."""
        return self.roots[0]

    @property
    def violated(self) -> tuple[RequirementResult, ...]:
        """The violated ones of the dependants."""
        return tuple(rule for rule in self.dependants if rule.is_violated)

    @property
    def undecided(self) -> tuple[RequirementResult, ...]:
        """The inconclusive ones of the dependants."""
        return tuple(rule for rule in self.dependants if not rule.is_violated)


def causes(rules: Iterable[RequirementResult]) -> list[Cause]:
    """The causes of the violated and inconclusive ones among rules, the first to mend first.

    That is the order: violations that fail a run, by the number of what depends on them; violations
    that are only inferred; then reasons, by the number of requirements that share them.
    """
    failed = [rule for rule in rules if rule.is_violated or rule.verdict is Verdict.INCONCLUSIVE]
    violated = {rule.requirement.id for rule in failed if rule.is_violated}
    seeding = next((found for rule in failed for found in _named_as_cause(rule, violated)), "")
    groups: dict[str, list[RequirementResult]] = {}
    for rule in sorted(failed, key=lambda rule: not rule.is_violated):
        groups.setdefault(_root(rule, violated, seeding), []).append(rule)
    found = [_cause(group) for group in groups.values()]
    return sorted(found, key=_urgency)


def _root(rule: RequirementResult, violated: set[str], seeding: str) -> str:
    """The id of the violated requirement that explains a failure, else its own or its reason.

    Args:
        rule: What failed.
        violated: The ids of all that are violated.
        seeding: What kept the run from seeding cards, if that is known: nothing could be decided.
    """
    own = rule.requirement.id
    if not rule.is_violated and seeding:
        return seeding
    for name in foundations_of(own):
        if name in violated:
            return name
    return own if rule.is_violated else alike(_reason(rule))


def _named_as_cause(rule: RequirementResult, violated: set[str]) -> list[str]:
    """The violated requirements at which the reason of an inconclusive one says to start."""
    if rule.is_violated or not _reason(rule).endswith(START_THERE):
        return []
    return [name for name in _ID.findall(_reason(rule)) if name in violated]


def _reason(rule: RequirementResult) -> str:
    return rule.reasons[0] if rule.reasons else ""


def alike(reason: str) -> str:
    """What reasons of one cause have in common."""
    return _MADE_UP.sub("…", reason)[:_ALIKE]


def _cause(group: Sequence[RequirementResult]) -> Cause:
    if not group[0].is_violated:
        return Cause(tuple(group))
    names = [rule.requirement.id for rule in group]
    root = next((rule for rule in group if not _rests_on(rule, names)), group[0])
    return Cause((root,), tuple(rule for rule in group if rule is not root))


def _rests_on(rule: RequirementResult, names: Iterable[str]) -> bool:
    return not rule.is_violated or bool(
        set(foundations_of(rule.requirement.id)).intersection(names)
    )


def _urgency(cause: Cause) -> tuple[bool, bool, int]:
    first = cause.first
    return (
        not first.is_violated,
        first.is_violated and first.requirement.level is not Level.DOCUMENTED,
        -len(cause.dependants) - len(cause.roots),
    )


def where_to_start(found: Sequence[Cause]) -> str:
    """The headline of a failed run; empty if nothing failed."""
    if not found:
        return ""
    cause = found[0]
    name = named([rule.requirement.id for rule in cause.roots])
    others = len(cause.dependants)
    if others:
        verb = "requirement depends" if others == 1 else "requirements depend"
        return f"start here: {name}; {others} {verb} on it"
    if len(cause.roots) > 1:
        return f"start here: {name} are {cause.first.verdict} for one reason"
    return f"start here: {name}" if len(found) > 1 else ""


def named(names: Sequence[str]) -> str:
    """A few names, or how many requirements there are."""
    return ", ".join(names) if len(names) <= NAMED else f"{len(names)} requirements"


def gist(reason: str) -> str:
    """A reason without what differs between contracts that share it, such as their price."""
    return split_command(reason)[0].partition("; ")[0]


def in_full(reasons: Iterable[str]) -> str:
    """All reasons, without the commands that repeat a request."""
    return "; ".join(split_command(reason)[0] for reason in reasons)


def shortened(line: str) -> str:
    """A line that fits on a few lines of a terminal; report.json has all of it."""
    return cut(line, _LONGEST)


def collapsed(troubles: Iterable[str]) -> list[str]:
    """Troubles, and one line for many that differ only in the test and in ids."""
    groups: dict[str, list[str]] = {}
    for trouble in troubles:
        _, _, what = trouble.partition(": ")
        groups.setdefault(alike(what or trouble), []).append(trouble)
    return [line for group in groups.values() for line in _one_or_each(group)]


def _one_or_each(group: Sequence[str]) -> list[str]:
    if len(group) < _MANY:
        return [shortened(trouble) for trouble in group]
    return [f"{len(group)} times: {shortened(group[0])}"]
