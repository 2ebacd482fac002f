"""Faults of isolation: cards of one environment are listed or changed in another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pytest_atomic_cards.sandbox.faults.fault import Faults
from pytest_atomic_cards.sandbox.faults.found_rows import among_all

if TYPE_CHECKING:
    from pytest_atomic_cards.sandbox.card_record import Row
    from pytest_atomic_cards.sandbox.faults.found_rows import Rows
    from pytest_atomic_cards.sandbox.page_reader import Selection

FAULTS: Final = Faults("isolation")


@among_all
def _everywhere(original: Rows, selection: Selection) -> list[Row]:
    numbers = original.owner.store.environments().values()
    return [row for number in numbers for row in original(selection._replace(environment=number))]


FAULTS.add(
    "lists-other-environments",
    "A listing also shows cards of other environments.",
    {"cards.read": _everywhere},
)
FAULTS.add(
    "acts-on-other-environments",
    "Actions also change cards of other environments.",
    {"cards.select": _everywhere},
)
