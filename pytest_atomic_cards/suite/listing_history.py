"""History: what every listing of a session has shown, and what has come undone since."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Self

from pytest_atomic_cards.model.cards import Card
from pytest_atomic_cards.model.exchange import Exchange
from pytest_atomic_cards.model.lifecycle import CLOSED, Status
from pytest_atomic_cards.rules import Objection, parse_response, rules_of
from pytest_atomic_cards.rules.monitor import Monitor
from pytest_atomic_cards.rules.parsed_response import LISTING
from pytest_atomic_cards.targets.seeding.listing_reader import key_of

if TYPE_CHECKING:
    from pytest_atomic_cards.suite.probe import Probe

_LARGEST_READ: Final = 200_000


class History:
    """What the listings of a session have shown of each card.

    Attributes:
        closed: The state in which each card was first seen closed, by key.
        recreated: What shows that some ``created`` has changed, with its exchange, if one has.
    """

    def __init__(self) -> None:
        self._monitor = Monitor(rules_of("TIME-05"))
        self.closed: dict[str, Status] = {}
        self.recreated: tuple[Objection, Exchange] | None = None

    @classmethod
    def of(cls, probe: Probe) -> Self:
        """A history that watches a probe's session from now on."""
        history = cls()
        probe.api.session.listeners.append(history.observe)
        return history

    def observe(self, exchange: Exchange) -> None:
        """Take in one exchange; anything but a listing of moderate size is passed over."""
        if len(exchange.response_body) > _LARGEST_READ:
            return
        response = parse_response(exchange)
        if response is None or response.kind != LISTING:
            return
        for _, objection in self._monitor.see(response):
            self.recreated = self.recreated or (objection, exchange)
        for body in response.cards:
            word = body.get("status")
            if isinstance(word, str) and word in CLOSED:
                self.closed.setdefault(key_of(Card.from_body(body)), Status(word))
