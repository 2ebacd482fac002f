"""From findings to results, and from results to the conclusion of a run."""

from __future__ import annotations

import pytest

from pytest_atomic_cards.model.lifecycle import Level
from pytest_atomic_cards.reporting.requirement_results import (
    Conclusion,
    conclude,
    explain_conclusion,
    judge_run,
)
from pytest_atomic_cards.rules.finding import Finding
from pytest_atomic_cards.rules.requirements import catalogue
from pytest_atomic_cards.rules.verdicts import Verdict
from pytest_atomic_cards.suite.profiling.observation import Observation

HELD, VIOLATED, DRIFTED, NOT_EXERCISED, INCONCLUSIVE = Verdict
DOCUMENTED, INFERRED = "PAGE-01", "PAGE-07"
OF_LEVEL = {
    level: [rule.id for rule in catalogue().requirements.values() if rule.level is level]
    for level in Level
}


def finding(name: str, verdict: Verdict, reason: str = "", contract: str = "test") -> Finding:
    """What one contract found."""
    return Finding(contract, name, verdict, reason)


def run_with(changes: dict[str, Verdict], *, strict: bool = False) -> Conclusion:
    """The conclusion of a run in which everything held except some requirements."""
    findings = [finding(name, changes.get(name, HELD)) for name in catalogue().requirements]
    return conclude(judge_run(findings), strict=strict)


def test_every_requirement_is_a_rule() -> None:
    """The results are in the order of the catalogue, whatever was run."""
    rules = judge_run([finding(INFERRED, HELD), finding(DOCUMENTED, HELD)])
    assert [rule.requirement.id for rule in rules] == list(catalogue().requirements)
    held = {rule.requirement.id for rule in rules if rule.verdict is HELD}
    assert held == {DOCUMENTED, INFERRED}


@pytest.mark.parametrize(
    ("verdicts", "verdict"),
    [
        ([], NOT_EXERCISED),
        ([HELD], HELD),
        ([NOT_EXERCISED], NOT_EXERCISED),
        ([HELD, NOT_EXERCISED], HELD),
        ([NOT_EXERCISED, NOT_EXERCISED], NOT_EXERCISED),
        ([HELD, INCONCLUSIVE, NOT_EXERCISED], INCONCLUSIVE),
        ([INCONCLUSIVE, DRIFTED, HELD], DRIFTED),
        ([HELD, VIOLATED, HELD], VIOLATED),
        ([VIOLATED, DRIFTED, INCONCLUSIVE, NOT_EXERCISED, HELD], VIOLATED),
    ],
)
def test_the_heaviest_verdict_prevails(verdicts: list[Verdict], verdict: Verdict) -> None:
    """A requirement has the gravest verdict that any of its contracts has."""
    rules = {
        rule.requirement.id: rule
        for rule in judge_run([finding(DOCUMENTED, one) for one in verdicts])
    }
    rule = rules[DOCUMENTED]
    assert (rule.verdict, rule.contracts) == (verdict, len(verdicts))
    assert [one.verdict for one in rule.findings] == [one for one in verdicts if one is verdict]


def test_reasons_are_those_of_the_prevailing_verdict() -> None:
    """Reasons are shown once each, and only of the contracts that decided."""
    findings = [
        finding(DOCUMENTED, NOT_EXERCISED, "no way to"),
        finding(DOCUMENTED, VIOLATED, "one too many"),
        finding(DOCUMENTED, VIOLATED, "one too few"),
        finding(DOCUMENTED, VIOLATED, "one too many"),
        finding(DOCUMENTED, HELD),
    ]
    rules = {rule.requirement.id: rule for rule in judge_run(findings)}
    assert rules[DOCUMENTED].reasons == ("one too many", "one too few")
    assert rules[INFERRED].reasons != ()


@pytest.mark.parametrize(
    ("changes", "word", "strict_word"),
    [
        ({}, "conformant", "conformant"),
        ({INFERRED: NOT_EXERCISED}, "conformant", "conformant"),
        ({INFERRED: VIOLATED}, "conformant", "violated"),
        ({INFERRED: INCONCLUSIVE}, "conformant", "inconclusive"),
        ({INFERRED: DRIFTED}, "conformant", "violated"),
        ({DOCUMENTED: NOT_EXERCISED}, "partial", "partial"),
        ({DOCUMENTED: NOT_EXERCISED, INFERRED: VIOLATED}, "partial", "violated"),
        ({DOCUMENTED: VIOLATED}, "violated", "violated"),
        ({DOCUMENTED: DRIFTED}, "violated", "violated"),
        ({DOCUMENTED: INCONCLUSIVE}, "inconclusive", "inconclusive"),
        ({DOCUMENTED: INCONCLUSIVE, INFERRED: VIOLATED}, "inconclusive", "violated"),
        ({DOCUMENTED: INCONCLUSIVE, "PAGE-02": VIOLATED}, "violated", "violated"),
        ({DOCUMENTED: INCONCLUSIVE, "PAGE-02": NOT_EXERCISED}, *["inconclusive"] * 2),
    ],
)
def test_what_a_run_comes_to(changes: dict[str, Verdict], word: str, strict_word: str) -> None:
    """Violated goes before undecided, that before partial; inferred counts in strict runs only."""
    assert run_with(changes).word == word
    assert run_with(changes, strict=True).word == strict_word


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({}, "inconclusive"),
        ({DOCUMENTED: NOT_EXERCISED}, "inconclusive"),
        ({INFERRED: VIOLATED}, "inconclusive"),
        ({DOCUMENTED: VIOLATED}, "violated"),
    ],
)
def test_trouble_around_the_contracts_keeps_a_run_from_conforming(
    changes: dict[str, Verdict], word: str
) -> None:
    """A clean-up that failed or a process that died leaves a run undecided, at best."""
    findings = [finding(name, changes.get(name, HELD)) for name in catalogue().requirements]
    assert conclude(judge_run(findings), (), ["a worker died"], strict=False).word == word


def test_a_conclusion_names_what_counts() -> None:
    """The rules that fail the run and the documented ones left out are named, and no others."""
    changes = {
        DOCUMENTED: VIOLATED,
        INFERRED: VIOLATED,
        "PAGE-02": NOT_EXERCISED,
        "PAGE-03": INCONCLUSIVE,
        OF_LEVEL[Level.INFERRED][0]: NOT_EXERCISED,
    }
    conclusion = run_with(changes)
    assert {rule.requirement.id for rule in conclusion.grave} == {DOCUMENTED, "PAGE-03"}
    assert [rule.requirement.id for rule in conclusion.unexercised] == ["PAGE-02"]
    strict = run_with(changes, strict=True)
    assert {rule.requirement.id for rule in strict.grave} == {DOCUMENTED, "PAGE-03", INFERRED}


@pytest.mark.parametrize(
    ("changes", "observed", "why"),
    [
        ({DOCUMENTED: VIOLATED, "PAGE-03": VIOLATED}, {}, f"{DOCUMENTED}, PAGE-03"),
        ({DOCUMENTED: INCONCLUSIVE}, {"order": INCONCLUSIVE}, f"{DOCUMENTED}, order"),
        (
            {DOCUMENTED: INCONCLUSIVE, "PAGE-03": VIOLATED},
            {"order": DRIFTED, "no_token": INCONCLUSIVE},
            f"PAGE-03; drifted: order; inconclusive: {DOCUMENTED}, no_token",
        ),
        (
            {DOCUMENTED: INCONCLUSIVE},
            {"order": DRIFTED},
            f"order; inconclusive: {DOCUMENTED}",
        ),
        ({DOCUMENTED: DRIFTED}, {}, DOCUMENTED),
        ({}, {}, ""),
    ],
)
def test_only_what_is_violated_is_named_as_violated(
    changes: dict[str, Verdict], observed: dict[str, Verdict], why: str
) -> None:
    """What has another verdict than the run is named with it, behind what has that of the run."""
    findings = [finding(name, changes.get(name, HELD)) for name in catalogue().requirements]
    observations = [
        Observation(question, verdict, fails=True) for question, verdict in observed.items()
    ]
    conclusion = conclude(judge_run(findings), observations, strict=False)
    assert explain_conclusion(conclusion) == why


def test_a_run_of_nothing_is_partial() -> None:
    """Where no contract ran, nothing is claimed."""
    conclusion = conclude(judge_run([]), strict=True)
    assert conclusion.word == "partial"
    assert len(conclusion.unexercised) == len(OF_LEVEL[Level.DOCUMENTED])


@pytest.mark.parametrize(
    ("changes", "strict", "word"),
    [
        ({}, False, "conformant"),
        ({DOCUMENTED: VIOLATED}, False, "deviating"),
        ({DOCUMENTED: VIOLATED, "PAGE-02": NOT_EXERCISED}, False, "partial"),
        ({DOCUMENTED: VIOLATED, "PAGE-02": VIOLATED}, False, "violated"),
        ({DOCUMENTED: VIOLATED, "PAGE-02": INCONCLUSIVE}, False, "inconclusive"),
        ({DOCUMENTED: INCONCLUSIVE}, False, "inconclusive"),
        ({INFERRED: VIOLATED}, False, "deviating"),
        ({INFERRED: VIOLATED}, True, "deviating"),
    ],
)
def test_what_a_run_with_known_deviations_comes_to(
    changes: dict[str, Verdict],
    strict: bool,  # noqa: FBT001
    word: str,
) -> None:
    """A known violation is not a failure, but a run that shows one is not conformant."""
    findings = [finding(name, changes.get(name, HELD)) for name in catalogue().requirements]
    conclusion = conclude(judge_run(findings), strict=strict, known=[DOCUMENTED, INFERRED])
    assert conclusion.word == word
    named = {rule.requirement.id for rule in conclusion.known}
    assert named == {name for name in (DOCUMENTED, INFERRED) if changes.get(name) is VIOLATED}
    assert not named & {rule.requirement.id for rule in (*conclusion.grave, *conclusion.reported)}
