"""Finding: what was found of one requirement, and how results are shown to a person."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final, Protocol

from pytest_atomic_cards.model.exchange import how_to_reach
from pytest_atomic_cards.rules.requirements import catalogue
from pytest_atomic_cards.rules.verdicts import Verdict
from pytest_atomic_cards.support.printable import cut, printable

Labelled = tuple[tuple[str, str], ...]
"""Labels and texts, in the order in which they are shown."""


@dataclass(frozen=True, slots=True)
class Description:
    """How a result is shown.

    Args:
        name: The id of the requirement, or the name of the question.
        level: How well the expectation is known.
        statement: The requirement or the question in a sentence.
        details: The difference between what was expected and what happened.
        exchange: The exchange that shows it as JSON values, if there is one.
        properties: What JUnit XML shows.
    """

    name: str
    level: str
    statement: str
    details: Labelled
    exchange: dict[str, Any] | None
    properties: Labelled


class Result(Protocol):
    """What a test found: of a requirement, or of an open question."""

    @property
    def verdict(self) -> Verdict:
        """What was found."""

    @property
    def reason(self) -> str:
        """Why, in one line; empty if there is nothing to explain."""

    def describe(self) -> Description:
        """How it is shown."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one contract found, in a form that can be sent between processes.

    Its texts are made printable; its exchanges are unchanged.

    Args:
        contract: Name of the contract, to select it with ``-k``.
        requirement: Id of its requirement.
        verdict: What was found.
        reason: Why, in one line; empty if the requirement held.
        expected: What the requirement demanded, if it was violated.
        actual: What happened instead.
        exchanges: The exchanges that show it as JSON values, the last one first.
        place: Where the first of them is recorded, if it is.
        beside: Id of the requirement that the contract decides, if a rule found this while it ran.
    """

    contract: str
    requirement: str
    verdict: Verdict
    reason: str = ""
    expected: str = ""
    actual: str = ""
    exchanges: tuple[dict[str, Any], ...] = ()
    place: str = ""
    beside: str = ""

    def __post_init__(self) -> None:
        for name in ("contract", "expected", "actual", "place"):
            object.__setattr__(self, name, printable(getattr(self, name)))
        object.__setattr__(self, "reason", printable(self.reason, lines=True))
        object.__setattr__(self, "verdict", Verdict(self.verdict))
        object.__setattr__(self, "exchanges", tuple(self.exchanges))

    def describe(self) -> Description:
        """How it is shown: with source, test and place, and the difference."""
        rule = catalogue()[self.requirement]
        difference = (("expected", self.expected), ("actual", self.actual))
        return Description(
            rule.id,
            rule.level.value,
            rule.statement,
            (
                ("source", rule.cited),
                *((("contract", self.contract),) if self.contract else ()),
                *((("place", self.place),) if self.place else ()),
                *(difference if self.expected else (("reason", self.reason),)),
            ),
            next(iter(self.exchanges), None),
            (
                ("requirement", rule.id),
                ("level", rule.level.value),
                ("verdict", self.verdict.value),
            ),
        )


def explain(result: Result) -> str:
    """A result for the log: statement, difference, exchange, command."""
    shown = result.describe()
    lines = [
        f"{shown.name} ({shown.level}) {result.verdict}",
        f"  {shown.statement}",
        *(_labelled(label, text) for label, text in shown.details),
        *_exchange_lines(shown.exchange),
    ]
    return "\n".join(printable(line, lines=True) for line in lines)


def _labelled(label: str, text: str) -> str:
    """A text behind its label; further lines of it, as of an error, stand below the first."""
    begin = f"  {label + ':':<10} "
    return begin + text.replace("\n", f"\n{'':{len(begin)}}")


def _exchange_lines(exchange: dict[str, Any] | None) -> list[str]:
    """An exchange in lines: the response, and the command that repeats the request."""
    if exchange is None:
        return []
    reach = how_to_reach(exchange["url"])
    return [
        printable(f"  response:  HTTP {exchange['status']} {_excerpt(exchange)}".rstrip()),
        f"  reproduce: {exchange['curl']}",
        *([f"  where:     {reach}"] if reach else []),
    ]


_EXCERPT: Final = 300
"""Characters of a body: enough for the usual error message."""


def _excerpt(exchange: dict[str, Any]) -> str:
    body = exchange["responseBody"]
    if exchange["error"]:
        return str(exchange["error"])
    text = "" if body is None else body if isinstance(body, str) else json.dumps(body)
    return cut(text, _EXCERPT)
