"""Cards that exist already, for contracts that only read, on a target without a supply of cards.

They belong to others, who may change them at any time. So a violation counts only if they are still
as they were when the run first saw them.
"""

from __future__ import annotations

from typing import Final

from pytest_atomic_cards.model.cards import Card
from pytest_atomic_cards.model.lifecycle import Status
from pytest_atomic_cards.model.query import CardQuery
from pytest_atomic_cards.suite.probing.probe import Probe
from pytest_atomic_cards.suite.supply.shared_population import SharedPopulation
from pytest_atomic_cards.support.errors import AtomicCardsError, NotAvailableError
from pytest_atomic_cards.targets.seeding.listing_reader import Group
from pytest_atomic_cards.targets.seeding.live_backend import NO_SUPPLY

_MOST: Final = 20
"""Active cards of an invocation to look at: each contract lists them several times."""


class ExistingCards:
    """The population of cards that others own.

    Args:
        probe: Lists cards.

    Attributes:
        population: Active cards of two invocations, and a card in each other state that is listed.

    Raises:
        NotAvailableError: There are no active cards of two invocations.
    """

    def __init__(self, probe: Probe) -> None:
        self._probe = probe
        listed = {state: probe.page(CardQuery(status=state)).cards for state in Status}
        active = self._groups(listed[Status.ACTIVE])
        if len(active) < 2:  # noqa: PLR2004 - to compare one with another
            raise NotAvailableError(
                f"{NO_SUPPLY}, and there are not two invocations with active cards to read"
            )
        absent = dict.fromkeys(("odd", "long", "numeric", *listed), NotAvailableError(NO_SUPPLY))
        self.population = SharedPopulation((active[0], active[1]), absent={**absent})
        for state in listed.keys() - {Status.ACTIVE}:
            for card in filter(_is_usable, listed[state][:1]):
                self.population.by_state[state] = _group([card])
                self.population.absent.pop(state)
        self._seen = self._look()

    def have_changed(self) -> bool:
        """Whether somebody has changed the cards since they were first listed."""
        try:
            return self._look() != self._seen
        except AtomicCardsError:
            return True

    def _groups(self, cards: tuple[Card, ...]) -> list[Group]:
        """The active cards of the first two invocations, each listed to its end."""
        groups = []
        for invocation in dict.fromkeys(card.flow_invocation_id for card in cards):
            own = [card for card in cards if card.flow_invocation_id == invocation]
            if len(own) <= _MOST and all(map(_is_usable, own)):
                groups.append(_group(own))
            if len(groups) == 2:  # noqa: PLR2004 - as above
                break
        return groups

    def _look(self) -> list[dict[str, str | None]]:
        return [self._probe.states(group) for group in self.population.groups]


def _is_usable(card: Card) -> bool:
    """Whether a card has what contracts ask for it by."""
    return bool(card.flow_invocation_id and card.user_id and card.lifecycle_id)


def _group(cards: list[Card]) -> Group:
    pin = CardQuery(flow_invocation_id=cards[0].flow_invocation_id)
    return Group(pin, tuple(cards), tuple(card.user_id or "" for card in cards))
