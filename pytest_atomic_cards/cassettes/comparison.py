"""Comparison of what a target answers now with a recording. To come."""

from __future__ import annotations

from pytest_atomic_cards.cassettes.cassette import Cassette
from pytest_atomic_cards.cassettes.document import Interaction


class Comparison:
    """What differs between a recording and what comes now.

    Args:
        cassette: The recording.
    """

    def __init__(self, cassette: Cassette) -> None:
        self._cassette = cassette

    def take_differences(self) -> list[str]:
        """What differs and was not given out yet, one line each."""
        return []

    def add(self, interaction: Interaction) -> None:
        """Take in an exchange that came to an end now."""
