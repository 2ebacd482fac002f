"""Mode: what is done with cassettes. Imports nothing but the standard library."""

from __future__ import annotations

from enum import StrEnum


class Mode(StrEnum):
    """What a test does with its cassette."""

    OFF = "off"
    """Nothing is read or written."""

    RECORD = "record"
    """Requests go to the target, and the cassette is written anew."""

    REPLAY = "replay"
    """Requests are answered from the cassette, and nothing leaves the process."""

    VERIFY = "verify"
    """Requests go to the target, its answers are compared with the cassette; it stays as it is."""

    @property
    def reads(self) -> bool:
        """Whether there must be a recording."""
        return self in {Mode.REPLAY, Mode.VERIFY}
