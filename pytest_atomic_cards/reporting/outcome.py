"""Outcome: all that a run has to tell, results once and told in several forms."""

from __future__ import annotations

from dataclasses import dataclass, field

from pytest_atomic_cards.model.settings import Settings
from pytest_atomic_cards.reporting.deviations import Deviations
from pytest_atomic_cards.reporting.requirement_results import (
    Conclusion,
    RequirementResult,
    conclude,
    judge_run,
)
from pytest_atomic_cards.reporting.transitions import TransitionResult, judge_transitions
from pytest_atomic_cards.rules.finding import Finding
from pytest_atomic_cards.suite.profiling.observation import Observation
from pytest_atomic_cards.suite.traffic_stats import Traffic


@dataclass(slots=True)
class RunResults:
    """What the reports of all processes of a run have brought so far.

    Args:
        findings: What contracts found.
        observations: What was seen of the open questions.
        troubles: What went wrong around them, such as a clean-up or a worker process.
        traffic: What was asked of the target.
    """

    findings: list[Finding] = field(default_factory=list)
    observations: list[Observation] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)
    traffic: Traffic = field(default_factory=Traffic)

    def __bool__(self) -> bool:
        return bool(self.findings or self.observations or self.troubles)


@dataclass(frozen=True, slots=True)
class Outcome:
    """A run that is over.

    Args:
        settings: What the run was set to.
        rules: Every requirement with its verdict.
        conclusion: What the run comes to.
        results: What it comes from.
        deviations: The known deviations of the project.
        stale: What is wrong with those, in sentences; any makes the run fail.
        transitions: Every transition of the lifecycle with its verdict.
    """

    settings: Settings
    rules: list[RequirementResult]
    conclusion: Conclusion
    results: RunResults
    deviations: Deviations
    stale: list[str]
    transitions: list[TransitionResult]


def sum_up(
    results: RunResults, settings: Settings, deviations: Deviations, *, whole: bool
) -> Outcome:
    """The outcome of a run.

    Args:
        results: What its reports have brought.
        settings: What it was set to.
        deviations: The known deviations of the project.
        whole: Whether no contract of a requirement was left out that had others run. Only then a
            known deviation can be said to have gone away.
    """
    rules = judge_run(results.findings)
    conclusion = conclude(
        rules,
        results.observations,
        results.troubles,
        strict=settings.strict,
        known=deviations.in_force,
    )
    held = [rule.requirement.id for rule in rules if rule.held_throughout] if whole else []
    return Outcome(
        settings,
        rules,
        conclusion,
        results,
        deviations,
        [*deviations.expired(), *deviations.gone(held)],
        judge_transitions(results.findings),
    )
