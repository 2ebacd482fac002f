"""The profile as a file: writing and reading it."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

import pytest

from pytest_atomic_cards.model.profile import QUESTIONS, Profile, read_answers
from pytest_atomic_cards.model.profile_text import profile_text
from pytest_atomic_cards.support.errors import MisuseError

if TYPE_CHECKING:
    from pathlib import Path

LAST = {name: question.answers[-1] for name, question in QUESTIONS.items()}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The path of a profile."""
    return tmp_path / "cards-profile.toml"


def test_what_is_written_is_read_back(path: Path) -> None:
    """A profile with an answer to every question is read back unchanged."""
    path.write_text(profile_text(LAST, {}), "utf-8")
    assert read_answers(path) == LAST
    assert Profile.read(path) == Profile(**LAST)


def test_each_answer_stands_under_its_question() -> None:
    """Every line is short, and the text of each question precedes its answer."""
    text = profile_text(LAST, {})
    assert max(map(len, text.splitlines())) <= 100
    words = " ".join(text.replace("#", " ").split())
    for name, question in QUESTIONS.items():
        assert f'{question.text} {name} = "{LAST[name]}"' in words


def test_what_the_sandbox_cannot_imitate_is_a_comment(path: Path) -> None:
    """Unknown answers, and questions without one, are in comments and not read back."""
    answers = {"zero_match_action": "418", "order": "by-id"}
    text = profile_text(answers, {"wrong_role": "no other\ncredential\x1b[1m \u2028is \ttheirs"})
    path.write_text(text, "utf-8")
    assert read_answers(path) == {"order": "by-id"}
    assert Profile.read(path) == Profile(order="by-id")
    lines = text.splitlines()
    known = ", ".join(QUESTIONS["zero_match_action"].answers)
    assert f"# zero_match_action: other: 418; none of {known}" in lines
    assert "# wrong_role: not observed: no other credential[1m is theirs" in lines
    assert "# no_token: not observed: it was not asked" in lines


def test_an_answer_that_would_end_the_comment_does_not(path: Path) -> None:
    """An answer with any characters stays within its comment."""
    hostile = 'x"\n[table]\nno_token = "403"\r\x00\x85\u2029order = 1'
    path.write_text(profile_text({"no_token": hostile}, {}), "utf-8")
    assert tomllib.loads(path.read_text("utf-8")) == {}


def test_a_file_is_refused_in_one_sentence(path: Path) -> None:
    """An unknown question or answer is an error that lists the known ones."""
    path.write_text('no_tokens = "401"\n', "utf-8")
    with pytest.raises(MisuseError, match=r"unknown question no_tokens; known: .*no_token"):
        read_answers(path)
    path.write_text('no_token = "402"\n', "utf-8")
    with pytest.raises(MisuseError, match=r"no_token = '402' .*choose one of 401, 403"):
        Profile.read(path)
    path.write_text("no_token = 4O1\n", "utf-8")
    with pytest.raises(MisuseError, match="is not TOML"):
        read_answers(path)
    with pytest.raises(MisuseError, match="cannot be read"):
        read_answers(path.with_name("absent.toml"))
