"""Observation: a target's answer to one open question, compared with the pinned one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from pytest_atomic_cards.client.retry import until_known
from pytest_atomic_cards.model.exchange import Exchange
from pytest_atomic_cards.model.profile import QUESTIONS
from pytest_atomic_cards.rules.finding import Description
from pytest_atomic_cards.rules.verdicts import Verdict, Violation, is_foreseen
from pytest_atomic_cards.suite.probing.retrying import LOST_RESPONSES
from pytest_atomic_cards.suite.profiling import OBSERVERS
from pytest_atomic_cards.suite.profiling.context import ProfilingContext
from pytest_atomic_cards.support.errors import (
    AtomicCardsError,
    NotAvailableError,
    error_text,
)
from pytest_atomic_cards.support.printable import brief, printable

NOT_ASKED: Final = "it was not asked in this run"


@dataclass(frozen=True, slots=True)
class Observation:
    """The answer to one open question, in a form that can be sent between processes.

    Its texts are made printable; its exchange is unchanged.

    Args:
        question: The name of the question.
        verdict: *Drifted* if a different answer is pinned; *held* if none is, or the same one.
        observed: The answer; ``None`` if none could be observed.
        pinned: The answer in the pinned profile, if it has one.
        reason: Why no answer could be observed.
        exchange: The exchange that shows a drift or a failure, as JSON values.
        fails: Whether it fails the run.
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
        object.__setattr__(self, "verdict", Verdict(self.verdict))

    @property
    def shown(self) -> str:
        """The observed answer, marked if it is not among the known ones."""
        if self.observed is None:
            return ""
        known = self.observed in QUESTIONS[self.question].answers
        return self.observed if known else f"other: {self.observed}"

    def describe(self) -> Description:
        """How it is shown: with the pinned answer and the observed one."""
        answer = ("reason", self.reason) if self.observed is None else ("observed", self.shown)
        return Description(
            self.question,
            "observed",
            QUESTIONS[self.question].text,
            (answer,) if self.pinned is None else (("pinned", self.pinned), answer),
            self.exchange,
            (
                ("question", self.question),
                ("observed", self.shown),
                ("verdict", self.verdict.value),
            ),
        )


def observe(question: str, context: ProfilingContext, pinned: str | None = None) -> Observation:
    """Observe how the target answers a question. No answer is wrong; a failure gives a reason.

    Args:
        question: The name of the question.
        context: Where to observe it.
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
    """The answer, observed again with fresh cards if the response to an action was lost."""

    def ask() -> str:
        context.evidence = None
        return OBSERVERS[question](context)

    return until_known(ask, tries=LOST_RESPONSES)


def failure(question: str, error: BaseException, pinned: str | None = None) -> Observation:
    """An observation without an answer, because of an error; a bug in an observer fails the run."""
    absent = isinstance(error, NotAvailableError)
    foreseen = is_foreseen(error)
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
