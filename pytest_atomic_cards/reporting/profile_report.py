"""Reports the observations of open questions, in the terminal and as a profile."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from pytest_atomic_cards.model.profile import QUESTIONS
from pytest_atomic_cards.model.profile_text import profile_text
from pytest_atomic_cards.reporting.causes import NAMED, alike, gist, in_full, shortened
from pytest_atomic_cards.reporting.console import Console
from pytest_atomic_cards.reporting.verdict_symbols import SYMBOLS, print_block
from pytest_atomic_cards.rules.finding import explain
from pytest_atomic_cards.rules.verdicts import Verdict
from pytest_atomic_cards.suite.profiling.observation import Observation
from pytest_atomic_cards.support.files import write_text


def by_question(observations: Iterable[Observation]) -> dict[str, Observation]:
    """The first observation of each question."""
    observed: dict[str, Observation] = {}
    for observation in observations:
        observed.setdefault(observation.question, observation)
    return observed


def print_observations(
    console: Console, observations: Sequence[Observation], *, verbose: bool = True
) -> None:
    """Print each drift and failure in full, then the number of observed questions.

    Args:
        console: Where to print.
        observations: The observations.
        verbose: Whether to name all questions that were not observed.
    """
    if not observations:
        return
    _print_failing(console, [one for one in observations if one.fails])
    for (verdict, _), unseen in _alike(one for one in observations if not one.fails).items():
        if reason := unseen[0].reason:
            is_whole = verbose or len(unseen) <= NAMED
            which = _names(unseen) if is_whole else f"{len(unseen)} questions"
            why = in_full([reason]) if verbose else gist(reason)
            console.line(f"{SYMBOLS[verdict][0]} not observed, as {why}: {which}")
    answers = [one for one in by_question(observations).values() if one.observed is not None]
    others = [f"{one.question} ({one.shown})" for one in answers if one.shown != one.observed]
    if others:
        console.line(f"answers that no profile has: {', '.join(others)}")
    drifted = sum(one.verdict is Verdict.DRIFTED for one in answers)
    end = f", {drifted} drifted" if drifted else ""
    console.line(f"profile: {len(answers)} of {len(QUESTIONS)} questions observed{end}")


def _print_failing(console: Console, failing: Sequence[Observation]) -> None:
    """Print each drift in full, and questions that failed for the same reason together."""
    drifts = [[one] for one in failing if one.verdict is Verdict.DRIFTED]
    doubts = _alike(one for one in failing if one.verdict is not Verdict.DRIFTED)
    for group in [*drifts, *doubts.values()]:
        headline, text, *lines = explain(group[0]).splitlines()
        if len(group) > 1:
            headline = f"{len(group)} questions: {group[0].verdict}"
            text = f"  names:     {_names(group)}"
            lines = [line for line in lines if line.startswith("  reason:")]
        print_block(console, group[0].verdict, headline, [shortened(text), *map(shortened, lines)])


def _alike(observations: Iterable[Observation]) -> dict[tuple[Verdict, str], list[Observation]]:
    """Observations by verdict and reason, whatever ids that names."""
    groups: dict[tuple[Verdict, str], list[Observation]] = {}
    for one in observations:
        groups.setdefault((one.verdict, alike(one.reason)), []).append(one)
    return groups


def _names(observations: Iterable[Observation]) -> str:
    return ", ".join(one.question for one in observations)


def write_profile(path: Path, observed: Mapping[str, Observation]) -> None:
    """Write a profile of the observed answers.

    Raises:
        SettingsError: The file cannot be written.
    """
    answers = {name: one.observed for name, one in observed.items() if one.observed is not None}
    reasons = {name: one.reason for name, one in observed.items()}
    write_text(path, profile_text(answers, reasons))
