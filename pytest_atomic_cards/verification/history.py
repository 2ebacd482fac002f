"""History: what every listing of a session has shown, and what has come undone since.

Stale readings after a write are an open question, so a card that seems to have reopened is only
reported if it still is when it is looked at again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Final, Self

from pytest_atomic_cards.cards import Card, cards_of
from pytest_atomic_cards.errors import ContractBrokenError
from pytest_atomic_cards.exchange import Exchange
from pytest_atomic_cards.lifecycle import CLOSED, Status
from pytest_atomic_cards.seeding.reader import key_of

if TYPE_CHECKING:
    from pytest_atomic_cards.verification.probe import Probe

_LARGEST_READ: Final = 200_000


@dataclass(slots=True)
class Sighting:
    """What has been seen of one card.

    Args:
        card: The card as it was first seen closed, or first seen at all.
        created: The first ``created`` that was seen.
        recreated: The exchange in which ``created`` had changed, if it has.
    """

    card: Card
    created: datetime | None
    recreated: Exchange | None = None


@dataclass(slots=True)
class History:
    """Sightings of cards by key, gathered from the exchanges of a session."""

    sightings: dict[str, Sighting] = field(default_factory=dict)

    @classmethod
    def of(cls, probe: Probe) -> Self:
        """A history that watches a probe's session from now on."""
        history = cls()
        probe.api.session.listeners.append(history.observe)
        return history

    def observe(self, exchange: Exchange) -> None:
        """Take in one exchange; anything but a listing of moderate size is passed over."""
        if exchange.method != "GET" or not exchange.path.endswith("/cards"):
            return
        if not exchange.succeeded or len(exchange.response_body) > _LARGEST_READ:
            return
        try:
            cards = cards_of(exchange.json())
        except ContractBrokenError:
            return
        for card in cards:
            self._see(card, exchange)

    def _see(self, card: Card, exchange: Exchange) -> None:
        sighting = self.sightings.setdefault(key_of(card), Sighting(card, card.created))
        if card.status in CLOSED and sighting.card.status not in CLOSED:
            sighting.card = card
        if card.created != sighting.created and sighting.recreated is None:
            sighting.recreated = exchange

    @property
    def closed(self) -> dict[str, Status]:
        """The state in which each card was first seen closed, by key."""
        return {
            key: sighting.card.status
            for key, sighting in self.sightings.items()
            if isinstance(sighting.card.status, Status) and sighting.card.status in CLOSED
        }
