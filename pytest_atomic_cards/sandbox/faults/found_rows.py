"""How faults replace the look-up of cards, whatever part of what it finds a request asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_atomic_cards.sandbox.faults.fault import Original, Wrapper
from pytest_atomic_cards.sandbox.query_decisions import UNLIMITED

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_atomic_cards.sandbox.card_record import Row
    from pytest_atomic_cards.sandbox.page_reader import Selection

    Rows = Original[list[Row]]


def among_all(find: Callable[[Rows, Selection], list[Row]]) -> Wrapper:
    """Applies limit and offset to what a function makes of all cards of a selection."""

    def replacement(
        original: Rows, selection: Selection, *, order: str, limit: int, offset: int = 0
    ) -> list[Row]:
        def every(selection: Selection) -> list[Row]:
            return original(selection, order=order, limit=UNLIMITED)

        return find(Original(every, original.owner), selection)[offset : offset + limit]

    return replacement


def accepted_by(accepts: Callable[[Row, Selection], bool]) -> Wrapper:
    """Selects the cards of the environment that a predicate accepts."""

    @among_all
    def replacement(original: Rows, selection: Selection) -> list[Row]:
        everything = original(selection._replace(filters={}, statuses=None))
        return [row for row in everything if accepts(row, selection)]

    return replacement
