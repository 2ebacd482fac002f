"""ProfilingContext: a world of cards in which open questions are observed.

Observers ask for what they need, and the scene remembers the exchange that shows the answer. On a
live target they act only on cards that this run seeded; the scope guard sees to that.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cached_property
from http import HTTPStatus
from typing import Any, Final, TypeVar

from pytest_atomic_cards.client.action_flows import ActionFlows, FlowMode
from pytest_atomic_cards.client.cards_api import environment_path
from pytest_atomic_cards.model.card_spec import Population
from pytest_atomic_cards.model.exchange import Exchange
from pytest_atomic_cards.model.lifecycle import Action
from pytest_atomic_cards.model.query import CardQuery
from pytest_atomic_cards.model.settings import Settings
from pytest_atomic_cards.sandbox.environment import DEFAULT_FLOW
from pytest_atomic_cards.suite.probe import Probe
from pytest_atomic_cards.suite.profiling.fresh_cards import Supply
from pytest_atomic_cards.support.errors import (
    AtomicCardsError,
    NotAvailableError,
    OutcomeUnknownError,
    SeedingError,
)
from pytest_atomic_cards.targets.cards_fixture import Cards
from pytest_atomic_cards.targets.seeding.flow_backend import FlowBackend, ServerClock
from pytest_atomic_cards.targets.seeding.listing_reader import Group
from pytest_atomic_cards.targets.seeding.seeder import Seeder

Observer = Callable[["ProfilingContext"], str]
"""Sees how a target answers one open question, and says it in the words of the profile."""
Experiment = TypeVar("Experiment")
Parameter = tuple[str, str]

_LONGEST_WAIT: Final = 3.0
_LIVE: Final = (3.0, 1.0)
_SANDBOX: Final = (0.2, 0.2)
_TRIES: Final = 3
_START: Final = "/action-flow/"


@dataclass(frozen=True, slots=True)
class Started:
    """Cards that came into being through an Action Flow.

    Args:
        exchange: The request that started it.
        group: The cards.
    """

    exchange: Exchange
    group: Group


class ProfilingContext:
    """Where open questions are observed.

    Args:
        cards: A world that nothing else uses: time passes in it, and credentials end.
        settings: Those of the target.

    Attributes:
        is_live: Whether the target cannot be steered.
        supply: Fresh cards.
        patience: Seconds until a card must have expired when its time has come.
        evidence: The last exchange that an observer made to see the answer.
    """

    def __init__(self, cards: Cards, settings: Settings) -> None:
        self.cards = cards
        self.settings = settings
        self.is_live = cards.scope is not None
        self.patience, self._pause = _LIVE if self.is_live else _SANDBOX
        self.probe = Probe(cards)
        # A state that a card does not reach in this time is not observed: no answer hangs on it.
        cards.backend.settling = min(cards.backend.settling, _LONGEST_WAIT)
        self.supply = Supply(cards.seeder, cards.recorder)
        self.evidence: Exchange | None = None
        self._experiments: dict[Callable[[ProfilingContext], Any], Any] = {}
        self._root = environment_path(cards.api.environment_id)
        self._start: Exchange | None = None
        cards.api.session.listeners.append(self._hear)

    def close(self) -> None:
        """Listen no longer."""
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
        """Send a request below the environment's path, with further parameters as they are.

        A server error to a GET counts only if it comes again and again.

        Raises:
            OutcomeUnknownError: The answer to an action was lost: observe anew, with other cards.
            TransportError: No usable answer came.
        """
        parameters = [*query.parameters(), *more]
        for _ in range(_TRIES if method == "GET" else 1):
            exchange = self.cards.api.session.send(method, f"{self._root}{path}", parameters, **how)
            if (exchange.status or 0) < HTTPStatus.INTERNAL_SERVER_ERROR:
                break
        self.evidence = exchange
        return exchange

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
        """The exchange, where it succeeded.

        Raises:
            NotAvailableError: It did not; contracts judge that.
        """
        if exchange.succeeded:
            return exchange
        raise NotAvailableError(
            f"{exchange.method} {exchange.path} is answered with HTTP {exchange.status} where it "
            "should succeed",
            exchange,
        )

    def once(self, experiment: Callable[[ProfilingContext], Experiment]) -> Experiment:
        """An experiment that several observers read, made by the first of them.

        Raises:
            AtomicCardsError: It failed; once and for all, but for an answer that was lost.
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
        """A part of a recording for what several observers rely on."""
        return self.cards.recorder.part(f"scene-{name}")

    # Cards

    @cached_property
    def still(self) -> Group:
        """An active card, or several, that no observer changes."""
        with self.part("still"):
            return self.supply.alone()

    @cached_property
    def still_too(self) -> Group:
        """Another one, of another invocation."""
        with self.part("still_too"):
            return self.supply.alone()

    @cached_property
    def no_match(self) -> Exchange:
        """How a listing is answered that no card matches."""
        with self.part("no_match"):
            return self.get(self.still.pin.replace(lifecycle_id=self.probe.invented()))

    # Action Flows

    def start(self, mode: FlowMode | None = None) -> Started:
        """Start the Action Flow for one customer, also on the sandbox, and wait for the card.

        Raises:
            NotAvailableError: A live target is set to another mode.
            SeedingError: No card appeared.
        """
        group = self.flow_seeder(mode).seed(Population.of(1))[0]
        return Started(self._heard(), group)

    @property
    def started(self) -> Started:
        """Cards that were started without any options, and the request as evidence.

        Raises:
            SeedingError: No card appeared.
        """
        started = self.once(_started)
        self.evidence = started.exchange
        return started

    def flow_seeder(self, mode: FlowMode | None = None) -> Seeder:
        """A seeder that starts the Action Flow, also on the sandbox.

        Raises:
            NotAvailableError: A live target is set to another mode.
        """
        cards = self.cards
        if self.is_live:
            if mode not in {None, self.settings.flow_mode}:
                raise NotAvailableError(
                    f"ATOMIC_CARDS_FLOW_MODE is {self.settings.flow_mode}, and not {mode}"
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
        """Cards of the supply as started ones, which on a live target they are."""
        group = self.still
        return Started(self._heard(), group)

    def _heard(self) -> Exchange:
        if self._start is None:
            raise SeedingError("the start of the Action Flow was not heard")
        return self._start

    def _hear(self, exchange: Exchange) -> None:
        if exchange.method == "POST" and _START in exchange.path and exchange.succeeded:
            self._start = exchange

    # Time

    def rest(self, since: float) -> None:
        """Wait until what was done at ``since`` must have become visible.

        Needed only before it is said that something is *not* there.
        """
        clock = self.cards.clock
        clock.sleep(max(0.0, since + self._pause - clock.monotonic()))


def _started(context: ProfilingContext) -> Started:
    return context.of_supply() if context.is_live else context.start()
