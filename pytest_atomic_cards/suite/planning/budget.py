"""Budget: the most cards and requests that a run may take."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Self

from pytest_atomic_cards.model.settings import Settings
from pytest_atomic_cards.suite.planning.prices import Footprint

QUICK: Final = Footprint(cards=150, requests=300)
"""The budget of a quick run of a live target, for every pull request: half a minute at 100 ms."""
_PLANNED: Final = 0.85
"""Share of the most requests that is planned: the rest is for listings that are repeated until
cards and changes show, and for the groups that are left over."""


@dataclass(frozen=True, slots=True)
class Budget:
    """The most that a run may take.

    Args:
        cards: Most cards.
        requests: Most requests to plan with.
        most_requests: Most requests to send, from which on no contract begins.
        cards_by: What sets the limit of cards.
        requests_by: What sets the limit of requests.
    """

    cards: float = math.inf
    requests: float = math.inf
    most_requests: float = math.inf
    cards_by: str = ""
    requests_by: str = ""

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """The budget of the settings: what the user gives, else that of a quick live run."""
        is_quick = settings.target == "live" and settings.effort == "quick"
        usual = QUICK if is_quick and not settings.only and not settings.examples else None
        by = "--cards-effort quick"
        most = settings.max_requests or (usual.requests if usual else math.inf)
        return cls(
            settings.max_cards or (usual.cards if usual else math.inf),
            _PLANNED * most,
            most,
            f"--cards-max-cards {settings.max_cards}" if settings.max_cards else by,
            f"--cards-max-requests {settings.max_requests}" if settings.max_requests else by,
        )

    def refuses(self, footprint: Footprint) -> str:
        """Which limit a footprint exceeds; empty if it fits."""
        if footprint.cards > self.cards:
            return f"{self.cards_by} allows {self.cards:g} cards"
        if footprint.requests > self.requests:
            return f"{self.requests_by} leaves {self.requests:.0f} requests to plan with"
        return ""
