"""Annotations of a GitHub Actions job, and its summary in Markdown.

Source: GitHub Docs › Workflow commands for GitHub Actions.
"""

from __future__ import annotations

import html
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from pytest_atomic_cards.model.lifecycle import Level
from pytest_atomic_cards.model.profile import QUESTIONS
from pytest_atomic_cards.reporting.outcome import Outcome
from pytest_atomic_cards.reporting.requirement_results import (
    RequirementResult,
    by_area,
    explain_conclusion,
    failures,
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
    for block in failures(conclusion.grave):
        yield _command("error", ids_of(block), _sentence(block))
    for observation in conclusion.failing:
        answers = f"pinned: {observation.pinned}; observed: {observation.shown}"
        details = observation.reason if observation.observed is None else answers
        text = f"{QUESTIONS[observation.question].text} {details}"
        yield _command("error", observation.question, text)
    for trouble in outcome.troubles:
        yield _command("error", "atomic-cards", trouble)
    for block in failures(conclusion.reported):
        yield _command("warning", ids_of(block), _sentence(block))
    for rule in conclusion.known:
        known = outcome.deviations.entries[rule.requirement.id]
        yield _command("notice", rule.requirement.id, f"{_sentence([rule])} Known: {known}")


def _sentence(block: list[RequirementResult]) -> str:
    first = block[0].findings[0]
    if len(block) > 1:
        return f"{first.verdict}: {first.reason}"
    details = (
        f"Expected: {first.expected}; actual: {first.actual}" if first.expected else first.reason
    )
    return f"{block[0].requirement.statement} {details}"


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
        *_areas(outcome.rules),
        *(f"- ❗ {md(one)}" for one in outcome.troubles),
        *_drifts(outcome),
        *_known(outcome),
    ]
    blocks = failures([*conclusion.grave, *conclusion.reported])
    lines += [_details(block) for block in blocks[:_MOST_DETAILS]]
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


def _details(block: list[RequirementResult]) -> str:
    first = block[0].findings[0]
    level = "" if block[0].requirement.level is Level.DOCUMENTED else f" ({Level.INFERRED})"
    lines = [f"### {SYMBOLS[first.verdict][0]} {md(ids_of(block))} {first.verdict}{level}"]
    if len(block) == 1:
        lines.append(f"{md(block[0].requirement.statement)} *{md(block[0].requirement.source)}*")
    if first.expected:
        lines.append(f"- expected: {md(first.expected)}\n- actual: {md(first.actual)}")
    else:
        lines.append(f"Reason: {md(first.reason)}")
    if first.exchanges:
        command = html.escape(_one_line(first.exchanges[0]["curl"]))
        lines.append(f"<pre><code>{command}</code></pre>")
    return "\n\n".join(lines)
