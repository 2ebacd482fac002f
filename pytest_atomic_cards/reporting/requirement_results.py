"""Rules: every requirement of the catalogue with the verdict of a whole run."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from pytest_atomic_cards.model.lifecycle import Level
from pytest_atomic_cards.rules.finding import Finding
from pytest_atomic_cards.rules.requirements import Requirement, catalogue
from pytest_atomic_cards.rules.verdicts import Verdict
from pytest_atomic_cards.suite.contract_plugin import is_grave
from pytest_atomic_cards.suite.profiling.observation import Observation

NOT_RUN = "none of their contracts was selected"


@dataclass(frozen=True, slots=True)
class RequirementResult:
    """One requirement and what the run says of it.

    Args:
        requirement: The requirement.
        verdict: The heaviest verdict of its contracts.
        reasons: Why, of the contracts with that verdict, without repetition.
        findings: The findings with that verdict.
        contracts: How many contracts decided it.
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
        """Whether all of its contracts that were run held."""
        return self.verdict is Verdict.HELD and len(self.findings) == self.contracts

    def as_dict(self) -> dict[str, str]:
        """What a report says of the requirement, whatever was held against it."""
        return {
            "id": self.requirement.id,
            "area": self.requirement.area,
            "level": self.requirement.level.value,
            "statement": self.requirement.statement,
            "source": self.requirement.source,
            "verdict": self.verdict.value,
            "reason": "; ".join(self.reasons),
        }


def judge_run(findings: Iterable[Finding]) -> list[RequirementResult]:
    """A rule for every requirement, in the order of the catalogue."""
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
    telling = tuple(finding for finding in findings if finding.verdict is verdict)
    reasons = tuple(dict.fromkeys(finding.reason for finding in telling if finding.reason))
    return RequirementResult(
        requirement, verdict, reasons if findings else (NOT_RUN,), telling, len(findings)
    )


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What a run comes to.

    Args:
        word: ``violated``, ``drifted``, ``inconclusive``, ``partial``, ``deviating`` (violated
            only where that is known) or ``conformant``.
        grave: Rules that make the run fail.
        unexercised: Documented rules that this run did not exercise.
        reported: Rules that are violated, but only inferred, in a run that is not strict.
        failing: Observations that make the run fail.
        known: Rules that are violated, and known to be.
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
        rules: What the contracts found.
        observations: What was observed of the open questions.
        troubles: What went wrong around the contracts, such as a clean-up or a worker process.
        strict: Whether inferred requirements fail too.
        known: Ids of requirements whose violation is known and fails no run.
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
    """Why a run comes to what it does, in a few words; empty where there is nothing to add.

    What is named without a verdict of its own has that of the run.
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
        ("" if verdict == conclusion.word else f"{verdict}: ") + ", ".join(names)
        for verdict, names in named.items()
        if names
    )


def ids_of(rules: Iterable[RequirementResult]) -> str:
    """Ids of rules, for a line."""
    return ", ".join(rule.requirement.id for rule in rules)


def failures(rules: Iterable[RequirementResult]) -> list[list[RequirementResult]]:
    """Rules to be told in full: each violation alone, what could not be told for one reason as one.

    In the order of the catalogue.
    """
    alike: dict[str, list[RequirementResult]] = {}
    for rule in rules:
        if rule.verdict is Verdict.INCONCLUSIVE:
            alike.setdefault(rule.reasons[0], []).append(rule)
        elif rule.is_violated:
            alike[rule.requirement.id] = [rule]
    return list(alike.values())
