"""Scene: a world of cards in which open questions are observed.

Observers ask for what they need, and the scene remembers the exchange that shows the answer. On a
live target they act only on cards that this run seeded; the scope guard sees to that.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final, TypeVar

from pytest_atomic_cards.cards import cards_of
from pytest_atomic_cards.client.api import environment_path
from pytest_atomic_cards.client.flows import ActionFlows, FlowMode
from pytest_atomic_cards.errors import NotAvailableError, SeedingError
from pytest_atomic_cards.exchange import Exchange
from pytest_atomic_cards.lifecycle import Action, Status
from pytest_atomic_cards.options import Settings
from pytest_atomic_cards.query import CardQuery
from pytest_atomic_cards.seeding.flow import FlowPlacement, ServerClock
from pytest_atomic_cards.seeding.reader import Group, key_of
from pytest_atomic_cards.seeding.seeder import Seeder
from pytest_atomic_cards.seeding.spec import CardSpec, Population
from pytest_atomic_cards.verification.oracle import invented
from pytest_atomic_cards.verification.probe import Probe, only, response_of
from pytest_atomic_cards.verification.reserve import Reserve, StateReserve
from pytest_atomic_cards.world import Cards

Observer = Callable[["Scene"], str]
"""Sees how a target answers one open question, and says it in the words of the profile."""
Experiment = TypeVar("Experiment")
Parameter = tuple[str, str]

_LONGEST_WAIT: Final = 3.0
_LIVE: Final = (3.0, 1.0)
_SANDBOX: Final = (0.2, 0.2)
_START: Final = "/action-flow/"


@dataclass(frozen=True, slots=True)
class Started:
    """Cards that came into being through an Action Flow.

    Args:
        exchange: The request that started it.
        group: The cards.
        at: When that was, by the monotonic clock.
    """

    exchange: Exchange
    group: Group
    at: float


class Scene:
    """Where open questions are observed.

    Args:
        cards: A world that nothing else uses: time passes in it, and credentials end.
        settings: Those of the target.

    Attributes:
        is_live: Whether the target cannot be steered.
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
        cards.placement.settling = min(cards.placement.settling, _LONGEST_WAIT)
        self.evidence: Exchange | None = None
        self._reserve = Reserve(cards.seeder)
        self._in_state = StateReserve(cards.seeder)
        self._seeded: float | None = None
        self._experiments: dict[Callable[[Scene], Any], Any] = {}
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

        Raises:
            OutcomeUnknownError: The answer to an action was lost: observe anew, with other cards.
            TransportError: No usable answer came.
        """
        self.evidence = self.cards.api.session.send(
            method, f"{self._root}{path}", [*query.parameters(), *more], **how
        )
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

    def once(self, experiment: Callable[[Scene], Experiment]) -> Experiment:
        """An experiment that several observers read, made by the first of them."""
        if experiment not in self._experiments:
            self._experiments[experiment] = experiment(self)
        made: Experiment = self._experiments[experiment]
        return made

    # Cards

    def group(self) -> Group:
        """At least two fresh active cards: all that their invocation brought about."""
        group = self._reserve.take()
        if self._seeded is None:
            self._seeded = time.monotonic()
        if self.is_live:
            self.rest(self._seeded)
        return replace(group, cards=self.probe.find(group.pin).cards)

    @cached_property
    def still(self) -> Group:
        """Active cards that no observer changes."""
        return self.group()

    @cached_property
    def still_too(self) -> Group:
        """More active cards that no observer changes."""
        return self.group()

    @cached_property
    def no_match(self) -> Exchange:
        """How a listing is answered that no card matches."""
        return self.get(self.still.pin.replace(lifecycle_id=invented()))

    def seed(self, spec: CardSpec) -> Group:
        """A fresh card, and others of its invocation.

        Raises:
            NotAvailableError: The target cannot give such a card.
            SeedingError: It did not appear, or not as it was asked for.
        """
        return self.cards.seeder.seed(Population((spec,)))[0]

    def mixed(self) -> Group:
        """One active card, the first, and at least one completed card.

        Raises:
            NotAvailableError: Cards cannot be completed.
        """
        group = self.group()
        for card in group.cards[1:]:
            self.succeed(self.put(Action.COMPLETE, group.single(card)))
        closed = only(group, *group.cards[1:])
        self.probe.states_once(closed, lambda now: Status.ACTIVE not in now.values())
        return group

    def changes(self, action: Action, state: Status) -> bool:
        """Whether an action changes a card in a state, by its own account.

        Raises:
            NotAvailableError: The target cannot give such a card.
        """
        group, card = self._in_state.take(state)
        exchange = self.put(action, group.single(card))
        return exchange.succeeded and bool(exchange.response_body) and updated(exchange) > 0

    # Action Flows

    def start(self, spec: CardSpec, mode: FlowMode | None = None) -> Started:
        """Start the Action Flow for one customer, also on the sandbox, and wait for the card.

        Raises:
            NotAvailableError: The target does not honour what the spec asks for, or a live one is
                set to another mode.
            SeedingError: No card appeared.
        """
        seeder = self._flow_seeder(mode)
        at = time.monotonic()
        group = seeder.seed(Population((spec,)))[0]
        if self._start is None:
            raise SeedingError("the start of the Action Flow was not heard")
        self.evidence = self._start
        return Started(self._start, group, at)

    @cached_property
    def started(self) -> Started:
        """The card or cards of one start without any options."""
        return self.start(CardSpec())

    def _flow_seeder(self, mode: FlowMode | None) -> Seeder:
        cards = self.cards
        if self.is_live:
            if mode not in {None, self.settings.flow_mode}:
                raise NotAvailableError(
                    f"ATOMIC_CARDS_FLOW_MODE is {self.settings.flow_mode}, and not {mode}"
                )
            return cards.seeder
        placement = FlowPlacement(
            ActionFlows(cards.api.session, cards.api.environment_id),
            Settings(flow_id=cards.sandbox.flow_id, flow_mode=mode or "start", seed_timeout=1.0),
            ServerClock(),
        )
        placement.settling = 0.0
        return Seeder(cards.api, placement)

    def _hear(self, exchange: Exchange) -> None:
        if exchange.method == "POST" and _START in exchange.path and exchange.succeeded:
            self._start = exchange

    # Time

    def rest(self, since: float) -> None:
        """Wait until what was done at ``since`` must have become visible.

        Needed only before it is said that something is *not* there.
        """
        time.sleep(max(0.0, since + self._pause - time.monotonic()))


def listed(exchange: Exchange) -> set[str]:
    """The keys of the cards in the answer to a listing; none where it is refused or empty.

    Raises:
        ContractBrokenError: The body is not what the documentation shows.
    """
    if not exchange.succeeded or not exchange.response_body:
        return set()
    return {key_of(card) for card in cards_of(exchange.json())}


def keys(group: Group) -> set[str]:
    """The keys of the cards of a group."""
    return {key_of(card) for card in group.cards}


def updated(exchange: Exchange) -> int:
    """How many cards an action changed, by its own account.

    Raises:
        NotAvailableError: It does not say.
        ContractBrokenError: The body is not what the documentation shows.
    """
    return _counted(exchange, "updated")


def total(exchange: Exchange) -> int:
    """``summary.total`` of an action.

    Raises:
        NotAvailableError: There is none.
        ContractBrokenError: The body is not what the documentation shows.
    """
    return _counted(exchange, "total")


def _counted(exchange: Exchange, name: str) -> int:
    count: int | None = getattr(response_of(exchange).summary, name)
    if count is None:
        raise NotAvailableError(f"the answer has no summary.{name}", exchange)
    return count
