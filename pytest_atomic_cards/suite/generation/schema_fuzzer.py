"""Asker: sends requests generated from ``openapi.yaml``, each pinned to its own cards.

Responses are judged afterwards and nothing is shrunk: an action changes its cards, so a smaller
form of it cannot be tried on them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from hypothesis import strategies as st

from pytest_atomic_cards.client.cards_api import environment_path
from pytest_atomic_cards.model.query import Attribute, CardQuery
from pytest_atomic_cards.strategies.query_strategies import attribute_combinations, queries
from pytest_atomic_cards.suite.generation.schema_document import OPERATIONS, Document, Generated
from pytest_atomic_cards.suite.probing.retrying import until_served
from pytest_atomic_cards.support.errors import AtomicCardsError

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

    from pytest_atomic_cards.model.cards import Card
    from pytest_atomic_cards.model.exchange import Exchange
    from pytest_atomic_cards.suite.generation.generated_cases import Effort
    from pytest_atomic_cards.suite.probing.probe import Probe
    from pytest_atomic_cards.suite.supply.card_pool import CardPool
    from pytest_atomic_cards.targets.seeding.listing_reader import Group

LISTING: Final = "listCards"

_LISTINGS: Final = 30
"""Generated listings; cheap, and with the most parameters to combine."""
_ACTIONS: Final = 10
"""Generated requests of each action; fewer, as each uses up cards."""
_MALFORMED: Final = 8
"""Generated malformed requests; few, as most targets refuse them all in the same way."""
_GROUPS: Final = 2
"""Groups for generated actions: two, so an action may leave cards for the next one."""
_CONTROLS: Final = ("limit", "multiple")
_AWKWARD: Final = ('O\'Neill "&" <Söhne> +1=100%/日本😀', "long-" * 40)
"""Values that are legal once percent-encoded."""

Parameters = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that was sent to an operation, and its last response."""

    operation: str
    parameters: Parameters
    body: bytes
    exchange: Exchange


class Asker:
    """Sends the requests of each operation once, and keeps the responses.

    Args:
        document: Generates requests.
        probe: Sends them.
        reserve: Where cards come from.
        effort: How many requests to generate.
    """

    def __init__(
        self,
        document: Document,
        probe: Probe,
        reserve: CardPool,
        effort: Effort,
    ) -> None:
        self.document = document
        self.probe = probe
        self._reserve = reserve
        self._effort = effort
        self._asked: dict[str, list[Asked]] = {}
        self._groups: dict[str, list[Group]] = {}

    def asked(self, operation: str) -> list[Asked]:
        """Requests to an operation that the document allows: fixed samples and generated ones.

        Raises:
            Inconclusive: The target did not respond.
        """
        if self.probe.overlap.is_used and OPERATIONS[operation]:
            self._act_at_once()
        if operation not in self._asked:
            with self.probe.cards.recorder.use_cassette(f"requests-{operation}"):
                self._asked[operation] = self._ask(operation)
        return self._asked[operation]

    def _act_at_once(self) -> None:
        """Send the requests of all actions that were not asked yet.

        Those of one action follow each other, as they may change the same cards. Those of others go
        along with them, as they have cards of their own.

        An action that fails is left out, so that whoever needs it asks again.
        """
        actions = [name for name, one in OPERATIONS.items() if one and name not in self._asked]
        rows = [partial(_in_a_row, self._calls(name)) for name in actions]
        for name, made in zip(actions, self.probe.overlap.outcomes(rows), strict=True):
            if not isinstance(made, AtomicCardsError):
                self._asked[name] = made

    def _ask(self, operation: str) -> list[Asked]:
        calls = self._calls(operation)
        return self.probe.overlap.results(calls) if operation == LISTING else _in_a_row(calls)

    def _calls(self, operation: str) -> list[Callable[[], Asked]]:
        asked: list[tuple[Parameters, bytes]] = [(one, b"") for one in self._samples(operation)]
        known = self._known_queries(operation)
        usual = _LISTINGS if operation == LISTING else _ACTIONS

        @self._effort.for_all(self.document.requests(operation), known, usual=usual)
        def ask(generated: Generated, query: Parameters | None) -> None:
            own = generated.parameters if query is None else query
            if operation != LISTING:
                own = {**own, **_controls_of(generated)}
            asked.append((own, generated.body))

        return [partial(self._send, operation, *one) for one in asked]

    def asked_malformed(self, operation: str) -> list[Asked]:
        """Requests to an operation that break the document: fixed samples and generated ones.

        Raises:
            Inconclusive: The target did not respond.
        """
        pin = {} if operation == LISTING else _parameters(self._groups_of(operation)[0].pin)
        asked = [
            self._send(operation, pin | {"limit": "ten"}),
            self._send(operation, pin | {"offset": "-1"}),
            self._send(operation, pin, b"" if operation == LISTING else b'{"quantity": '),
        ]

        @self._effort.for_all(self.document.requests(operation, malformed=True), usual=_MALFORMED)
        def ask(generated: Generated) -> None:
            own = {**pin, **_controls_of(generated)} if pin else generated.parameters
            asked.append(self._send(operation, own, generated.body))

        return asked

    def again(self, asked: Asked) -> Asked:
        """Send the same request again."""
        return self._send(asked.operation, asked.parameters, asked.body)

    def _send(self, operation: str, parameters: Parameters, body: bytes = b"") -> Asked:
        """Send a request, and again after a server error: only a repeated one counts.

        Actions are repeated too if their response was lost: their cards serve no other purpose.
        """
        action = OPERATIONS[operation]
        method, path = ("PUT", f"/cards/{action}") if action else ("GET", "/cards")
        api = self.probe.api
        exchange = until_served(
            lambda: api.session.send(
                method,
                f"{environment_path(api.environment_id)}{path}",
                parameters.items(),
                body=body,
                repeatable=True,
            )
        )
        return Asked(operation, parameters, body, exchange)

    def _samples(self, operation: str) -> list[Parameters]:
        """The fixed requests: pages, or one and several cards with and without multiple; values."""
        group = self._groups_of(operation)[0]
        pin = _parameters(group.pin)
        awkward = [{Attribute.USER_ID.value: value} for value in _AWKWARD]
        asked: list[Parameters]
        if operation == LISTING:
            asked = [pin, pin | {"limit": "1"}, pin | {"limit": "1", "offset": "1"}, {}]
            return asked + [pin | values for values in awkward]
        single = _parameters(group.single(group.cards[0]))
        several = pin | {"multiple": "1"}
        asked = [pin, pin | single, several, several]
        return asked + [single | values for values in awkward]

    def _known_queries(self, operation: str) -> SearchStrategy[Parameters | None]:
        """Queries that mostly match cards; ``None`` to use what the document generates."""
        cards = [(group, card) for group in self._groups_of(operation)[1:] for card in group.cards]
        if operation == LISTING:
            found = queries(card for _, card in cards)
            return st.none() | (found | queries()).map(_parameters)
        return st.builds(_pinned, st.sampled_from(cards), attribute_combinations())

    def _groups_of(self, operation: str) -> list[Group]:
        """The groups that an operation may list or change: the first for samples, then the rest."""
        if operation not in self._groups:
            count = 1 + self._effort.examples(_GROUPS)
            with self.probe.cards.recorder.use_cassette(f"cards-{operation}"):
                self._groups[operation] = [self._reserve.take() for _ in range(count)]
        return self._groups[operation]


def _in_a_row(calls: Iterable[Callable[[], Asked]]) -> list[Asked]:
    return [call() for call in calls]


def _pinned(drawn: tuple[Group, Card], chosen: Collection[Attribute]) -> Parameters:
    """Some attributes of a card, and the pin of its group."""
    group, card = drawn
    some = {name.value: value for name, value in card.attributes.items() if name in chosen}
    return some | _parameters(group.pin)


def _parameters(query: CardQuery) -> dict[str, str]:
    return dict(query.parameters())


def _controls_of(generated: Generated) -> dict[str, str]:
    """The parameters that a pinned request may take from a generated one."""
    pairs = ((name, generated.parameters.get(name)) for name in _CONTROLS)
    return {name: text for name, text in pairs if text}
