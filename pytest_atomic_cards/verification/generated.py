"""Run the body of a contract over generated cases."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis.strategies import SearchStrategy, tuples

from pytest_atomic_cards.errors import AtomicCardsError
from pytest_atomic_cards.verification.verdicts import CouldNotTell


def for_all(
    *strategies: SearchStrategy[Any], examples: int
) -> Callable[[Callable[..., None]], None]:
    """Run the decorated body at once, for ``examples`` cases drawn from the strategies.

    The same suite generates the same cases on each run. A transport or seeding error ends the run
    at once and is not shrunk.

    Raises:
        CouldNotTell: The target could not be asked.
    """

    def run(body: Callable[..., None]) -> None:
        def guarded(case: tuple[Any, ...]) -> None:
            try:
                body(*case)
            except AtomicCardsError as error:
                raise CouldNotTell.because_of(error) from error

        configured = settings(
            max_examples=examples,
            deadline=None,
            database=None,
            derandomize=True,
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
        )
        configured(given(tuples(*strategies))(guarded))()

    return run
