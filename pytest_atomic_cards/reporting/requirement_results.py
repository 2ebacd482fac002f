"""The verdict of a run on every requirement, and the conclusion of the run."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from pytest_atomic_cards.model.lifecycle import Level
from pytest_atomic_cards.rules.finding import Finding
from pytest_atomic_cards.rules.requirements import Requirement, catalogue
from pytest_atomic_cards.rules.verdicts import Verdict
from pytest_atomic_cards.suite.profiling.observation import Observation
from pytest_atomic_cards.suite.running.contract_plugin import is_grave

_NAMED: Final = 12
"""Names in a verdict line, which then still fits on two lines of a terminal."""
NOT_RUN = "none of their contracts was selected"


@dataclass(frozen=True, slots=True)
class RequirementResult:
    """One requirement and its verdict in a run.

    Args:
        requirement: The requirement.
        verdict: The heaviest verdict of its contracts.
        reasons: The distinct reasons of the contracts with that verdict.
        findings: The findings with that verdict.
        contracts: The number of contracts that ran.
    """

    requirement: Requirement
    verdict: Verdict
    reasons: tuple[str, ...]
    findings: tuple[Finding, ...]
    contracts: int

    @property
    def is_violated(self) -> bool:
        """Whether the target broke the requirement."""
        return self.verdict in {Verdict.VIOLATED, Verdict.DRIFTED}

    @property
    def held_throughout(self) -> bool:
        """Whether all of its contracts that ran held."""
        return self.verdict is Verdict.HELD and len(self.findings) == self.contracts

    def as_dict(self) -> dict[str, str]:
        """The members that every report has for a requirement."""
        return {
            "id": self.requirement.id,
            "area": self.requirement.area,
            "level": self.requirement.level.value,
            "statement": self.requirement.statement,
            "source": self.requirement.cited,
            "verdict": self.verdict.value,
            "reason": "; ".join(self.reasons),
        }


def judge_run(findings: Iterable[Finding]) -> list[RequirementResult]:
    """The result of every requirement, in the order of the catalogue."""
    by_requirement: dict[str, list[Finding]] = {name: [] for name in catalogue().requirements}
    for finding in findings:
        by_requirement[finding.requirement].append(finding)
    return [_rule(catalogue()[name], contracts) for name, contracts in by_requirement.items()]


def _rule(requirement: Requirement, findings: list[Finding]) -> RequirementResult:
    verdict = max(
        (finding.verdict for finding in findings),
        key=lambda verdict: verdict.weight,
        default=Verdict.NOT_EXERCISED,
    )
    decisive = tuple(finding for finding in findings if finding.verdict is verdict)
    reasons = tuple(dict.fromkeys(finding.reason for finding in decisive if finding.reason))
    return RequirementResult(
        requirement, verdict, reasons if findings else (NOT_RUN,), decisive, len(findings)
    )


@dataclass(frozen=True, slots=True)
class Conclusion:
    """The conclusion of a run.

    Args:
        word: ``violated``, ``drifted``, ``inconclusive``, ``partial``, ``deviating`` (only
            known violations) or ``conformant``.
        grave: Requirements that fail the run.
        unexercised: Documented requirements that the run did not exercise.
        reported: Violated requirements that are only inferred, in a run that is not strict.
        failing: Observations that fail the run.
        known: Requirements with a known violation.
    """

    word: str
    grave: tuple[RequirementResult, ...]
    unexercised: tuple[RequirementResult, ...]
    reported: tuple[RequirementResult, ...] = ()
    failing: tuple[Observation, ...] = ()
    known: tuple[RequirementResult, ...] = ()


def conclude(
    rules: Iterable[RequirementResult],
    observations: Iterable[Observation] = (),
    troubles: Sequence[str] = (),
    *,
    strict: bool,
    known: Collection[str] = (),
) -> Conclusion:
    """Sum up a run: only one that exercised every documented requirement is conformant.

    Args:
        rules: The results of all requirements.
        observations: The observations of open questions.
        troubles: Errors outside of contracts, such as in a clean-up or a worker process.
        strict: Whether inferred requirements fail too.
        known: Ids of requirements whose violation is known and does not fail a run.
    """
    rules = list(rules)
    expected = tuple(rule for rule in rules if rule.requirement.id in known and rule.is_violated)
    failing = tuple(observation for observation in observations if observation.fails)
    grave = tuple(
        rule
        for rule in rules
        if rule not in expected
        and any(is_grave(finding, strict=strict) for finding in rule.findings)
    )
    unexercised = tuple(
        rule
        for rule in rules
        if rule.verdict is Verdict.NOT_EXERCISED and rule.requirement.level is Level.DOCUMENTED
    )
    if any(rule.verdict is not Verdict.INCONCLUSIVE for rule in grave):
        word = "violated"
    elif any(observation.verdict is Verdict.DRIFTED for observation in failing):
        word = "drifted"
    elif grave or failing or troubles:
        word = "inconclusive"
    elif unexercised:
        word = "partial"
    else:
        word = "deviating" if expected else "conformant"
    reported = tuple(rule for rule in rules if rule.is_violated and rule not in grave + expected)
    return Conclusion(word, grave, unexercised, reported, failing, expected)


def explain_conclusion(conclusion: Conclusion) -> str:
    """The reason of a conclusion in a few words; empty if there is nothing to add.

    Names without a verdict have that of the run; many names are only counted.
    """
    if conclusion.word == "partial":
        what = "nothing else documented" if conclusion.known else "nothing documented"
        return f"{what} is violated; {len(conclusion.unexercised)} documented not exercised"
    if conclusion.word == "deviating":
        return f"{ids_of(conclusion.known)}, which is known"
    named: dict[str, list[str]] = {Verdict.VIOLATED: [], Verdict.DRIFTED: []}
    for rule in conclusion.grave:
        verdict = Verdict.VIOLATED if rule.is_violated else rule.verdict
        named.setdefault(verdict, []).append(rule.requirement.id)
    for observation in conclusion.failing:
        named.setdefault(observation.verdict, []).append(observation.question)
    return "; ".join(
        f"{len(names)} {verdict}"
        if len(names) > _NAMED
        else ("" if verdict == conclusion.word else f"{verdict}: ") + ", ".join(names)
        for verdict, names in named.items()
        if names
    )


def by_area(rules: Iterable[RequirementResult]) -> dict[str, list[RequirementResult]]:
    """Rules by the title of their area, in the order of the catalogue."""
    rules = list(rules)
    return {
        title: [rule for rule in rules if rule.requirement.area == area]
        for area, title in catalogue().areas.items()
    }


def ids_of(rules: Iterable[RequirementResult]) -> str:
    """The ids of rules, on one line."""
    return ", ".join(rule.requirement.id for rule in rules)
