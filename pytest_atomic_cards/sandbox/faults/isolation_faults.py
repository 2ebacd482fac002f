"""Faults of isolation: cards of one environment are listed or changed in another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pytest_atomic_cards.sandbox.faults.fault import Fault, Original
from pytest_atomic_cards.sandbox.query_decisions import UNLIMITED

if TYPE_CHECKING:
    from pytest_atomic_cards.sandbox.card_record import Row
    from pytest_atomic_cards.sandbox.page_reader import Selection

_AREA: Final = "isolation"


def _everywhere(
    original: Original, selection: Selection, *, order: str, limit: int, offset: int = 0
) -> list[Row]:
    rows: list[Row] = []
    for number in original.owner.store.environments().values():
        rows += original(selection._replace(environment=number), order=order, limit=UNLIMITED)
    return rows[offset : offset + limit]


FAULTS: Final = (
    Fault(
        "lists-other-environments",
        _AREA,
        "A listing also shows cards of other environments.",
        {"cards.read": _everywhere},
    ),
    Fault(
        "acts-on-other-environments",
        _AREA,
        "Actions also change cards of other environments.",
        {"cards.select": _everywhere},
    ),
)
