"""Rules: every requirement of the catalogue with the verdict of a whole run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pytest_atomic_cards.lifecycle import Level
from pytest_atomic_cards.verification.observing.observation import Observation
from pytest_atomic_cards.verification.requirements import Requirement, catalogue
from pytest_atomic_cards.verification.suite import Finding, is_grave
from pytest_atomic_cards.verification.verdicts import Verdict

NOT_RUN = "none of their contracts was selected"


@dataclass(frozen=True, slots=True)
class Rule:
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


def judge_run(findings: Iterable[Finding]) -> list[Rule]:
    """A rule for every requirement, in the order of the catalogue."""
    by_requirement: dict[str, list[Finding]] = {name: [] for name in catalogue().requirements}
    for finding in findings:
        by_requirement[finding.requirement].append(finding)
    return [_rule(catalogue()[name], contracts) for name, contracts in by_requirement.items()]


def _rule(requirement: Requirement, findings: list[Finding]) -> Rule:
    verdict = max(
        (finding.verdict for finding in findings),
        key=lambda verdict: verdict.weight,
        default=Verdict.NOT_EXERCISED,
    )
    telling = tuple(finding for finding in findings if finding.verdict is verdict)
    reasons = tuple(dict.fromkeys(finding.reason for finding in telling if finding.reason))
    return Rule(requirement, verdict, reasons if findings else (NOT_RUN,), telling, len(findings))


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What a run comes to.

    Args:
        word: ``violated``, ``drifted``, ``could not tell``, ``partial`` or ``conformant``.
        grave: Rules that make the run fail.
        unexercised: Documented rules that this run did not exercise.
        reported: Rules that are violated, but only inferred, in a run that is not strict.
        failing: Observations that make the run fail.
    """

    word: str
    grave: tuple[Rule, ...]
    unexercised: tuple[Rule, ...]
    reported: tuple[Rule, ...] = ()
    failing: tuple[Observation, ...] = ()


def conclude(
    rules: Iterable[Rule],
    observations: Iterable[Observation] = (),
    troubles: Sequence[str] = (),
    *,
    strict: bool,
) -> Conclusion:
    """Sum up a run: only one that exercised every documented requirement is conformant.

    Args:
        rules: What the contracts found.
        observations: What was observed of the open questions.
        troubles: What went wrong around the contracts, such as a clean-up or a worker process.
        strict: Whether inferred requirements fail too.
    """
    rules = list(rules)
    failing = tuple(observation for observation in observations if observation.fails)
    grave = tuple(
        rule for rule in rules if any(is_grave(finding, strict=strict) for finding in rule.findings)
    )
    unexercised = tuple(
        rule
        for rule in rules
        if rule.verdict is Verdict.NOT_EXERCISED and rule.requirement.level is Level.DOCUMENTED
    )
    if any(rule.verdict is not Verdict.COULD_NOT_TELL for rule in grave):
        word = "violated"
    elif any(observation.verdict is Verdict.DRIFTED for observation in failing):
        word = "drifted"
    elif grave or failing or troubles:
        word = "could not tell"
    else:
        word = "partial" if unexercised else "conformant"
    reported = tuple(
        rule for rule in rules if rule.verdict is Verdict.VIOLATED and rule not in grave
    )
    return Conclusion(word, grave, unexercised, reported, failing)
