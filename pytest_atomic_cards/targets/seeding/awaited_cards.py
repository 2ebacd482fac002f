"""Cards that are waited for: what was listed of them so far, and how long to go on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from pytest_atomic_cards.model.cards import Card
from pytest_atomic_cards.model.lifecycle import Status
from pytest_atomic_cards.support.errors import ContractBrokenError, NotListedError, SeedingError
from pytest_atomic_cards.support.printable import brief
from pytest_atomic_cards.targets.seeding.backend import Placement, SeedingBackend

_FEW_SECONDS: Final = 5.0
"""Seconds to wait if the response is a success and not a listing, or lists nothing but cards that
were not asked for: a gateway may serve a page of its own while the service behind it starts, but a
target that does so for longer is broken. Also for embargoed cards, which may never be listed."""
_TIMES_AS_LATE: Final = 3
"""Times the latency of the first cards to wait for embargoed ones, which may never be listed; once
some were given up, it is a single time."""


@dataclass(slots=True)
class AwaitedCards:
    """Cards of one invocation that are waited for.

    Args:
        placed: What was requested.
        asked: When.
        grown: When the last of them was first listed; at first, when they were requested.
        cards: Those that were listed so far, by their keys.
        complete: Whether no more cards are waited for.
        fault: What the last listing failed with, if it did.
    """

    placed: Placement
    asked: float
    grown: float
    cards: dict[str, Card] = field(default_factory=dict)
    complete: bool = False
    fault: ContractBrokenError | None = None

    @property
    def is_hopeless(self) -> bool:
        """Whether the last response was a success that waiting hardly cures."""
        return bool(self.fault and self.fault.exchange and self.fault.exchange.succeeded)

    @property
    def is_unlisted(self) -> bool:
        """Whether all but embargoed ones were listed, and listings do not fail."""
        hidden = self.placed.embargoed
        return bool(hidden) and len(self.cards) == self.placed.count - hidden and not self.fault

    @property
    def is_embargoed_unasked(self) -> bool:
        """Whether cards are listed as embargoed though their start asked for no embargo."""
        words = (card.status for card in self.cards.values())
        return not self.placed.embargoed and Status.EMBARGOED in words


@dataclass(slots=True)
class Pace:
    """What waits have shown of how soon a target lists cards.

    Args:
        backend: Creates the cards.
        latency: Seconds that the first cards took.
        lists_embargoed: Whether embargoed cards were never given up yet.
        flow_embargoes: Whether cards were embargoed unasked, as the flow's own configuration may.
    """

    backend: SeedingBackend
    latency: float = 0.0
    lists_embargoed: bool = True
    flow_embargoes: bool = False

    def time_for(self, left: Sequence[AwaitedCards]) -> float:
        """Seconds to wait for the next of some cards."""
        longest = self.backend.listing_timeout
        if all(one.is_hopeless for one in left):
            return min(longest, _FEW_SECONDS)
        if all(one.is_unlisted for one in left):
            seconds = max(_FEW_SECONDS, _TIMES_AS_LATE * self.latency)
            return min(longest, seconds if self.lists_embargoed else self.latency)
        return longest

    def give_up(self, missing: Sequence[AwaitedCards]) -> SeedingError | NotListedError:
        """Why some cards are not waited for any longer."""
        seconds = self.time_for(missing)
        if all(one.is_unlisted for one in missing):
            self.lists_embargoed = False
            return NotListedError(
                "embargoed cards are not listed, neither by their invocation nor by "
                "status=embargoed; no page says that they are"
            )
        fault = next((one.fault for one in missing if one.fault), None)
        reason = fault or self.backend.if_missing
        if any(one.is_embargoed_unasked for one in missing):
            reason = "cards are embargoed that should be active: use a flow without an embargo"
        return SeedingError(
            f"{sum(one.placed.count for one in missing)} seeded card(s) of {len(missing)} "
            f"invocation(s), the first being {brief(missing[0].placed.invocation)}, were not "
            f"all visible after {seconds:g} s without a further one"
            + (f"; {reason}" if reason else ""),
            fault.exchange if fault else None,
        )
