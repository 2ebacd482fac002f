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
"""*Quick* is for every commit: few cases, but at least one for each contract. *Thorough* is for a
nightly run."""
_LIVE_FACTOR: Final = 0.2
"""Fewer cases on a live target, where each is a request that takes its time and is paid for."""
_SHRINKING_SECONDS: Final = 8.0
"""Enough to shrink a case to a few attributes on the sandbox, bearable on a slow target."""


@dataclass(slots=True)
class Shrinking:
    """The violations found while a failing case is being shrunk.

    After the time limit, known cases fail as before and all others pass without a request, so
    Hypothesis settles on the smallest known one.
    """

    ends: float = math.inf
    found: dict[str, Violation] = field(default_factory=dict)

    @property
    def is_over(self) -> bool:
        """Whether the time for shrinking has run out."""
        return REAL_CLOCK.monotonic() > self.ends

    def remember(self, case: object, violation: Violation) -> None:
        """Store a failing case; the first one starts the time limit."""
        self.ends = min(self.ends, REAL_CLOCK.monotonic() + _SHRINKING_SECONDS)
        self.found[repr(case)] = violation

    def recall(self, case: object) -> None:
        """Fail again if the case is known to fail."""
        if repr(case) in self.found:
            raise self.found[repr(case)]


@dataclass(frozen=True, slots=True)
class Effort:
    """How many cases a run generates, and from which seed. The same seed gives the same cases.

    Args:
        factor: Multiplies the usual number of cases of each contract.
        fixed: The number of cases of every contract, instead of a factor.
        seed: The seed of the generation.
        recorder: Records the cases, or replays recorded ones.
        is_sparing: Whether fixed cases are few as well, as requests are counted.
    """

    factor: float = 1.0
    fixed: int | None = None
    seed: int = 1
    recorder: Recorder = NULL_RECORDER
    is_sparing: bool = False

    @classmethod
    def of(cls, settings: Settings, recorder: Recorder = NULL_RECORDER) -> Effort:
        """The effort of the settings."""
        factor = _FACTORS[settings.effort] * (_LIVE_FACTOR if settings.is_live else 1.0)
        is_sparing = settings.is_live and settings.effort == "quick" and not settings.examples
        return cls(factor, settings.examples, settings.seed, recorder, is_sparing)

    def examples(self, usual: int) -> int:
        """The number of cases to generate instead of the ``usual`` one."""
        return self.fixed or max(1, math.ceil(usual * self.factor))

    def settings(self, usual: int, **more: Any) -> hypothesis.settings:  # noqa: ANN401
        """Hypothesis settings for a contract, independent of profiles and the example database."""
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
        """Run the decorated body immediately, over cases drawn from the strategies.

        A replay runs over the recorded cases instead and generates nothing. A missing capability
        of the target, and a transport or seeding error, end the run at once and are not shrunk. A
        violation is shrunk for some seconds; a slow target may leave it larger than necessary, and
        a flaky one unshrunk.

        Args:
            *strategies: One for each argument of the body.
            usual: How many cases to generate at default effort.

        Raises:
            Inconclusive: The target did not respond, or access was denied.
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
    """Run over recorded cases; the last failing one is the smallest."""
    last: Violation | None = None
    for case in cases:
        try:
            _run(body, case)
        except Violation as violation:
            last = violation
    if last is not None:
        raise last
