"""Observation: what a run saw of one open question, compared with what is pinned."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from pytest_atomic_cards.model.exchange import Exchange
from pytest_atomic_cards.model.profile import QUESTIONS
from pytest_atomic_cards.rules.finding import exchange_lines
from pytest_atomic_cards.rules.verdicts import Verdict, Violation
from pytest_atomic_cards.suite.profiling import OBSERVERS
from pytest_atomic_cards.suite.profiling.context import ProfilingContext
from pytest_atomic_cards.support.errors import (
    AtomicCardsError,
    NotAvailableError,
    OutcomeUnknownError,
    error_text,
)
from pytest_atomic_cards.support.printable import brief, printable

NOT_ASKED: Final = "it was not asked in this run"
_TRIES: Final = 4


@dataclass(frozen=True, slots=True)
class Observation:
    """What was seen of one open question, in a form that travels between processes.

    Its texts are made printable; its exchange is as it came.

    Args:
        question: Its name.
        verdict: *Drifted* where another answer is pinned; *held* where none is, or the same one.
        observed: The answer; ``None`` where none could be seen.
        pinned: The answer in the pinned profile, if it has one.
        reason: Why no answer could be seen.
        exchange: The exchange that shows a drift or a failure, as JSON values.
        fails: Whether the run fails by it.
    """

    question: str
    verdict: Verdict
    observed: str | None = None
    pinned: str | None = None
    reason: str = ""
    exchange: dict[str, Any] | None = None
    fails: bool = False

    def __post_init__(self) -> None:
        if self.observed is not None:
            object.__setattr__(self, "observed", brief(self.observed))
        object.__setattr__(self, "reason", printable(self.reason, lines=True))

    @property
    def shown(self) -> str:
        """The observed answer; one that is none of the question's is marked as such."""
        if self.observed is None:
            return ""
        known = self.observed in QUESTIONS[self.question].answers
        return self.observed if known else f"other: {self.observed}"


def observe(question: str, context: ProfilingContext, pinned: str | None = None) -> Observation:
    """See how the target answers a question. No answer is wrong; a failure to see one is told.

    Args:
        question: Its name.
        context: Where to look.
        pinned: The answer to compare with.
    """
    try:
        answer = _answer(question, context)
    except (AtomicCardsError, Violation) as error:
        return failure(question, error, pinned)
    if pinned in {None, answer}:
        return Observation(question, Verdict.HELD, answer, pinned)
    exchange = _shown(context.evidence)
    return Observation(question, Verdict.DRIFTED, answer, pinned, exchange=exchange, fails=True)


def _answer(question: str, context: ProfilingContext) -> str:
    """The answer, seen with fresh cards where that to an action was lost."""
    for _ in range(_TRIES):
        context.evidence = None
        try:
            return OBSERVERS[question](context)
        except OutcomeUnknownError as error:
            lost = error
    raise lost


def failure(question: str, error: BaseException, pinned: str | None = None) -> Observation:
    """That no answer could be seen, because of an error; the run fails by one of our own."""
    absent = isinstance(error, NotAvailableError)
    foreseen = isinstance(error, AtomicCardsError | Violation)
    exchange: Exchange | None = getattr(error, "exchange", None)
    return Observation(
        question,
        Verdict.NOT_EXERCISED if absent else Verdict.INCONCLUSIVE,
        pinned=pinned,
        reason=str(error) if foreseen else error_text(error),
        exchange=_shown(exchange),
        fails=not foreseen,
    )


def _shown(exchange: Exchange | None) -> dict[str, Any] | None:
    return None if exchange is None else exchange.as_dict()


def explain(observation: Observation) -> str:
    """An observation for whoever reads the log at night: question, answers, exchange, command."""
    lines = [
        f"{observation.question} (observed) {observation.verdict}",
        f"  {QUESTIONS[observation.question].text}",
    ]
    if observation.pinned is not None:
        lines.append(f"  pinned:    {observation.pinned}")
    if observation.observed is not None:
        lines.append(f"  observed:  {observation.shown}")
    else:
        lines.append(f"  reason:    {observation.reason}")
    lines += exchange_lines(observation.exchange)
    return "\n".join(printable(line, lines=True) for line in lines)
