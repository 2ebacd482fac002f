"""Causes: what to mend first, and what fails with it, in every report alike."""

from __future__ import annotations

import re

import pytest
from report_values import exchange, outcome_of, report_of_run

from pytest_atomic_cards.reporting.causes import Cause, causes, collapsed, where_to_start
from pytest_atomic_cards.reporting.console import Console
from pytest_atomic_cards.reporting.github import job_summary, workflow_commands
from pytest_atomic_cards.reporting.requirement_results import explain_conclusion, ids_of, judge_run
from pytest_atomic_cards.reporting.terminal import print_outcome
from pytest_atomic_cards.rules.body_form import form_of, kind_of
from pytest_atomic_cards.rules.finding import Finding
from pytest_atomic_cards.rules.foundations import _FOUNDATIONS, EVERYTHING, foundations_of
from pytest_atomic_cards.rules.requirements import catalogue
from pytest_atomic_cards.rules.verdicts import Verdict
from pytest_atomic_cards.suite.running.failed_setup import START_THERE

VIOLATED, INCONCLUSIVE = Verdict.VIOLATED, Verdict.INCONCLUSIVE
NO_CARD = f"no card was listed; violated: SHAPE-02{START_THERE}"


def found(*findings: tuple[str, Verdict, str]) -> list[Cause]:
    """The causes of a run with these findings."""
    return causes(
        judge_run([Finding("test", name, verdict, reason) for name, verdict, reason in findings])
    )


def ids(cause: Cause) -> tuple[str, str]:
    """The ids of a cause and of what depends on it."""
    return ids_of(cause.roots), ids_of(cause.dependants)


def printed(**how: object) -> list[str]:
    """The lines of the terminal for a run."""
    parts: list[str] = []
    print_outcome(Console(lambda text, **_: parts.append(text)), outcome_of(**how))  # type: ignore[arg-type]
    return "".join(parts).splitlines()


@pytest.mark.parametrize(
    ("findings", "groups"),
    [
        (
            [("PAGE-04", VIOLATED, ""), ("PAGE-05", VIOLATED, ""), ("LIMIT-01", INCONCLUSIVE, "?")],
            [("PAGE-04", "PAGE-05, LIMIT-01")],
        ),
        (
            [("STATE-13", VIOLATED, ""), ("SHAPE-01", VIOLATED, "")],
            [("SHAPE-01", "STATE-13")],
        ),
        (
            [("RESULT-06", VIOLATED, ""), ("AUTH-01", VIOLATED, "")],
            [("AUTH-01", ""), ("RESULT-06", "")],
        ),
        (
            [("SHAPE-02", VIOLATED, ""), ("CONC-01", INCONCLUSIVE, "left open")]
            + [(name, INCONCLUSIVE, NO_CARD) for name in ("QUERY-01", "TIME-01")],
            [("SHAPE-02", "QUERY-01, TIME-01, CONC-01")],
        ),
        (
            [
                ("QUERY-01", INCONCLUSIVE, "no card under 12ab34cd was listed"),
                ("QUERY-02", INCONCLUSIVE, "no card under 99ff00aa was listed"),
                ("QUERY-03", INCONCLUSIVE, "time is up"),
            ],
            [("QUERY-01, QUERY-02", ""), ("QUERY-03", "")],
        ),
        ([("QUERY-01", Verdict.HELD, "")], []),
    ],
    ids=["foundation", "inferred", "documented-first", "seeding", "one-reason", "none"],
)
def test_failures_are_grouped_by_cause(
    findings: list[tuple[str, Verdict, str]], groups: list[tuple[str, str]]
) -> None:
    """A violated foundation, or one reason, explains others; what is documented comes first."""
    assert [ids(cause) for cause in found(*findings)] == groups


@pytest.mark.parametrize(
    ("findings", "headline"),
    [
        (
            [("PAGE-04", VIOLATED, ""), ("PAGE-05", VIOLATED, "")],
            "start here: PAGE-04; 1 requirement depends on it",
        ),
        (
            [("SHAPE-01", VIOLATED, ""), ("PAGE-05", VIOLATED, ""), ("PAGE-07", INCONCLUSIVE, "")],
            "start here: SHAPE-01; 2 requirements depend on it",
        ),
        ([("PAGE-04", VIOLATED, ""), ("AUTH-01", VIOLATED, "")], "start here: PAGE-04"),
        ([("PAGE-04", VIOLATED, "")], ""),
        ([], ""),
    ],
)
def test_the_headline_names_what_to_mend_first(
    findings: list[tuple[str, Verdict, str]], headline: str
) -> None:
    """One failure needs no headline; of several it names the first, and what depends on it."""
    assert where_to_start(found(*findings)) == headline


def test_foundations_are_in_order() -> None:
    """Each name in the table exists, and nothing rests on itself or on something above itself."""
    names = {EVERYTHING, *catalogue().requirements, *catalogue().areas}
    assert names.issuperset(_FOUNDATIONS)
    assert names.issuperset(name for rests in _FOUNDATIONS.values() for name in rests)
    order = list(_FOUNDATIONS)
    for place, name in enumerate(order):
        assert set(foundations_of(name)) <= set(order[:place])
        assert not set(order[: place + 1]) & set(_FOUNDATIONS[name])


def test_the_first_screen_names_the_cause() -> None:
    """The cause comes before all else: in full, with the command that runs it alone."""
    verdicts = dict.fromkeys(catalogue().requirements, INCONCLUSIVE)
    verdicts |= {"SHAPE-01": VIOLATED, "AUTH-03": Verdict.HELD}
    others = len(verdicts) - 2
    lines = printed(verdicts=verdicts)
    assert lines[0] == f"start here: SHAPE-01; {others} requirements depend on it"
    assert "  run alone: atomic-cards check --cards-only SHAPE-01" in lines[:25]
    assert any(
        line.startswith(f"  inconclusive, as they depend on it: {others} (QU") for line in lines
    )
    assert any(
        re.fullmatch(r"verdict: violated \(SHAPE-01; \d+ inconclusive\)", line) for line in lines
    )
    assert max(map(len, lines)) < 700


def test_each_further_violation_is_one_line_with_its_command() -> None:
    """Violations that may follow from another show what was observed and how to run them alone."""
    lines = printed(verdicts=dict.fromkeys(("PAGE-04", "PAGE-05", "PAGE-08"), VIOLATED))
    start = lines.index("  other violations that may follow from it: 2")
    assert lines[start + 1 : start + 3] == [
        f"  ✗ atomic-cards check --cards-only {name}  # some text"
        for name in ("PAGE-05", "PAGE-08")
    ]


def test_clean_up_trouble_is_one_line() -> None:
    """Troubles that differ in test and ids are counted; others stay."""
    left = [f"test_{number}: left open: ?userId=a-{number}00f" for number in range(4)]
    assert collapsed([*left, "a worker died"]) == [f"4 times: {left[0]}", "a worker died"]
    assert collapsed(left[:2]) == left[:2]


def test_github_shows_the_same_causes() -> None:
    """Annotations and summary begin with the cause, and give the command that runs it alone."""
    outcome = outcome_of(
        {"SHAPE-01": VIOLATED, "PAGE-04": VIOLATED, "PAGE-05": INCONCLUSIVE}, shown=exchange()
    )
    titles = [line.split("::")[1] for line in workflow_commands(outcome)]
    assert titles == ["error title=SHAPE-01", "error title=PAGE-04"]
    text = job_summary(outcome)
    assert "**start here&#58; SHAPE-01; 2 requirements depend on it**" in text
    assert "atomic-cards check --cards-only SHAPE-01" in text
    assert text.index("✗ SHAPE-01") < text.index("✗ PAGE-04")


def test_a_verdict_line_counts_what_it_cannot_name() -> None:
    """A few names are listed; more are counted."""
    outcome = outcome_of(dict.fromkeys(list(catalogue().requirements)[:30], INCONCLUSIVE))
    assert len(explain_conclusion(outcome.conclusion)) < 100
    assert "inconclusive" in explain_conclusion(outcome.conclusion)


@pytest.mark.parametrize(
    ("body", "form"),
    [
        ({"data": []}, '{"data": []}'),
        ([{"user_id": "a", "n": 1}, 2], '[{"user_id": string, "n": number}, …]'),
        ({"a": None, "b": True, "c": 1.5, "d": "", "e": 1}, '{"a": null, "b": true or false, '),
        ({"x" * 99: 1}, '{"' + "x" * 30 + '": number}'),
        ([[[[[1]]]]], "[[[[…]]]]"),
    ],
)
def test_a_form_has_names_and_kinds_only(body: object, form: str) -> None:
    """The form of a body is short, shows names and kinds of values, and no value."""
    assert form_of(body).startswith(form)
    assert len(form_of(body)) < 200


def test_a_wrong_body_is_described() -> None:
    """A body that is not a listing is named for what it is."""
    assert kind_of([{"userId": "a"}]) == 'an array instead of an object: [{"userId": string}]'
    assert kind_of({"cards": []}) == 'an object without an array data: {"cards": []}'
    assert kind_of("boom") == "a string"


def test_report_json_has_the_causes() -> None:
    """The machine-readable report groups failures as the terminal does."""
    report = report_of_run({"PAGE-04": VIOLATED, "PAGE-05": VIOLATED, "PAGE-07": INCONCLUSIVE})
    assert report["start"] == "start here: PAGE-04; 1 requirement depends on it"
    assert report["causes"] == [
        {
            "requirements": ["PAGE-04"],
            "violated": ["PAGE-05"],
            "inconclusive": [],
            "command": "atomic-cards check --cards-only PAGE-04",
        },
        {
            "requirements": ["PAGE-07"],
            "violated": [],
            "inconclusive": [],
            "command": "atomic-cards check --cards-only PAGE-07",
        },
    ]


def test_what_another_contract_showed_is_run_alone_with_it() -> None:
    """The command selects the requirement, and the contract whose exchange violates it."""
    broken = Finding("test_cards", "RESULT-02", VIOLATED, beside="STATE-15")
    (rule,) = (one for one in judge_run([broken]) if one.is_violated)
    command = outcome_of().command_for(rule)
    assert command == "atomic-cards check --cards-only RESULT-02,STATE-15"
