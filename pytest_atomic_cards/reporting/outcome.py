"""The outcome of a run, which is reported in several formats."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

from pytest_atomic_cards.model.settings import Settings
from pytest_atomic_cards.reporting.causes import Cause, causes
from pytest_atomic_cards.reporting.deviations import Deviations
from pytest_atomic_cards.reporting.requirement_results import (
    Conclusion,
    RequirementResult,
    conclude,
    judge_run,
)
from pytest_atomic_cards.reporting.transitions import TransitionResult, judge_transitions
from pytest_atomic_cards.rules.finding import Finding
from pytest_atomic_cards.suite.planning.plan import Plan
from pytest_atomic_cards.suite.planning.traffic_stats import Traffic
from pytest_atomic_cards.suite.profiling.observation import Observation


@dataclass(slots=True)
class RunResults:
    """The results of all processes of a run so far.

    Args:
        findings: The findings of contracts.
        observations: The observations of open questions.
        troubles: Errors outside of contracts, such as in a clean-up or a worker process.
        traffic: Counts of requests to the target.
        plan: What the run was to take, and what it leaves out.
    """

    findings: list[Finding] = field(default_factory=list)
    observations: list[Observation] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)
    traffic: Traffic = field(default_factory=Traffic)
    plan: Plan = field(default_factory=Plan)

    def __bool__(self) -> bool:
        return bool(self.findings or self.observations or self.troubles)


@dataclass(frozen=True)
class Outcome:
    """The outcome of a finished run.

    Args:
        settings: The settings of the run.
        rules: Every requirement with its verdict.
        conclusion: The conclusion of the run.
        results: The results behind it.
        deviations: The known deviations of the project.
        stale: Sentences about known deviations that are out of date; any of them fails the run.
        transitions: Every transition of the lifecycle with its verdict.
        command: The command that repeats the run.
    """

    settings: Settings
    rules: list[RequirementResult]
    conclusion: Conclusion
    results: RunResults
    deviations: Deviations
    stale: list[str]
    transitions: list[TransitionResult]
    command: str = "atomic-cards check"

    @cached_property
    def causes(self) -> list[Cause]:
        """The failures, grouped by what has to be mended first; known ones are left out."""
        return causes(rule for rule in self.rules if rule not in self.conclusion.known)

    def command_for(self, rule: RequirementResult) -> str:
        """The command that runs the contracts of a requirement, and any other that broke it."""
        ids = dict.fromkeys((rule.requirement.id, *(one.beside for one in rule.findings[:1])))
        return f"{self.command} --cards-only {','.join(filter(None, ids))}"

    @property
    def troubles(self) -> list[str]:
        """Errors outside of contracts and stale deviations, in sentences."""
        return [*self.results.troubles, *self.stale]


def sum_up(
    results: RunResults,
    settings: Settings,
    deviations: Deviations,
    *,
    whole: bool,
    command: str = "atomic-cards check",
) -> Outcome:
    """The outcome of a run.

    Args:
        results: Its results.
        settings: Its settings.
        deviations: The known deviations of the project.
        whole: Whether every requirement with a selected contract had all of its contracts run; only
            then can a known deviation be reported as gone.
        command: The command that repeats the run.
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
        command,
    )
