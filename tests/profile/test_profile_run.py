"""The open questions in a run: what is printed, written and returned."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest

from pytest_atomic_cards.model.profile import QUESTIONS, read_answers
from pytest_atomic_cards.model.profile_text import profile_text
from pytest_atomic_cards.reporting.requirement_results import conclude, judge_run
from pytest_atomic_cards.rules.finding import Finding
from pytest_atomic_cards.rules.requirements import catalogue
from pytest_atomic_cards.rules.verdicts import Verdict
from pytest_atomic_cards.sandbox import FAULTS
from pytest_atomic_cards.suite.profiling.observation import Observation

if TYPE_CHECKING:
    from live_sandbox import Serve

pytestmark = pytest.mark.usefixtures("time_flies")

Run = Callable[..., pytest.RunResult]


@pytest.fixture
def run(pytester: pytest.Pytester) -> Run:
    """Runs the observations of the suite with pytest arguments."""
    pytester.makeconftest("from pytest_atomic_cards.contracts.conftest import *")
    pytester.makepyfile(test_profile="from pytest_atomic_cards.contracts.test_profile import *")
    return pytester.runpytest_inprocess


@pytest.fixture
def pin(pytester: pytest.Pytester) -> Callable[..., str]:
    """Writes a profile with some answers, and returns the argument that pins it."""

    def pin(**answers: str) -> str:
        path = pytester.path / "cards-profile.toml"
        path.write_text(profile_text(answers, {}), "utf-8")
        return f"--cards-profile={path}"

    return pin


def profile_in(pytester: pytest.Pytester) -> dict[str, dict[str, Any]]:
    """The profile in the report of a run."""
    document = json.loads((pytester.path / "out" / "report.json").read_text("utf-8"))
    profile: dict[str, dict[str, Any]] = document["profile"]
    return profile


def named(*questions: str) -> list[str]:
    """Arguments that select the observations of some questions."""
    return ["-k", " or ".join(f"[{question}]" for question in questions)]


def test_every_question_is_observed_on_the_sandbox(
    run: Run, pin: Callable[..., str], pytester: pytest.Pytester
) -> None:
    """The answers of a sandbox's profile are observed, reported and written."""
    answers = {name: question.answers[-1] for name, question in QUESTIONS.items()}
    for hiding in ("embargoed_cards_listed", "closed_cards_listed"):
        answers[hiding] = "only-by-status"  # what is never listed leaves other questions open
    pinned = pin(**answers)
    result = run(pinned, "--cards-profile-out=seen/profile.toml", "--cards-report=out")
    assert result.ret == pytest.ExitCode.OK
    assert read_answers(pytester.path / "seen" / "profile.toml") == answers
    result.stdout.fnmatch_lines(
        [f"profile: {len(QUESTIONS)} of {len(QUESTIONS)} questions observed"]
    )
    result.stdout.fnmatch_lines(["profile: seen/profile.toml"])
    assert profile_in(pytester) == {
        name: {
            "text": question.text,
            "observed": answers[name],
            "pinned": answers[name],
            "verdict": "held",
            "reason": "",
        }
        for name, question in QUESTIONS.items()
    }


def test_drift_fails_and_is_told_in_full(
    run: Run,
    pin: Callable[..., str],
    serve: Serve,
    monkeypatch: pytest.MonkeyPatch,
    pytester: pytest.Pytester,
) -> None:
    """A live target's answer that differs from the pinned one fails, with its exchange.

    Equal answers, and questions without a pinned answer, do not fail.
    """
    live = serve(zero_match_action="404", zero_match_listing="404", bad_token="403")
    live.be_the_target(monkeypatch)
    questions = ("zero_match_action", "zero_match_listing", "bad_token")
    arguments = [*named(*questions), "--cards-report=out", "--cards-profile-out=seen.toml"]
    result = run(pin(zero_match_action="empty", bad_token="403"), *arguments)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.assert_outcomes(passed=2, failed=1, deselected=len(QUESTIONS) - 3)
    result.stdout.fnmatch_lines(
        [
            "zero_match_action (observed) drifted",
            "  What does an action answer when no card matches?",
            "  pinned:    empty",
            "  observed:  404",
            '  response:  HTTP 404 {"message": "no card matches"}',
            "  reproduce: curl * -X PUT 'http://127.0.0.1:*/cards/dismiss?lifecycleId=no-such-*",
            f"profile: 3 of {len(QUESTIONS)} questions observed, 1 drifted",
            "verdict: drifted (zero_match_action)",
        ]
    )
    profile = profile_in(pytester)
    seen = {name: tuple(profile[name].values())[1:] for name in questions}
    assert seen == {
        "zero_match_action": ("404", "empty", "drifted", ""),
        "zero_match_listing": ("404", None, "held", ""),
        "bad_token": ("403", "403", "held", ""),
    }
    assert read_answers(pytester.path / "seen.toml") == dict.fromkeys(questions, "404") | {
        "bad_token": "403"
    }
    assert not live.open_cards


def test_what_cannot_be_seen_is_told_with_the_reason(
    run: Run, serve: Serve, monkeypatch: pytest.MonkeyPatch, pytester: pytest.Pytester
) -> None:
    """A question that cannot be observed on a live target is skipped, even if it is pinned."""
    serve().be_the_target(monkeypatch)
    result = run(*named("wrong_role", "no_token"), "--cards-report=out", "--cards-profile-out=seen")
    result.assert_outcomes(passed=1, skipped=1, deselected=len(QUESTIONS) - 2)
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(["· not observed, as a live target cannot be *: wrong_role"])
    profile = profile_in(pytester)
    assert profile["wrong_role"]["verdict"] == "not exercised"
    assert "cannot be steered" in profile["wrong_role"]["reason"]
    assert profile["order"]["verdict"] == "not exercised"
    assert profile["order"]["reason"] == "it was not asked in this run"
    text = (pytester.path / "seen").read_text("utf-8")
    assert "# wrong_role: not observed: a live target cannot be steered" in text


def test_observations_travel_between_processes(
    run: Run, pin: Callable[..., str], pytester: pytest.Pytester
) -> None:
    """A run in two processes has the same report and exit code."""
    pinned = pin(order="by-id", error_body="errors")
    questions = ("order", "error_body", "limit_zero")
    result = run(pinned, "-n2", "-p", "xdist", *named(*questions), "--cards-report=out")
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines([f"profile: 3 of {len(QUESTIONS)} questions observed"])
    assert profile_in(pytester)["order"]["observed"] == "by-id"
    junit = ET.parse(pytester.path / "out" / "junit.xml")  # noqa: S314 - our own file
    properties = {
        (case.get("name"), one.get("name"), one.get("value"))
        for case in junit.iter("testcase")
        for one in case.iter("property")
    }
    assert ("test_question[order]", "observed", "by-id") in properties


@pytest.mark.parametrize("argument", ["--cards-only=QUERY-01", f"--cards-fault={min(FAULTS)}"])
def test_nothing_is_observed_where_it_would_tell_nothing(argument: str, run: Run) -> None:
    """With a fault, or for selected requirements, questions are not observed."""
    result = run(argument)
    assert result.ret == pytest.ExitCode.NO_TESTS_COLLECTED
    result.assert_outcomes(deselected=len(QUESTIONS))


def test_a_profile_that_cannot_be_written_is_one_line(run: Run, pytester: pytest.Pytester) -> None:
    """If the profile cannot be written, the run ends with one line that names the option."""
    (pytester.path / "seen").mkdir()
    result = run(*named("no_token"), "--cards-profile-out=seen")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: --cards-profile-out: cannot write seen: *"])


def test_no_profile_is_written_where_nothing_was_observed(
    run: Run, pytester: pytest.Pytester
) -> None:
    """A run without observations does not change a profile, and says why."""
    path = pytester.path / "seen.toml"
    path.write_text("# mine\n", "utf-8")
    pytester.makepyfile(test_auth="from pytest_atomic_cards.contracts.test_shape import *")
    result = run("--cards-only=SHAPE-01", f"--cards-profile-out={path}")
    result.stdout.fnmatch_lines(["profile: * is not written, as no open question was asked; *"])
    assert path.read_text("utf-8") == "# mine\n"


def test_a_target_that_cannot_be_reached_fails(
    run: Run, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If no environment can be opened, the run fails with the reason."""
    serve().be_the_target(monkeypatch)
    monkeypatch.setenv("ATOMIC_CARDS_CLIENT_SECRET", "another")
    result = run(*named("no_token", "order"))
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(
        [
            "2 questions: inconclusive",
            "  names:     order, no_token",
            "  reason:    * refuses the credentials*",
            f"profile: 0 of {len(QUESTIONS)} questions observed",
            "verdict: inconclusive (order, no_token)",
        ]
    )


@pytest.mark.parametrize(
    ("verdicts", "word"),
    [
        ({}, "conformant"),
        ({"PAGE-01": Verdict.NOT_EXERCISED}, "drifted"),
        ({"PAGE-01": Verdict.INCONCLUSIVE}, "drifted"),
        ({"PAGE-01": Verdict.VIOLATED}, "violated"),
    ],
)
def test_drift_is_graver_than_doubt_and_less_than_violation(
    verdicts: dict[str, Verdict], word: str
) -> None:
    """A drift makes a run drifted, unless a documented requirement is violated."""
    findings = [
        Finding("test", name, verdicts.get(name, Verdict.HELD)) for name in catalogue().requirements
    ]
    seen = [
        Observation("order", Verdict.NOT_EXERCISED, reason="no means"),
        Observation("limit_zero", Verdict.INCONCLUSIVE, reason="no answer"),
    ]
    if verdicts:
        seen.append(Observation("no_token", Verdict.DRIFTED, "401", "403", fails=True))
    assert conclude(judge_run(findings), seen, strict=True).word == word
