"""Every open question can be read, has answers to choose from, and refuses any other."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from pytest_atomic_cards.model.profile import QUESTIONS, Profile, Question
from pytest_atomic_cards.support.errors import MisuseError

ANSWERS = [(name, answer) for name, question in QUESTIONS.items() for answer in question.answers]


def test_every_field_is_a_question() -> None:
    """The questions are the fields of the profile, in their order, each under its own name."""
    assert list(QUESTIONS) == [field.name for field in dataclasses.fields(Profile)]
    assert [question.name for question in QUESTIONS.values()] == list(QUESTIONS)


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)
def test_a_question_is_a_sentence(question: Question) -> None:
    """A question has a text that begins like a sentence and ends like a question."""
    assert question.text.endswith("?")
    assert question.text[0].isupper()
    assert "  " not in question.text


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)
def test_a_question_has_a_choice(question: Question) -> None:
    """There are at least two answers, all different and none empty."""
    assert len(question.answers) >= 2
    assert len(set(question.answers)) == len(question.answers)
    assert all(answer and answer == answer.strip() for answer in question.answers)


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)
def test_a_default_is_an_answer(question: Question) -> None:
    """The default of a question is one of its answers, and that of a profile without others."""
    assert question.default in question.answers
    assert getattr(Profile(), question.name) == question.default


def test_no_two_questions_read_alike() -> None:
    """Each question asks something of its own."""
    texts = [question.text for question in QUESTIONS.values()]
    assert len(set(texts)) == len(texts)


@pytest.mark.parametrize(("name", "answer"), ANSWERS)
def test_every_answer_can_be_chosen(name: str, answer: str) -> None:
    """A profile takes any answer to any question, and keeps the others at their defaults."""
    answers: dict[str, Any] = {name: answer}
    defaults: dict[str, Any] = {name: QUESTIONS[name].default}
    profile = Profile(**answers)
    assert getattr(profile, name) == answer
    assert dataclasses.replace(profile, **defaults) == Profile()


@pytest.mark.parametrize("name", QUESTIONS)
@pytest.mark.parametrize("answer", ["perhaps", "", None, 404, True, ["empty"]])
def test_another_answer_is_refused(name: str, answer: object) -> None:
    """The error names the question, the answer given, and those to choose from."""
    answers: dict[str, Any] = {name: answer}
    with pytest.raises(MisuseError) as refusal:
        Profile(**answers)
    question = QUESTIONS[name]
    assert str(refusal.value) == (
        f"profile: {name} = {answer!r} is not an answer to {question.text!r}; "
        f"choose one of {', '.join(question.answers)}"
    )


def test_answers_are_compared_to_the_letter() -> None:
    """Another case of an answer is another answer."""
    with pytest.raises(MisuseError, match="zero_match_listing = 'Empty' is not an answer"):
        Profile(zero_match_listing="Empty")  # type: ignore[arg-type] # the point of the test


def test_an_unknown_question_is_refused() -> None:
    """A misspelt question is an error, and the error names it."""
    with pytest.raises(TypeError, match="zero_matches"):
        Profile(zero_matches="empty")  # type: ignore[call-arg] # the point of the test


def test_a_profile_cannot_be_changed() -> None:
    """The answers of a running sandbox stay as they are."""
    profile = Profile()
    with pytest.raises(dataclasses.FrozenInstanceError):
        profile.zero_match_listing = "404"  # type: ignore[misc] # the point of the test


def test_profiles_with_the_same_answers_are_equal() -> None:
    """Equal profiles can stand for each other, also as keys."""
    assert {Profile(), Profile()} == {Profile()}
    assert Profile(limit_zero="empty") != Profile()
