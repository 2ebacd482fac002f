"""Another environment of a sandbox: an experiment must neither list nor change its cards."""

from __future__ import annotations

from collections.abc import Iterable

from pytest_atomic_cards.model.cards import Card
from pytest_atomic_cards.model.documented import LARGEST_LIMIT
from pytest_atomic_cards.model.query import CardQuery
from pytest_atomic_cards.suite.experiments.access_experiments import bearer, token_of_role
from pytest_atomic_cards.suite.experiments.experiment import cards_shown
from pytest_atomic_cards.suite.experiments.experiment_values import Fields
from pytest_atomic_cards.suite.probing.expected_states import States
from pytest_atomic_cards.suite.probing.probe import Probe
from pytest_atomic_cards.targets.seeding.listing_reader import key_of


class NeighbourEnvironment:
    """Another environment of the same sandbox, with copies of cards.

    Args:
        probe: Of the environment that requests are sent to.
    """

    def __init__(self, probe: Probe) -> None:
        self._probe = probe
        self._id = f"neighbour-{probe.cards.randomness.token()}"
        probe.cards.controls.create_environment(self._id)
        self._token = token_of_role(probe, "events", self._id)

    def copies(self, cards: Iterable[Fields]) -> tuple[Card, ...]:
        """Copies of some cards."""
        copies = [*map(_copy_of, cards)]
        self._probe.cards.controls.seed(copies, self._id)
        return tuple(map(Card.from_body, copies))

    def look(self, shared: CardQuery) -> States:
        """The listed states of all cards there that a query selects."""
        found: States = {}
        while True:
            query = shared.replace(limit=LARGEST_LIMIT, offset=len(found))
            page = self._probe.raw(
                "GET", "/cards", query, environment_id=self._id, **bearer(self._token)
            )
            cards = cards_shown(page)
            if not {key_of(card) for card in cards} - found.keys():
                return found
            found |= {key_of(card): card.status for card in cards}


def _copy_of(fields: Fields) -> Fields:
    """The same card with an id of its own, as no two cards share one."""
    return {**fields, "cardInstanceId": f"{fields['cardInstanceId']}-abroad"}
