"""Run the body of a contract over generated cases."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import hypothesis
from hypothesis import HealthCheck, given
from hypothesis.errors import Flaky
from hypothesis.strategies import SearchStrategy, tuples

from pytest_atomic_cards.model.settings import Settings
from pytest_atomic_cards.rules.verdicts import Violation, give_up
from pytest_atomic_cards.support.clock import REAL_CLOCK
from pytest_atomic_cards.support.errors import AtomicCardsError
from pytest_atomic_cards.support.recorder import NULL_RECORDER, Recorder

_FACTORS: Final = {"quick": 0.2, "default": 1.0, "thorough": 10.0}
_SHRINKING_SECONDS: Final = 8.0


@dataclass(slots=True)
class Shrinking:
    """The violations that were found while a failing case is made smaller.

    When the time is over, known cases fail as before and all others pass, unasked: Hypothesis then
    settles on the smallest known one.
    """

    ends: float = math.inf
    found: dict[str, Violation] = field(default_factory=dict)

    @property
    def is_over(self) -> bool:
        """Whether the time for shrinking has run out."""
        return REAL_CLOCK.monotonic() > self.ends

    def remember(self, case: object, violation: Violation) -> None:
        """Take in a failing case; the first one starts the time."""
        self.ends = min(self.ends, REAL_CLOCK.monotonic() + _SHRINKING_SECONDS)
        self.found[repr(case)] = violation

    def recall(self, case: object) -> None:
        """Fail again where the case is known to fail."""
        if repr(case) in self.found:
            raise self.found[repr(case)]


@dataclass(frozen=True, slots=True)
class Effort:
    """How many cases a run generates, and from which seed. The same seed gives the same cases.

    Args:
        factor: Multiplies the number of cases that a contract asks for.
        fixed: The number of cases of every contract, instead.
        seed: Where the generation starts.
        recorder: Keeps the cases, or gives those to run over.
    """

    factor: float = 1.0
    fixed: int | None = None
    seed: int = 1
    recorder: Recorder = NULL_RECORDER

    @classmethod
    def of(cls, settings: Settings, recorder: Recorder = NULL_RECORDER) -> Effort:
        """The effort that the settings ask for."""
        return cls(_FACTORS[settings.effort], settings.examples, settings.seed, recorder)

    def examples(self, usual: int) -> int:
        """How many cases to generate where ``usual`` are usual."""
        return self.fixed or max(1, math.ceil(usual * self.factor))

    def settings(self, usual: int, **more: Any) -> hypothesis.settings:  # noqa: ANN401
        """Settings of Hypothesis for a contract; they load no profile and keep no database."""
        return hypothesis.settings(
            max_examples=self.examples(usual),
            deadline=None,
            database=None,
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
            **more,
        )

    def for_all(
        self, *strategies: SearchStrategy[Any], usual: int
    ) -> Callable[[Callable[..., None]], None]:
        """Run the decorated body at once, for cases drawn from the strategies.

        In a replay they are those of the recording, and nothing is generated.
        What the target cannot give, and a transport or seeding error, end the run at once and are
        not shrunk. A violation is shrunk for some seconds; a target that answers slowly may leave
        it larger than it need be, and one that does not repeat it as it was.

        Args:
            *strategies: One for each argument of the body.
            usual: How many cases to generate at default effort.

        Raises:
            Inconclusive: The target could not be asked.
            Violation: The body found one.
        """

        def run(body: Callable[..., None]) -> None:
            cases = self.recorder.cases(body.__name__)
            if cases.recorded is not None:
                return _run_again(body, cases.recorded)
            shrinking = Shrinking()

            def guarded(case: tuple[Any, ...]) -> None:
                if shrinking.is_over:
                    return shrinking.recall(case)
                cases.keep(case)
                try:
                    _run(body, case)
                except Violation as violation:
                    shrinking.remember(case, violation)
                    raise

            generated = given(tuples(*strategies))(guarded)
            try:
                hypothesis.seed(self.seed)(self.settings(usual)(generated))()
            except Flaky:
                if not shrinking.found:
                    raise
                raise [*shrinking.found.values()][-1] from None
            return None

        return run


def _run(body: Callable[..., None], case: tuple[Any, ...]) -> None:
    try:
        body(*case)
    except AtomicCardsError as error:
        give_up(error)


def _run_again(body: Callable[..., None], cases: list[tuple[Any, ...]]) -> None:
    """Run over known cases; among those that fail the last one is the smallest."""
    last: Violation | None = None
    for case in cases:
        try:
            _run(body, case)
        except Violation as violation:
            last = violation
    if last is not None:
        raise last
