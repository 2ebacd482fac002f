"""Experiments: what a run tried, and what that shows against each requirement."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import Final

from pytest_atomic_cards.model.lifecycle import Transition
from pytest_atomic_cards.model.request_space import MIXED, OTHER, Point
from pytest_atomic_cards.rules import SHAPE, parse_response
from pytest_atomic_cards.rules.monitor import Monitor
from pytest_atomic_cards.rules.verdicts import Inconclusive
from pytest_atomic_cards.suite.experiments.action_oracle import judge
from pytest_atomic_cards.suite.experiments.claims import Claim
from pytest_atomic_cards.suite.experiments.experiment import Breach, Listing, Trial
from pytest_atomic_cards.suite.experiments.listing_oracle import judge_page
from pytest_atomic_cards.support.errors import AtomicCardsError, NotAvailableError

ABROAD: Final = {"environment": OTHER}
"""Where an experiment lies if cards of another environment have the same values."""


@dataclass(repr=False, eq=False)
class Experiments:
    """The experiments of a run, and what they showed.

    Attributes:
        trials: The actions.
        listings: The listings.
        errors: The places without an experiment, each with the reason.
        fruitless: How many waits have ended without what was due.
    """

    trials: list[Trial] = field(default_factory=list)
    listings: list[Listing] = field(default_factory=list)
    errors: list[tuple[Point, AtomicCardsError]] = field(default_factory=list)
    fruitless: int = 0
    _judged: dict[Listing | Trial, list[Breach]] = field(default_factory=dict)
    _bodies: Monitor = field(default_factory=partial(Monitor, SHAPE))

    def check(self, rule: str, claim: Claim) -> None:
        """Expect no experiment to show that a requirement is broken.

        Raises:
            Violation: One does.
            Inconclusive: All those that concern it got no usable response.
            NotAvailableError: The target allows none that concerns it.
        """
        broken = self.breaches.get(rule)
        if broken:
            broken[0].raise_as_one_of(len(broken))
        if any(claim.concerns(point) for point in self.points):
            return
        errors = [error for point, error in self.errors if claim.concerns(point)]
        lost = [error for error in errors if not isinstance(error, NotAvailableError)]
        if lost:
            raise Inconclusive.because_of(lost[0])
        if errors:
            raise errors[0]
        raise NotAvailableError("no experiment on this target concerns it")

    def of(self, cell: Transition) -> Experiments:
        """Those that try an action on a card in one state."""
        states = {cell.before, MIXED}
        return replace(
            self,
            trials=[
                one
                for one in self.trials
                if one.action is cell.action and cell.before in one.states
            ],
            listings=[],
            errors=[
                (point, error)
                for point, error in self.errors
                if point.get("operation") == cell.action and point.get("state") in states
            ],
        )

    @property
    def points(self) -> Iterator[Point]:
        """The places of all experiments in the space of requests."""
        placed = [
            *((listing.point, listing.cards) for listing in self.listings),
            *((trial.point, trial.cards) for trial in self.trials),
        ]
        yield from ({**point, **ABROAD} if cards.abroad else point for point, cards in placed)

    @cached_property
    def breaches(self) -> Mapping[str, list[Breach]]:
        """What the experiments show against each requirement."""
        found: defaultdict[str, list[Breach]] = defaultdict(list)
        made: list[Listing | Trial] = [*self.listings, *self.trials]
        for one in made:
            if one not in self._judged:
                self._judged[one] = [*self._judge(one)]
            for breach in self._judged[one]:
                found[breach.requirement].append(breach)
        return found

    def _judge(self, one: Listing | Trial) -> Iterator[Breach]:
        """What one experiment shows, and what the rules of bodies object to in its responses."""
        yield from judge_page(one) if isinstance(one, Listing) else judge(one)
        exchanges = one.found.exchanges if isinstance(one, Listing) else (one.exchange,)
        for exchange in exchanges:
            response = parse_response(exchange)
            for rule, objection in self._bodies.see(response) if response else ():
                yield Breach(rule.requirement, objection.expected, objection.actual, (exchange,))
