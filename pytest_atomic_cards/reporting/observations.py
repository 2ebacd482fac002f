"""Tells what was observed of the open questions: in the terminal, and as a profile."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pytest

from pytest_atomic_cards.files import write_text
from pytest_atomic_cards.profile import QUESTIONS, profile_text
from pytest_atomic_cards.reporting.marks import MARKS
from pytest_atomic_cards.verification.observing.observation import Observation, explain
from pytest_atomic_cards.verification.verdicts import Verdict


def by_question(observations: Iterable[Observation]) -> dict[str, Observation]:
    """The observation of each question; the first, as a later one is about what came after."""
    observed: dict[str, Observation] = {}
    for observation in observations:
        observed.setdefault(observation.question, observation)
    return observed


def tell_observations(writer: pytest.TerminalReporter, observations: Sequence[Observation]) -> None:
    """Tell each drift and failure in full, then how many questions have an answer."""
    if not observations:
        return
    reasons: dict[tuple[Verdict, str], list[str]] = {}
    for one in observations:
        if one.fails:
            headline, *lines = explain(one).splitlines()
            writer.line(headline, **MARKS[one.verdict][1])
            for line in [*lines, ""]:
                writer.line(line)
        elif one.observed is None:
            reasons.setdefault((one.verdict, one.reason), []).append(one.question)
    for (verdict, reason), questions in reasons.items():
        writer.line(f"{MARKS[verdict][0]} not observed, as {reason}: {', '.join(questions)}")
    observed = by_question(observations).values()
    answers = [one for one in observed if one.observed is not None]
    others = [f"{one.question} ({one.shown})" for one in answers if one.shown != one.observed]
    if others:
        writer.line(f"no answer that is listed has {', '.join(others)}")
    drifted = sum(one.verdict is Verdict.DRIFTED for one in answers)
    end = f", {drifted} drifted" if drifted else ""
    writer.line(f"profile: {len(answers)} of {len(QUESTIONS)} questions observed{end}")


def write_profile(path: Path, observed: Mapping[str, Observation]) -> None:
    """Write a profile of the observed answers.

    Raises:
        SettingsError: The file cannot be written.
    """
    answers = {name: one.observed for name, one in observed.items() if one.observed is not None}
    reasons = {name: one.reason for name, one in observed.items()}
    write_text(path, profile_text(answers, reasons))
