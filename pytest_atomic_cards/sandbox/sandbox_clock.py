"""The sandbox's clock: real time plus an offset, which a test can advance or freeze."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Final

from pytest_atomic_cards.support.clock import REAL_CLOCK
from pytest_atomic_cards.support.errors import MisuseError

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_NANOSECONDS_IN_MILLISECOND: Final = 1_000_000
_NANOSECONDS_IN_SECOND: Final = 1_000_000_000

_LATEST: Final = (datetime(9999, 12, 31, tzinfo=UTC) - EPOCH) // _MICROSECOND * 1_000


class SandboxClock:
    """UTC time that runs like real time, ahead of it by an offset.

    It never goes back, even if the machine's clock is set. A test that fakes the time, for example
    with freezegun, does not change it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._offset = _nanoseconds(REAL_CLOCK.timestamp()) - _ticks()
        self._frozen: int | None = None

    def nanoseconds(self) -> int:
        """The time now, in nanoseconds since 1970-01-01 UTC."""
        frozen = self._frozen
        return _ticks() + self._offset if frozen is None else frozen

    def milliseconds(self) -> int:
        """The time now, in whole milliseconds since 1970-01-01 UTC: the unit of the store."""
        return self.nanoseconds() // _NANOSECONDS_IN_MILLISECOND

    def now(self) -> datetime:
        """The time now, UTC, to the microsecond."""
        return EPOCH + timedelta(microseconds=self.nanoseconds() // 1_000)

    def advance(self, by: timedelta) -> None:
        """Advance the time; everything that becomes due happens at its own time.

        Raises:
            MisuseError: ``by`` is negative, or the time would be beyond the year 9999.
        """
        if by < timedelta(0):
            raise MisuseError(f"a sandbox clock only goes forwards; it cannot advance by {by}")
        nanoseconds = by // _MICROSECOND * 1_000
        with self._lock:
            if self.nanoseconds() + nanoseconds > _LATEST:
                raise MisuseError(f"advancing by {by} leads beyond the year 9999")
            self._offset += nanoseconds
            if self._frozen is not None:
                self._frozen += nanoseconds

    def freeze(self) -> None:
        """Stop the time; :meth:`advance` still changes it."""
        with self._lock:
            if self._frozen is None:
                self._frozen = self.nanoseconds()

    def run(self) -> None:
        """Resume a frozen time from where it stopped."""
        with self._lock:
            if self._frozen is not None:
                self._offset = self._frozen - _ticks()
                self._frozen = None


def _nanoseconds(seconds: float) -> int:
    return int(seconds * _NANOSECONDS_IN_SECOND)


def _ticks() -> int:
    return _nanoseconds(REAL_CLOCK.monotonic())
