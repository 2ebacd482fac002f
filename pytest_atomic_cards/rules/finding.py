"""Finding: what was found of one requirement, and how it is shown to a person."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

from pytest_atomic_cards.rules.requirements import catalogue
from pytest_atomic_cards.rules.verdicts import Verdict
from pytest_atomic_cards.support.printable import printable


@dataclass(frozen=True, slots=True)
class Finding:
    """What one contract found, in a form that travels between processes.

    Its texts are made printable; its exchanges are as they came.

    Args:
        contract: Name of the contract, to select it with ``-k``.
        requirement: Id of its requirement.
        verdict: What was found.
        reason: Why, in one line; empty where the requirement held.
        expected: What the requirement demanded, where it was violated.
        actual: What happened instead.
        exchanges: The telling exchanges as JSON values, the last one first.
        place: Where the first of them is recorded, if it is.
    """

    contract: str
    requirement: str
    verdict: Verdict
    reason: str = ""
    expected: str = ""
    actual: str = ""
    exchanges: tuple[dict[str, Any], ...] = ()
    place: str = ""

    def __post_init__(self) -> None:
        for name in ("contract", "expected", "actual", "place"):
            object.__setattr__(self, name, printable(getattr(self, name)))
        object.__setattr__(self, "reason", printable(self.reason, lines=True))


def explain(finding: Finding) -> str:
    """A finding for whoever reads the log at night: sentence, source, difference, command."""
    rule = catalogue()[finding.requirement]
    lines = [f"{rule.id} ({rule.level}) {finding.verdict}", f"  {rule.statement}"]
    lines.append(f"  source:    {rule.source}")
    if finding.contract:
        lines.append(f"  contract:  {finding.contract}")
    if finding.place:
        lines.append(f"  place:     {finding.place}")
    if finding.expected:
        lines += [f"  expected:  {finding.expected}", f"  actual:    {finding.actual}"]
    else:
        lines.append(f"  reason:    {finding.reason}")
    lines += exchange_lines(next(iter(finding.exchanges), None))
    return "\n".join(printable(line, lines=True) for line in lines)


def exchange_lines(exchange: dict[str, Any] | None) -> list[str]:
    """The telling exchange in lines: the answer, and the command that repeats the request."""
    if exchange is None:
        return []
    return [
        printable(f"  response:  HTTP {exchange['status']} {_excerpt(exchange)}".rstrip()),
        f"  reproduce: {exchange['curl']}",
    ]


_EXCERPT: Final = 300


def _excerpt(exchange: dict[str, Any]) -> str:
    body = exchange["responseBody"]
    if exchange["error"]:
        return str(exchange["error"])
    text = "" if body is None else body if isinstance(body, str) else json.dumps(body)
    return text if len(text) <= _EXCERPT else f"{text[:_EXCERPT]}…"
