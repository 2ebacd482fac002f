"""Profiling contexts on sandboxes with a chosen profile."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from pytest_atomic_cards.model.profile import QUESTIONS
from pytest_atomic_cards.model.profile_text import profile_text
from pytest_atomic_cards.model.settings import Settings
from pytest_atomic_cards.suite.profiling import ProfilingContext
from pytest_atomic_cards.targets import SandboxTarget

if TYPE_CHECKING:
    from pathlib import Path


def context_on(directory: Path, **answers: str) -> ProfilingContext:
    """A context on an embedded sandbox with some answers, and the default ones otherwise.

    Args:
        directory: The directory for the profile.
        **answers: Answers by question.
    """
    path = directory / "profile.toml"
    path.write_text(profile_text(answers, {}), "utf-8")
    settings = Settings(profile=path)
    return ProfilingContext(SandboxTarget(settings).open_world(), settings)


def whole_profiles(count: int, seed: int) -> list[dict[str, Any]]:
    """Random answers to all questions; over the profiles each answer is equally frequent."""
    randomness = random.Random(seed)  # noqa: S311 - not for secrets
    columns: dict[str, list[str]] = {}
    for name, question in QUESTIONS.items():
        answers = randomness.sample(question.answers, len(question.answers))
        columns[name] = [answers[number % len(answers)] for number in range(count)]
        randomness.shuffle(columns[name])
    return [{name: column[number] for name, column in columns.items()} for number in range(count)]
