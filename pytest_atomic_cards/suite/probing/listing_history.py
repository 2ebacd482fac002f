"""History: what the listings of a session showed of each card, and what changed since."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, Self

from pytest_atomic_cards.model.cards import Card
from pytest_atomic_cards.model.lifecycle import CLOSED, Status
from pytest_atomic_cards.rules import parse_response
from pytest_atomic_cards.rules.parsed_response import LISTING
from pytest_atomic_cards.suite.probing.eventual_consistency import A_WHILE
from pytest_atomic_cards.suite.probing.unasked_changes import UnaskedChanges
from pytest_atomic_cards.targets.seeding.listing_reader import key_of

if TYPE_CHECKING:
    from pytest_atomic_cards.model.exchange import Exchange
    from pytest_atomic_cards.suite.probing.probe import Probe

_LARGEST_READ: Final = 200_000
"""Bytes: a page of some hundred cards. Parsing larger ones again would slow down bulk contracts."""


class History:
    """What the listings of a session showed of each card.

    Attributes:
        closed: The state in which each card was first listed as closed, by key.
        closed_at: When that was requested.
        changes: The cards that changed although this run did not act on them.
        is_shared: Whether others may act on the cards, too.
    """

    def __init__(self, *, is_shared: bool = False) -> None:
        self.is_shared = is_shared
        self.changes = UnaskedChanges()
        self.closed: dict[str, Status] = {}
        self.closed_at: dict[str, datetime] = {}

    def let_a_while_pass(self, probe: Probe, keys: Collection[str]) -> None:
        """Let time pass after some cards were first listed as closed, unless it has by itself."""
        first_listed = [at for key, at in self.closed_at.items() if key in keys]
        wait = timedelta(seconds=A_WHILE)
        if first_listed and not probe.cards.is_steerable:
            wait -= probe.cards.clock.now() - max(first_listed)
        probe.cards.pass_time(max(wait, timedelta(0)))

    @classmethod
    def of(cls, probe: Probe) -> Self:
        """A history that observes a probe's session from now on."""
        history = cls(is_shared=not probe.cards.is_steerable)
        probe.api.session.listeners.append(history.observe)
        return history

    def observe(self, exchange: Exchange) -> None:
        """Record one exchange, unless it is too large, or neither a listing nor an action."""
        self.changes.acted(exchange)
        if len(exchange.response_body) > _LARGEST_READ:
            return
        response = parse_response(exchange)
        if response is None or response.kind != LISTING:
            return
        for card in map(Card.from_body, response.cards):
            self.changes.listed(card)
            if card.status in CLOSED:
                self.closed.setdefault(key_of(card), Status(card.status))
                self.closed_at.setdefault(key_of(card), exchange.started)
