"""The target's time, by which embargoes and expiries are reckoned."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

from pytest_atomic_cards.model.cards import Card
from pytest_atomic_cards.model.exchange import Exchange
from pytest_atomic_cards.support.clock import REAL_CLOCK, Clock

_NOTABLE: Final = timedelta(seconds=2)
"""Differences below are not corrected: ``Date`` has whole seconds, and a response takes a while."""
_PLAUSIBLE: Final = timedelta(minutes=30)
"""Creation times further off are no clock's: some zones differ from UTC by half an hour."""


class ServerClock:
    """The target's time, according to the ``Date`` of its responses (RFC 9110 › 6.6.1).

    The creation times of the first cards count instead if there is no ``Date`` and they prove a
    difference, or if they agree with our time, and the ``Date`` with neither. Without a ``Date``
    they are a guess: whatever creates cards may have a clock of its own.

    Args:
        clock: Our own time.
        learns: Whether it may differ from ours; recordings hold no ``Date``.
    """

    def __init__(self, clock: Clock = REAL_CLOCK, *, learns: bool = True) -> None:
        self._clock = clock
        self._learns = learns
        self._is_dated = False
        self._believes_date = True
        self._ahead = timedelta(0)

    def observe(self, exchange: Exchange) -> None:
        """Learn from a response."""
        if not self._believes_date:
            return
        with suppress(KeyError, ValueError, TypeError):
            date = parsedate_to_datetime(exchange.response_headers["date"])
            self._differ_by(date - exchange.started)
            self._is_dated = True

    def observe_new(self, cards: Iterable[Card], begun: datetime, listed: datetime) -> None:
        """Learn from when the target created cards, by its own clock.

        Args:
            cards: The cards.
            begun: When they were requested, by our clock.
            listed: When they were listed, by our clock.
        """
        created = [card.created for card in cards if card.created]
        if not created:
            return
        surely = _surely_ahead(created, begun, listed)
        if not self._is_dated:
            self._differ_by(surely if abs(surely) < _PLAUSIBLE else timedelta(0))
            return
        against_date = _surely_ahead(created, begun + self._ahead, listed + self._ahead)
        if abs(surely) <= _NOTABLE < abs(against_date):
            self._believes_date = False  # it is of something between the target and us
            self._differ_by(timedelta(0))

    def _differ_by(self, ahead: timedelta) -> None:
        if self._learns:
            self._ahead = ahead if abs(ahead) > _NOTABLE else timedelta(0)

    @property
    def is_guessed(self) -> bool:
        """Whether creation times alone show that the target's time differs from ours."""
        return bool(self._ahead) and not self._is_dated

    def now(self) -> datetime:
        """The target's time now, UTC."""
        return self._clock.now() + self._ahead


def _surely_ahead(created: Sequence[datetime], begun: datetime, listed: datetime) -> timedelta:
    """How far creation times lie outside of the time in which the cards were created."""
    behind, ahead = max(created) - begun, min(created) - listed
    return min(behind, timedelta(0)) + max(ahead, timedelta(0))
