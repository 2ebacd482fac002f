"""Annotations of a GitHub Actions job, and its summary in Markdown.

Source: GitHub Docs › Workflow commands for GitHub Actions.
"""

from __future__ import annotations

import html
import os
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from pytest_atomic_cards.model.exchange import how_to_reach
from pytest_atomic_cards.model.lifecycle import Level
from pytest_atomic_cards.model.profile import QUESTIONS
from pytest_atomic_cards.reporting.causes import Cause, collapsed, shortened, where_to_start
from pytest_atomic_cards.reporting.outcome import Outcome
from pytest_atomic_cards.reporting.requirement_results import (
    RequirementResult,
    by_area,
    explain_conclusion,
    ids_of,
)
from pytest_atomic_cards.reporting.verdict_symbols import SYMBOLS
from pytest_atomic_cards.rules.verdicts import Verdict
from pytest_atomic_cards.support.printable import printable

_LONGEST: Final = 1_000
"""Characters of an annotation: a statement with expected and actual value fits."""
_MOST_DETAILS: Final = 50
"""Failures that the summary shows in full: GitHub accepts at most 1 MiB."""
_STRUCTURAL: Final = re.compile(r"[!#$%&*+:<=>@\[\\\]^_`{|}~]")
"""ASCII punctuation that can have a meaning in Markdown inside a line."""


def is_github(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether the run is a step of a GitHub Actions job."""
    return environ.get("GITHUB_ACTIONS") == "true"


# Annotations


def workflow_commands(outcome: Outcome) -> Iterator[str]:
    """A workflow command for each violation, drift and trouble, those that fail the run first."""
    conclusion = outcome.conclusion
    for block in _blocks(outcome, conclusion.grave):
        yield _command("error", ids_of(block.roots), _sentence(block))
    for observation in conclusion.failing:
        answers = f"pinned: {observation.pinned}; observed: {observation.shown}"
        details = observation.reason if observation.observed is None else answers
        text = f"{QUESTIONS[observation.question].text} {details}"
        yield _command("error", observation.question, text)
    for trouble in collapsed(outcome.troubles):
        yield _command("error", "atomic-cards", trouble)
    for block in _blocks(outcome, conclusion.reported):
        yield _command("warning", ids_of(block.roots), _sentence(block))
    for rule in conclusion.known:
        known = outcome.deviations.entries[rule.requirement.id]
        yield _command("notice", rule.requirement.id, f"{_sentence(Cause((rule,)))} Known: {known}")


def _blocks(outcome: Outcome, chosen: Collection[RequirementResult]) -> list[Cause]:
    """The causes and each violation that may follow from one, as far as they are chosen."""
    blocks = []
    for cause in outcome.causes:
        roots = tuple(rule for rule in cause.roots if rule in chosen)
        blocks += [Cause(roots, cause.undecided)] if roots else []
        blocks += [Cause((rule,)) for rule in cause.violated if rule in chosen]
    return blocks


def _sentence(block: Cause) -> str:
    first = block.first.findings[0]
    if len(block.roots) > 1:
        return f"{first.verdict}: {first.reason}"
    details = (
        f"Expected: {first.expected}; actual: {first.actual}" if first.expected else first.reason
    )
    count = len(block.dependants)
    more = f" Inconclusive, as they depend on it: {count}." if count else ""
    return f"{block.first.requirement.statement} {details}{more}"


def _command(name: str, title: str, message: str) -> str:
    return f"::{name} title={_property(title)}::{_data(message)}"


def _data(text: str) -> str:
    """Text of a command, on one line, so that only ``%`` needs escaping."""
    return _one_line(text).replace("%", "%25")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _one_line(text: str) -> str:
    return printable(" ".join(text.split()), limit=_LONGEST)


# Summary


def append_summary(outcome: Outcome, environ: Mapping[str, str] = os.environ) -> str:
    """Append the outcome to the summary of the job; returns the error if that fails, or nothing."""
    place = environ.get("GITHUB_STEP_SUMMARY")
    if not place:
        return ""
    try:
        with Path(place).open("a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(job_summary(outcome))
    except (OSError, ValueError) as error:
        return f"the job summary cannot be written to GITHUB_STEP_SUMMARY: {error}"
    return ""


def job_summary(outcome: Outcome) -> str:
    """The outcome of a run in Markdown."""
    conclusion = outcome.conclusion
    why = explain_conclusion(conclusion)
    lines = [
        f"## Atomic Cards API contract: {conclusion.word}",
        *([f"Why: {md(why)}"] if why else []),
        f"Target: {md(outcome.settings.describe())}",
        *([f"**{md(start)}**"] if (start := where_to_start(outcome.causes)) else []),
        *_areas(outcome.rules),
        *(f"- ❗ {md(one)}" for one in collapsed(outcome.troubles)),
        *_drifts(outcome),
        *_known(outcome),
    ]
    blocks = _blocks(outcome, [*conclusion.grave, *conclusion.reported])
    lines += [_details(block, outcome) for block in blocks[:_MOST_DETAILS]]
    if len(blocks) > _MOST_DETAILS:
        lines.append(f"… and {len(blocks) - _MOST_DETAILS} more")
    return "\n\n".join(lines) + "\n\n"


def md(text: str) -> str:
    """Text on one line, with Markdown and HTML escaped."""
    return _STRUCTURAL.sub(lambda found: f"&#{ord(found[0])};", _one_line(text))


def _areas(rules: Iterable[RequirementResult]) -> Iterator[str]:
    rows = ["| Area | Held | Requirements |", "|---|---|---|"]
    for title, own in by_area(rules).items():
        held = sum(rule.verdict is Verdict.HELD for rule in own)
        marks = "".join(SYMBOLS[rule.verdict][0] for rule in own)
        rows.append(f"| {title} | {held} of {len(own)} | {marks} |")
    yield "\n".join(rows)


def _drifts(outcome: Outcome) -> Iterator[str]:
    rows = [
        f"| {md(one.question)} | {md(one.pinned or '')} | {md(one.shown or one.reason)} |"
        for one in outcome.conclusion.failing
    ]
    if rows:
        yield "\n".join(["| Open question | Pinned | Observed |", "|---|---|---|", *rows])


def _known(outcome: Outcome) -> Iterator[str]:
    for rule in outcome.conclusion.known:
        known = outcome.deviations.entries[rule.requirement.id]
        yield f"- {md(rule.requirement.id)} is violated, which is known: {md(str(known))}"


def _details(block: Cause, outcome: Outcome) -> str:
    rule, first = block.first, block.first.findings[0]
    level = "" if rule.requirement.level is Level.DOCUMENTED else f" ({Level.INFERRED})"
    ids = ids_of(block.roots)
    lines = [f"### {SYMBOLS[first.verdict][0]} {md(ids)} {first.verdict}{level}"]
    if len(block.roots) == 1:
        lines.append(f"{md(rule.requirement.statement)} *{md(rule.requirement.cited)}*")
    if first.expected:
        lines.append(f"- expected: {md(first.expected)}\n- actual: {md(first.actual)}")
    else:
        lines.append(f"Reason: {md(first.reason)}")
    commands = [one["curl"] for one in first.exchanges[:1]] + [outcome.command_for(rule)]
    text = "\n".join(html.escape(_one_line(command)) for command in commands)
    lines.append(f"<pre><code>{text}</code></pre>")
    lines += [md(where) for one in first.exchanges[:1] if (where := how_to_reach(one["url"]))]
    if block.dependants:
        ids = md(shortened(ids_of(block.dependants)))
        lines.append(f"Inconclusive, as they depend on it: {ids}")
    return "\n\n".join(lines)
