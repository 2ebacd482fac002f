"""ProfilingContext: an isolated environment in which open questions are observed.

Observers request what they need, and the context remembers the exchange that shows the answer. On a
live target they act only on cards that this run seeded; the scope guard ensures that.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, TypeVar

from pytest_atomic_cards.client.action_flows import ActionFlows, FlowMode
from pytest_atomic_cards.client.cards_api import environment_path
from pytest_atomic_cards.model.card_spec import CardSpec, Population
from pytest_atomic_cards.model.exchange import Exchange
from pytest_atomic_cards.model.lifecycle import Action
from pytest_atomic_cards.model.query import Attribute, CardQuery
from pytest_atomic_cards.model.settings import Settings
from pytest_atomic_cards.sandbox.environment import DEFAULT_FLOW
from pytest_atomic_cards.suite.probing.probe import Probe
from pytest_atomic_cards.suite.probing.retrying import until_served
from pytest_atomic_cards.suite.supply.card_pool import CardPool
from pytest_atomic_cards.suite.supply.card_stock import QUESTIONS
from pytest_atomic_cards.support.errors import (
    AtomicCardsError,
    NotAvailableError,
    OutcomeUnknownError,
    SeedingError,
)
from pytest_atomic_cards.targets.cards_fixture import Cards
from pytest_atomic_cards.targets.seeding.flow_backend import FlowBackend
from pytest_atomic_cards.targets.seeding.listing_reader import Group
from pytest_atomic_cards.targets.seeding.seeder import Seeder
from pytest_atomic_cards.targets.seeding.server_clock import ServerClock

Experiment = TypeVar("Experiment")
Parameter = tuple[str, str]

_LONGEST_WAIT: Final = 3.0
"""Upper limit of the settling time, in seconds: no answer depends on a slower change."""
_START: Final = "/action-flow/"
_KEPT: Final = 10
"""Listings after a start that are kept: some before that of its own cards look for others."""


@dataclass(frozen=True, slots=True)
class Started:
    """Cards that were created through an Action Flow.

    Args:
        exchange: The request that started it.
        group: The cards.
    """

    exchange: Exchange
    group: Group


class ProfilingContext:
    """Where open questions are observed.

    Args:
        cards: An isolated environment that nothing else uses: time passes in it, and credentials
            are revoked.
        settings: The settings of the target.

    Attributes:
        is_live: Whether the target is a live one, without the controls of the sandbox.
        evidence: The last exchange that an observer made.
    """

    def __init__(self, cards: Cards, settings: Settings) -> None:
        self.cards = cards
        self.settings = settings
        self.is_live = cards.scope is not None
        cards.backend.settling = min(cards.backend.settling, _LONGEST_WAIT)
        self.probe = Probe(cards)
        self.evidence: Exchange | None = None
        self._experiments: dict[Callable[[ProfilingContext], Any], Any] = {}
        self._root = environment_path(cards.api.environment_id)
        self._start: Exchange | None = None
        self._listings: list[Exchange] = []
        cards.api.session.listeners.append(self._hear)

    def close(self) -> None:
        """Remove the listener from the session."""
        self.cards.api.session.listeners.remove(self._hear)

    # Asking

    def send(
        self,
        method: str,
        path: str,
        query: CardQuery,
        *more: Parameter,
        **how: Any,  # noqa: ANN401 - passed on to CardsSession.send
    ) -> Exchange:
        """Send a request below the environment's path, with additional parameters unchanged.

        A GET is repeated after a server error, which counts only if it persists.

        Raises:
            OutcomeUnknownError: The response to an action was lost: observe again with fresh cards.
            TransportError: There was no usable response.
        """
        parameters = [*query.parameters(), *more]

        def ask() -> Exchange:
            return self.cards.api.session.send(method, f"{self._root}{path}", parameters, **how)

        self.evidence = until_served(ask) if method == "GET" else ask()
        return self.evidence

    def get(self, query: CardQuery, *more: Parameter) -> Exchange:
        """A listing."""
        return self.send("GET", "/cards", query, *more)

    def put(
        self,
        action: Action,
        query: CardQuery,
        *more: Parameter,
        **how: Any,  # noqa: ANN401 - passed on
    ) -> Exchange:
        """An action; its query must be pinned to cards of this run."""
        return self.send("PUT", f"/cards/{action}", query, *more, **how)

    def succeed(self, exchange: Exchange) -> Exchange:
        """Return the exchange if it succeeded.

        Raises:
            NotAvailableError: It did not; the contracts judge that.
        """
        if exchange.succeeded:
            return exchange
        raise NotAvailableError(
            f"{exchange.method} {exchange.path} should succeed, but got HTTP {exchange.status}",
            exchange,
        )

    def once(self, experiment: Callable[[ProfilingContext], Experiment]) -> Experiment:
        """The result of an experiment that several observers share; the first one runs it.

        Raises:
            AtomicCardsError: It failed. Only a lost response lets the next observer run it again.
        """
        if experiment not in self._experiments:
            try:
                with self.part(experiment.__qualname__):
                    self._experiments[experiment] = experiment(self)
            except OutcomeUnknownError:
                raise
            except AtomicCardsError as error:
                self._experiments[experiment] = error
        made: Experiment | AtomicCardsError = self._experiments[experiment]
        if isinstance(made, AtomicCardsError):
            raise made
        return made

    def part(self, name: str) -> AbstractContextManager[object]:
        """The part of a recording for what several observers share."""
        return self.cards.recorder.use_cassette(f"profile-{name}")

    # Cards

    @property
    def supply(self) -> CardPool:
        """Fresh cards, once a first one showed that seeding works.

        Raises:
            SeedingError: It does not.
        """
        return self.once(_supply)

    @cached_property
    def still(self) -> Group:
        """One or more active cards that no observer changes."""
        with self.part("still"):
            return self.supply.alone()

    @cached_property
    def still_too(self) -> Group:
        """The same, of another invocation."""
        with self.part("still_too"):
            return self.supply.alone()

    @cached_property
    def no_match(self) -> Exchange:
        """The response to a listing that matches no card."""
        with self.part("no_match"):
            return self.get(self.still.pin.replace(lifecycle_id=self.probe.invented()))

    # Action Flows

    def start(self, mode: FlowMode | None = None, spec: CardSpec | None = None) -> Started:
        """Start the Action Flow for one customer, even on the sandbox, and wait for the card.

        Raises:
            NotAvailableError: A live target is configured for the other mode, or does not honour
                the spec.
            SeedingError: No card appeared.
        """
        group = self.flow_seeder(mode).seed(Population.of(1, spec), at_once=True)[0]
        return Started(self.last_start(), group)

    @property
    def started(self) -> Started:
        """Cards that were started without options; their request becomes the evidence.

        Raises:
            SeedingError: No card appeared.
        """
        started = self.once(_started)
        self.evidence = started.exchange
        return started

    def flow_seeder(self, mode: FlowMode | None = None) -> Seeder:
        """A seeder that starts the Action Flow, even on the sandbox.

        Raises:
            NotAvailableError: A live target is configured for the other mode.
        """
        cards = self.cards
        if self.is_live:
            if mode not in {None, self.settings.flow_mode}:
                raise NotAvailableError(
                    f"ATOMIC_CARDS_FLOW_MODE is {self.settings.flow_mode}, but {mode} is needed"
                )
            return cards.seeder
        backend = FlowBackend(
            ActionFlows(cards.api.session, cards.api.environment_id),
            Settings(flow_id=DEFAULT_FLOW, flow_mode=mode or "start", seed_timeout=1.0),
            ServerClock(cards.clock),
            cards.randomness,
        )
        backend.settling = 0.0
        return Seeder(cards.api, backend)

    def of_supply(self) -> Started:
        """The cards of the supply, which on a live target an Action Flow created."""
        group = self.still
        return Started(self.last_start(), group)

    def last_start(self) -> Exchange:
        """The last successful start of an Action Flow.

        Raises:
            NotAvailableError: Cards are created in another way.
            SeedingError: There was none.
        """
        if self.is_live and self.settings.way_to_seed != "flow":
            raise NotAvailableError("this target is not seeded by an Action Flow")
        if self._start is None:
            raise SeedingError("no flow start was observed")
        return self._start

    def first_listing(self, group: Group) -> Exchange:
        """The first listing of a group after the last start.

        Raises:
            NotAvailableError: There was none.
        """
        invocation = group.pin.attributes.get(Attribute.FLOW_INVOCATION_ID, "")
        for exchange in self._listings:
            if invocation and invocation in exchange.url:
                return exchange
        raise NotAvailableError("no listing by the invocation followed the start")

    def _hear(self, exchange: Exchange) -> None:
        if exchange.method == "POST" and _START in exchange.path and exchange.succeeded:
            self._start = exchange
            self._listings.clear()
        elif exchange.method == "GET" and len(self._listings) < _KEPT:
            self._listings.append(exchange)


def _supply(context: ProfilingContext) -> CardPool:
    if not context.is_live:
        context.cards.seeder.calibrate()
    return CardPool(context.cards.seeder, context.cards.recorder, QUESTIONS)


def _started(context: ProfilingContext) -> Started:
    return context.of_supply() if context.is_live else context.start()
