"""Proof of the suite: it catches each fault of the sandbox, and each requirement can fail.

This is mutation testing: each fault makes the sandbox a mutant. ``contracts/faults.toml`` records
which requirements each fault violates. Proving runs the suite on the faulty sandboxes, on all
cores: either all contracts, to update that record, or just enough of them to check that no row and
no column of the table has become empty.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
import tomllib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import Final

import pytest

from pytest_atomic_cards.model.lifecycle import Level
from pytest_atomic_cards.model.profile import QUESTIONS
from pytest_atomic_cards.rules.requirements import catalogue, untested
from pytest_atomic_cards.sandbox.choices import CHOICES
from pytest_atomic_cards.sandbox.faults import fault_named
from pytest_atomic_cards.suite.mutation.forked_trials import (
    ForkedTrial,
    ForkedTrials,
    Report,
    TrialResult,
)
from pytest_atomic_cards.suite.running.contract_plugin import MARKER
from pytest_atomic_cards.suite.running.suite_runner import (
    PYTEST_ARGUMENTS,
    TERMINAL_ARGUMENTS,
    suite_directory,
)
from pytest_atomic_cards.support.errors import MisuseError
from pytest_atomic_cards.support.files import write_text
from pytest_atomic_cards.support.progress import activity

Table = Mapping[str, Sequence[str]]
"""The requirements that each fault violates, by the fault's name."""

FILE: Final = "faults.toml"
_README: Final = "README.md"
_GENERATED: Final = "<!-- Everything below is generated. -->"
"""What stands above it in ``README.md`` is written by hand."""
_SHOWN: Final = 500
"""Characters of what pytest printed last, to show why it ended: a few lines."""
_ARGUMENTS: Final = (
    *PYTEST_ARGUMENTS,
    *TERMINAL_ARGUMENTS,
    *("-m", MARKER),
    "--cards-target=sandbox",
    "--cards-effort=quick",
    "--capture=no",  # nothing a contract prints is shown, but what this process prints is
)
_HEADER: Final = (
    "# Which requirements each fault of the sandbox violates. Made by: atomic-cards prove --all\n"
)


def recorded() -> dict[str, list[str]]:
    """The table that ships with the suite."""
    return tomllib.loads(suite_directory().joinpath(FILE).read_text("utf-8"))


def written(table: Table) -> str:
    """The table as the text of ``faults.toml``."""
    rows = (f"{fault} = {json.dumps(list(names))}" for fault, names in sorted(table.items()))
    return _HEADER + "\n" + "\n".join(rows) + "\n"


def covering(table: Table) -> list[ForkedTrial]:
    """A few trials that catch each fault and violate each requirement of the table.

    For a fault the first requirement that it violates is chosen, and for a requirement a fault
    that violates few others.
    """
    chosen = {fault: set(names[:1]) for fault, names in table.items()}
    for name in requirements_in(table):
        faults = [fault for fault, names in table.items() if name in names]
        if not any(name in chosen[fault] for fault in faults):
            plainest = min(faults, key=lambda fault: (table[fault].index(name), len(table[fault])))
            chosen[plainest].add(name)
    return [ForkedTrial(fault, tuple(sorted(names))) for fault, names in chosen.items() if names]


def completed(
    table: Table,
    recorded: Table,
    jobs: int | None,
    report: Callable[[ForkedTrial, list[str]], None],
) -> dict[str, list[str]]:
    """The table after running the whole suite on the faults that a few contracts did not catch.

    Some contracts depend on what others leave behind: a crowded environment, or cards that were
    closed some time ago.

    Args:
        table: What a few contracts violated.
        recorded: What all contracts violated when the record was made.
        jobs: The number of processes.
        report: Called as by :func:`run_trials`.
    """
    shown = requirements_in(table)
    again = [fault for fault, names in table.items() if not names]
    again += [
        min(faults, key=lambda fault: recorded[fault].index(name))
        for name in sorted(requirements_in(recorded) - shown)
        if (faults := [fault for fault, names in recorded.items() if name in names])
    ]
    whole = run_trials([ForkedTrial(fault) for fault in dict.fromkeys(again)], jobs, report)
    return {**{fault: list(names) for fault, names in table.items()}, **whole}


def run_trials(
    trials: Iterable[ForkedTrial],
    jobs: int | None,
    report: Callable[[ForkedTrial, list[str]], None],
) -> dict[str, list[str]]:
    """Run trials in parallel, and collect what each violated, the documented ones first.

    Args:
        trials: The trials.
        jobs: The number of processes; the number of cores if left out.
        report: Called with each trial and the requirements that it violated, as they end.

    Raises:
        MisuseError: A fault is unknown, or this system cannot fork processes.
    """
    trials = list(trials)
    for trial in trials:
        if trial.fault:
            fault_named(trial.fault)
    table = {}

    def take(trial: ForkedTrial, result: TrialResult) -> None:
        table[trial.fault] = sorted(result.violated, key=_rank)
        report(trial, table[trial.fault])

    run_forked(trials, jobs, take)
    return table


def run_forked(trials: Sequence[ForkedTrial], jobs: int | None, report: Report) -> None:
    """Run trials in parallel.

    Args:
        trials: The trials.
        jobs: The number of processes; the number of cores if left out.
        report: Called with each trial and its result, as they end.

    Raises:
        MisuseError: They were interrupted, or this system cannot fork processes.
    """
    streams = sys.stdout, sys.stderr
    done = count(1)

    def speak(trial: ForkedTrial, result: TrialResult) -> None:
        with contextlib.redirect_stdout(streams[0]), contextlib.redirect_stderr(streams[1]):
            report(trial, result)
            update(next(done))

    silence = io.StringIO()
    with activity("runs on faulty sandboxes", len(trials)) as update:
        forked = ForkedTrials(trials, jobs or os.cpu_count() or 1, speak)
        with contextlib.redirect_stdout(silence), contextlib.redirect_stderr(silence):
            code = pytest.main([*_ARGUMENTS, str(suite_directory())], plugins=[forked])
    if code != pytest.ExitCode.OK:  # such as an interrupt, which pytest does not pass on
        said = " ".join(silence.getvalue().split())[-_SHOWN:] or f"pytest ended with {code}"
        raise MisuseError(f"the trials did not end: {said}")


def _rank(name: str) -> tuple[bool, int]:
    order = list(catalogue().requirements)
    return catalogue()[name].level is not Level.DOCUMENTED, order.index(name)


def gaps(table: Table, faults: Collection[str]) -> list[str]:
    """The gaps of a table, as sentences: faults that survive, and requirements never violated."""
    caught = requirements_in(table)
    return [
        *survivors({fault: table.get(fault, ()) for fault in faults}),
        *(
            f"requirement {name} is violated by no fault"
            for name in catalogue().requirements
            if name not in caught
        ),
    ]


def survivors(table: Table) -> list[str]:
    """The faults of a table that survive, as sentences."""
    return [
        f"fault {fault} is caught by no requirement" for fault, names in table.items() if not names
    ]


def requirements_in(table: Table) -> set[str]:
    """The requirements that some fault of a table violates."""
    return {name for names in table.values() for name in names}


def write(table: Table, directory: Path) -> None:
    """Write ``faults.toml``, and ``README.md`` with the catalogue.

    Raises:
        SettingsError: The directory is not writable.
    """
    write_text(directory / FILE, written(table))
    write_text(directory / _README, readme(table))


def readme(table: Table) -> str:
    """The ``README.md`` that ships with the suite, with the catalogue and this table."""
    shipped = suite_directory().joinpath(_README).read_text("utf-8")
    lines = [shipped.partition(_GENERATED)[0] + _GENERATED]
    for area, title in catalogue().areas.items():
        lines += [
            "",
            f"### {title}",
            "",
            "| Id | Level | Requirement | Source | Faults that show it |",
        ]
        lines.append("|---|---|---|---|---|")
        for rule in catalogue().requirements.values():
            if rule.area == area:
                faults = [fault for fault, names in sorted(table.items()) if rule.id in names]
                shown = ", ".join(f"`{fault}`" for fault in faults)
                lines.append(
                    f"| {rule.id} | {rule.level} | {rule.statement} | {rule.source} | {shown} |"
                )
    return "\n".join([*lines, *_pages(), *_untested(), *_questions(), *_choices()]) + "\n"


def _pages() -> list[str]:
    """The cited pages, each with its address."""
    pages = (f"- [{title}]({address})" for title, address in catalogue().pages.values())
    return ["", "### Cited pages", "", *pages]


def _untested() -> list[str]:
    """The sentences that no contract tests, with the reasons."""
    rows = (f"| {one.section} | {one.quote} | {one.reason} |" for one in untested())
    head = ["| Section | The Cards API page says | Why no contract tests it |", "|---|---|---|"]
    return ["", "### Sentences that are not tested", "", *head, *rows]


def _questions() -> list[str]:
    """The open questions, each with its answers, that of the sandbox first."""
    rows = (
        f"| `{one.name}` | {one.text} | **{one.default}**, "
        f"{', '.join(answer for answer in one.answers if answer != one.default)} |"
        for one in QUESTIONS.values()
    )
    head = ["| Question | Text | Answers, the sandbox's own in bold |", "|---|---|---|"]
    return ["", "### Open questions", "", *head, *rows]


def _choices() -> list[str]:
    """What the sandbox does beyond the open questions."""
    rows = (f"- {text}" for text in CHOICES.values())
    return ["", "### Further choices of the sandbox", "", *rows]
