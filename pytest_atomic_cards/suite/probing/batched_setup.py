"""BatchedSetup: the actions of several contracts, made together so that all share one wait."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from pytest_atomic_cards.client.retry import until_known
from pytest_atomic_cards.model.exchange import Exchange
from pytest_atomic_cards.rules.verdicts import Inconclusive, Violation
from pytest_atomic_cards.suite.probing.expected_states import States
from pytest_atomic_cards.support.errors import AtomicCardsError
from pytest_atomic_cards.targets.seeding.listing_reader import Group

Outcome = TypeVar("Outcome")

_TRIES: Final = 3
"""Attempts, each with fresh cards; one less than elsewhere, as there are many trials."""


@dataclass(frozen=True, slots=True)
class ActionTrial:
    """A request for cards of a group, and their listed states before it."""

    group: Group
    before: States
    exchange: Exchange


class BatchedSetup(Generic[Outcome]):
    """The outcomes of trials, all of which are made first.

    Effects that take time are checked once all trials are made. A failed trial only affects the
    contract that reads its outcome. A trial whose response is lost is made again with fresh cards.

    Args:
        trials: The trials by name.
    """

    def __init__(self, trials: Mapping[Hashable, Callable[[], Outcome]]) -> None:
        self._made = {name: _made(trial) for name, trial in trials.items()}

    def __getitem__(self, name: Hashable) -> Outcome:
        """The outcome of one trial.

        Raises:
            AtomicCardsError: It failed.
            Inconclusive: It could not be decided.
            Violation: The target broke a requirement.
        """
        return self._made[name].result()


def _made(trial: Callable[[], Outcome]) -> Future[Outcome]:
    future: Future[Outcome] = Future()
    try:
        future.set_result(until_known(trial, tries=_TRIES))
    except (AtomicCardsError, Inconclusive, Violation) as error:
        future.set_exception(error)
    return future
