"""Right targets: no legal choice of a target fails a documented requirement, or leaves one open.

A target's answers to the open questions are legal, and so is whatever else no page rules out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from profile_contexts import whole_profiles

from pytest_atomic_cards.model.lifecycle import Level, Status
from pytest_atomic_cards.model.profile import QUESTIONS
from pytest_atomic_cards.model.profile_text import profile_text
from pytest_atomic_cards.rules.finding import Finding
from pytest_atomic_cards.rules.requirements import catalogue
from pytest_atomic_cards.rules.verdicts import Verdict
from pytest_atomic_cards.sandbox.app import Sandbox
from pytest_atomic_cards.sandbox.behaviour import Behaviour
from pytest_atomic_cards.sandbox.refusal import Refusal
from pytest_atomic_cards.suite.running.result_hooks import results_in
from pytest_atomic_cards.suite.running.suite_runner import PYTEST_ARGUMENTS, suite_directory

if TYPE_CHECKING:
    from collections.abc import Mapping

pytestmark = [pytest.mark.nightly, pytest.mark.timeout(600)]

MOST_ANSWERS = max(len(question.answers) for question in QUESTIONS.values())
"""So many whole profiles hold every answer to every question."""
WORDS = {
    Status.EMBARGOED: "scheduled",
    Status.DISMISSED: "put away",
    Status.COMPLETED: "done",
    Status.CANCELLED: "withdrawn",
    Status.EXPIRED: "lapsed",
}
"""Other words for the states that the page does not name."""

LATE = 5_000
"""Milliseconds by which a timer ends late: more than rounding, and less than a contract waits."""

Check = Callable[..., list[Finding]]
Choice = Callable[[pytest.MonkeyPatch], None]


@pytest.fixture
def check(pytester: pytest.Pytester) -> Check:
    """Runs contracts in this process, with the answers of a profile; returns the findings."""

    class Collector:
        def __init__(self) -> None:
            self.findings: list[Finding] = []

        def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
            self.findings += results_in(report, Finding)

    def run(answers: Mapping[str, Any], *only: str) -> list[Finding]:
        profile = pytester.path / "profile.toml"
        profile.write_text(profile_text(answers, {}), "utf-8")
        collector = Collector()
        pytester.inline_run(
            *PYTEST_ARGUMENTS,
            "-q",
            "-m",
            "requirement",
            "--cards-target=sandbox",
            "--cards-effort=quick",
            f"--cards-profile={profile}",
            *([f"--cards-only={','.join(only)}"] if only else []),
            suite_directory(),
            plugins=[collector],
        )
        decided = {finding.requirement for finding in collector.findings}
        assert decided == set(only or catalogue().requirements)
        return collector.findings

    return run


def grave(findings: list[Finding]) -> dict[str, str]:
    """Documented requirements that do not hold or are undecided, with the reasons."""
    return {
        finding.requirement: f"{finding.verdict}: {finding.reason}"
        for finding in findings
        if finding.verdict in {Verdict.VIOLATED, Verdict.INCONCLUSIVE}
        and catalogue()[finding.requirement].level is Level.DOCUMENTED
    }


def violated(findings: list[Finding]) -> dict[str, str]:
    """Violated requirements, with the reasons."""
    return {
        finding.requirement: finding.reason
        for finding in findings
        if finding.verdict is Verdict.VIOLATED
    }


@pytest.mark.parametrize("answers", whole_profiles(MOST_ANSWERS, seed=7))
def test_no_answer_to_an_open_question_fails(answers: dict[str, Any], check: Check) -> None:
    """Whatever a profile answers, no requirement is violated and no documented one is undecided."""
    findings = check(answers)
    assert grave(findings) == {}
    assert violated(findings) == {}


def without_definition(monkeypatch: pytest.MonkeyPatch) -> None:
    """A card has no definition."""
    original = Behaviour.card_body

    def card_body(self: Behaviour, row: Any) -> dict[str, Any]:  # noqa: ANN401 - a row
        return {name: one for name, one in original(self, row).items() if name != "definition"}

    monkeypatch.setattr(Behaviour, "card_body", card_body)


def other_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """The states that the page does not name have other words, in bodies and in queries."""
    card_body, status_word = Behaviour.card_body, Behaviour.status_word
    states = {word: state.value for state, word in WORDS.items()}

    def shown(self: Behaviour, row: Any) -> dict[str, Any]:  # noqa: ANN401 - a row
        body = card_body(self, row)
        return body | {"status": WORDS.get(Status(row.status), row.status)}

    def asked(self: Behaviour, word: str) -> str:
        known = states.get(word, "unknown" if word in WORDS else word)
        return status_word(self, known)

    monkeypatch.setattr(Behaviour, "card_body", shown)
    monkeypatch.setattr(Behaviour, "status_word", asked)


def multiple_for_several_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """An action with multiple=1 is refused if only one card matches."""
    original = Behaviour.check_multiple

    def check_multiple(self: Behaviour, actionable: int, matching: int, *, multiple: bool) -> None:
        original(self, actionable, matching, multiple=multiple)
        if multiple and actionable == 1:
            raise Refusal(400, "only one card matches")

    monkeypatch.setattr(Behaviour, "check_multiple", check_multiple)


def another_success(monkeypatch: pytest.MonkeyPatch) -> None:
    """A success has the status 207."""
    original = Sandbox._json

    def respond(self: Sandbox, body: Any, status: int = 200) -> Any:  # noqa: ANN401 - JSON
        return original(self, body, 207 if status == 200 else status)

    monkeypatch.setattr(Sandbox, "_json", respond)


def capital_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """The states that the page does not name are shown, and asked for, in capitals."""
    monkeypatch.setitem(globals(), "WORDS", {state: state.value.upper() for state in WORDS})
    other_words(monkeypatch)


def other_multiple_is_malformed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A multiple other than 1 is refused, with 422."""
    original = Behaviour.multiple

    def multiple(self: Behaviour, pairs: Any) -> bool:  # noqa: ANN401 - parameters
        if self.controls(pairs).get("multiple") not in {None, "1"}:
            raise Refusal(422, "multiple must be 1")
        return original(self, pairs)

    monkeypatch.setattr(Behaviour, "multiple", multiple)


CHOICES: dict[Choice, set[str]] = {
    without_definition: {"SHAPE-12", "SCHEMA-02"},
    other_words: {"STATE-13", "QUERY-12"},
    capital_words: {"STATE-13", "QUERY-12"},
    other_multiple_is_malformed: set(),
    multiple_for_several_only: {"MULTI-07"},
    another_success: set(),
}
"""Legal choices that no question asks about, and the inferred requirements that they violate."""


@pytest.mark.parametrize("choice", CHOICES, ids=lambda choice: choice.__name__)
def test_no_other_legal_choice_fails(
    choice: Choice, check: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the inferred requirement that excludes the choice is violated."""
    choice(monkeypatch)
    findings = check({})
    assert grave(findings) == {}
    assert violated(findings).keys() <= CHOICES[choice]


def test_late_timers_leave_nothing_undecided(check: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    """If cards expire some seconds late, that is violated, and what follows is decided."""
    original = Behaviour.next_transition

    def next_transition(self: Behaviour, row: Any) -> tuple[int, str] | None:  # noqa: ANN401
        found = original(self, row)
        return found and (found[0] + LATE, found[1])

    monkeypatch.setattr(Behaviour, "next_transition", next_transition)
    verdicts: dict[str, Verdict] = {}
    for finding in check({}, "TIME-02", "STATE-10"):
        before = verdicts.get(finding.requirement, Verdict.NOT_EXERCISED)
        verdicts[finding.requirement] = max(before, finding.verdict, key=lambda one: one.weight)
    assert verdicts == {"TIME-02": Verdict.VIOLATED, "STATE-10": Verdict.HELD}
