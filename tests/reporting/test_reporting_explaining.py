"""The command ``atomic-cards explain``: requirements, faults and open questions by name."""

from __future__ import annotations

import pytest

from pytest_atomic_cards.model.profile import QUESTIONS
from pytest_atomic_cards.plugin.cli import main
from pytest_atomic_cards.reporting.explanations import _contracts, _items, explain
from pytest_atomic_cards.rules.requirements import catalogue
from pytest_atomic_cards.sandbox.faults import FAULTS

pytestmark = pytest.mark.usefixtures("pytester")
"""Contracts are collected in this process; what that imports is forgotten after each test."""


def words_of(name: str) -> str:
    """The explanation on one line."""
    return " ".join(explain(name).split())


def test_every_requirement_is_explained() -> None:
    """Each one shows its sentence, level, source, what a violation means, its tests and faults."""
    for rule in catalogue().requirements.values():
        words = words_of(rule.id)
        for part in (rule.statement, rule.cited, f"a {rule.level} requirement"):
            assert " ".join(part.split()) in words
        for label in ("if violated:", "tested by: test_", "shown by: --cards-fault"):
            assert label in words


def test_a_requirement_is_explained_with_how_it_is_tested() -> None:
    """The docstring of each contract is there, once for a contract of many cases."""
    words = words_of("PAGE-04")
    assert words.count("test_offset_counts_cards: An offset skips that many cards") == 1
    assert "offset-counts-pages" in words
    assert "--cards-strict" in words_of("RESULT-05")


def test_a_price_says_why_it_is_high() -> None:
    """A requirement about a thousand cards says why fewer would not do, and what leaves it out."""
    assert "Fewer cards would not do" in words_of("PAGE-04")
    assert "--cards-max-cards leaves such contracts out" in words_of("LIMIT-05")
    assert "Fewer cards" not in words_of("MULTI-01")


def test_faults_and_questions_are_explained() -> None:
    """A fault shows its effect and the violated requirements, a question its possible answers."""
    for fault in FAULTS.values():
        assert " ".join(fault.description.split()) in words_of(fault.name)
    assert "violates: PAGE-04, PAGE-05" in words_of("offset-counts-pages")
    for question in QUESTIONS.values():
        words = words_of(question.name)
        assert question.text in words
        assert all(answer in words for answer in question.answers)


def test_a_narrow_fault_is_explained_with_its_condition() -> None:
    """A fault under a condition has the description of the fault and the condition."""
    words = words_of("limit-ignored@by=userId")
    assert "A listing ignores limit, but only with by=userId." in words
    assert "check --cards-fault limit-ignored@by=userId" in words


def test_several_are_explained_one_after_the_other(capsys: pytest.CaptureFixture[str]) -> None:
    """Names may be given in any case, and each has its paragraph."""
    assert main(["explain", "page-04", "ORDER"]) == 0
    first, second = capsys.readouterr().out.strip().split("\n\n")
    assert first.startswith("PAGE-04: ")
    assert second.startswith("order: ")


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("PAGE-4", "did you mean PAGE-04"),
        ("PAGES-04", "did you mean PAGE-04"),
        ("ofset-counts-pages", "did you mean offset-counts-pages"),
        ("zero_match", "did you mean zero_match_"),
        ("", "is not a requirement, a fault, an open question or a setting"),
        ("\n", "is not a requirement"),
        ("something else", "is not a requirement, a fault, an open question or a setting"),
    ],
)
def test_an_unknown_name_gets_close_ones(
    name: str, near: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A name of nothing is one line that names what may have been meant."""
    assert main(["explain", name]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert near in said.err


def test_explaining_needs_no_target(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A live target that is set up but for its secret does not keep anyone from asking."""
    monkeypatch.setenv("ATOMIC_CARDS_TARGET", "live")
    assert main(["explain", "PAGE-01"]) == 0
    assert "tested by:" in capsys.readouterr().out


def test_explaining_writes_no_report(
    monkeypatch: pytest.MonkeyPatch, pytester: pytest.Pytester, capsys: pytest.CaptureFixture[str]
) -> None:
    """A directory for reports that is set in the environment is left as it is."""
    monkeypatch.setenv("ATOMIC_CARDS_REPORT", "out")
    for kept in (_contracts, _items):
        kept.cache_clear()
    assert main(["explain", "PAGE-01"]) == 0
    assert "tested by:" in capsys.readouterr().out
    assert not (pytester.path / "out").exists()
