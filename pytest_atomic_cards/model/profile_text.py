"""A profile as text: observed answers in TOML, each under its question."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import Final

from pytest_atomic_cards.model.profile import QUESTIONS


def profile_text(answers: Mapping[str, str], reasons: Mapping[str, str]) -> str:
    """A TOML file of observed answers, each under its question, that ``read_answers`` reads.

    What cannot be imitated becomes a comment: answers that a question does not allow, and questions
    without an answer.

    Args:
        answers: The answer to each question that has one.
        reasons: Why the others have none.
    """
    blocks = []
    for name, question in QUESTIONS.items():
        answer = answers.get(name)
        if answer in question.answers:
            line = f'{name} = "{answer}"'
        elif answer is not None:
            line = f"# {name}: other: {_line(answer)}; none of {', '.join(question.answers)}"
        else:
            line = f"# {name}: not observed: {_line(reasons.get(name, 'it was not asked'))}"
        blocks.append(f"{_wrapped(question.text)}\n{line}\n")
    return "\n".join((_TITLE, *blocks))


_WIDTH: Final = 100
_TITLE: Final = (
    "# How one target answers the questions that the documentation of the Cards API leaves open.\n"
)


def _wrapped(text: str) -> str:
    return textwrap.fill(text, _WIDTH, initial_indent="# ", subsequent_indent="# ")


def _line(text: str) -> str:
    """A text for a comment: on one line, and without control characters."""
    return "".join(letter for letter in " ".join(text.split()) if letter.isprintable())
