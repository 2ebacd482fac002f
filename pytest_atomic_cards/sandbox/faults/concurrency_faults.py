"""Faults of reads after a write, and of concurrent requests."""

from __future__ import annotations

import threading
from contextlib import nullcontext
from math import inf
from typing import TYPE_CHECKING, Any, Final

from pytest_atomic_cards.model.query import Attribute
from pytest_atomic_cards.sandbox.faults.fault import Faults, Original, Wrapper
from pytest_atomic_cards.sandbox.faults.found_rows import among_all
from pytest_atomic_cards.sandbox.refusal import Refusal
from pytest_atomic_cards.support.clock import REAL_CLOCK

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

    from pytest_atomic_cards.sandbox.card_record import Row
    from pytest_atomic_cards.sandbox.faults.found_rows import Rows
    from pytest_atomic_cards.sandbox.page_reader import Selection
    from pytest_atomic_cards.sandbox.query_decisions import Filters

_READS: Final = Faults("consistency")
_OVERLAPS: Final = Faults("concurrency")
_ONE_AT_A_TIME: Final = threading.Lock()
_STALE: Final = 3.0
"""Seconds: longer than a contract waits on the sandbox for a change to become visible."""
_RACE: Final = 0.001
"""Seconds between reading and writing: wide enough for a request in another thread to slip in."""


_READS.add(
    "listing-lags",
    f"A listing shows the state of {_STALE:.0f} seconds ago.",
    {"staleness": lambda original, filters: max(original(filters), _STALE)},
)


@_READS.replacing("staleness")
def listing_by_user_never_changes(original: Original[float], filters: Filters) -> float:
    """A listing by userId always shows the initial state of cards."""
    seconds = original(filters)
    return inf if Attribute.USER_ID in filters else seconds


@_READS.replacing("cards.read", by=among_all)
def status_index_stale(original: Rows, selection: Selection) -> list[Row]:
    """A listing by status selects cards by their initial state."""
    if selection.statuses is None:
        return original(selection)
    as_of, statuses = original.owner.stale_reads.as_of, selection.statuses
    found = original(selection._replace(statuses=None))
    return [row for row in found if as_of(row, inf).status in statuses]


def _unlocked(original: Original[int]) -> AbstractContextManager[int]:
    return nullcontext(original.owner.settle())


def _slow(original: Rows, *args: Any, **kwargs: Any) -> list[Row]:  # noqa: ANN401
    rows = original(*args, **kwargs)
    REAL_CLOCK.sleep(_RACE)
    return rows


_RACING: Final[dict[str, Wrapper]] = {"store.hold": _unlocked, "cards.select": _slow}
_OVERLAPS.add(
    "lost-update",
    "Two concurrent actions on a card both succeed, and the later one takes effect.",
    _RACING,
)


def _unchanged(store: Any, row: Row) -> bool:  # noqa: ANN401
    """Whether no other request has changed a card meanwhile."""
    return bool(store.find(row.environment, row.card_instance_id).status == row.status)


@_OVERLAPS.replacing("store.change", besides=_RACING)
def action_reported_twice(
    original: Original[None],
    rows: Sequence[Row],
    after: str,
    now: int,
    completions: Sequence[str | None],
) -> None:
    """Two concurrent actions on a card both report it as updated; the first takes effect."""
    with _ONE_AT_A_TIME:
        pairs = [
            (row, completion)
            for row, completion in zip(rows, completions, strict=True)
            if _unchanged(original.owner, row)
        ]
        original([row for row, _ in pairs], after, now, [completion for _, completion in pairs])


@_OVERLAPS.replacing("store.change", besides=_RACING)
def overlap_gives_500(original: Original[None], rows: Sequence[Row], *rest: Any) -> None:  # noqa: ANN401
    """The later of two concurrent actions on a card gives a server error."""
    with _ONE_AT_A_TIME:
        if not all(_unchanged(original.owner, row) for row in rows):
            raise Refusal(500, "internal error")
        original(rows, *rest)


FAULTS: Final = (*_READS, *_OVERLAPS)
