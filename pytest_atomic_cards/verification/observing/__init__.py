"""Observing: how a target answers the questions that the documentation leaves open."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from pytest_atomic_cards.verification.observing import (
    actions,
    authentication,
    creation,
    form,
    lifecycle,
    listing,
    matching,
)
from pytest_atomic_cards.verification.observing.scene import Observer, Scene

OBSERVERS: Final[Mapping[str, Observer]] = MappingProxyType(
    {
        **matching.OBSERVERS,
        **listing.OBSERVERS,
        **actions.OBSERVERS,
        **lifecycle.OBSERVERS,
        **authentication.OBSERVERS,
        **creation.OBSERVERS,
        **form.OBSERVERS,
    }
)
"""What sees the answer to each open question, by the question's name."""

WAITING: Final = frozenset(
    {
        "expiry_while_embargoed",
        "expiry_while_snoozed",
        "updated_by_system",
        "delivery_options",
    }
)
"""The questions whose answer shows only when some time has passed."""

__all__ = ["OBSERVERS", "WAITING", "Observer", "Scene"]
