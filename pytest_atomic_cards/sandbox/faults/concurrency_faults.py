"""Faults of reads after a write, and of concurrent requests."""

from __future__ import annotations

import threading
from contextlib import nullcontext
from math import inf
from typing import TYPE_CHECKING, Any, Final

from pytest_atomic_cards.model.query import Attribute
from pytest_atomic_cards.sandbox.faults.fault import Fault, Original
from pytest_atomic_cards.sandbox.query_decisions import UNLIMITED
from pytest_atomic_cards.sandbox.refusal import Refusal
from pytest_atomic_cards.support.clock import REAL_CLOCK

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

    from pytest_atomic_cards.sandbox.card_record import Row
    from pytest_atomic_cards.sandbox.page_reader import Selection
    from pytest_atomic_cards.sandbox.query_decisions import Filters

_ONE_AT_A_TIME: Final = threading.Lock()
_CONSISTENCY: Final = "consistency"
_CONCURRENCY: Final = "concurrency"
_STALE: Final = 3.0
"""Seconds: longer than a contract waits on the sandbox for a change to become visible."""
_RACE: Final = 0.001
"""Seconds between reading and writing: wide enough for a request in another thread to slip in."""


def _for_user(original: Original, filters: Filters) -> float:
    seconds: float = original(filters)
    return inf if Attribute.USER_ID in filters else seconds


def _by_old_status(
    original: Original, selection: Selection, *, order: str, limit: int, offset: int = 0
) -> list[Row]:
    """Selects cards by their initial state, but shows their current one."""
    if selection.statuses is None:
        rows: list[Row] = original(selection, order=order, limit=limit, offset=offset)
        return rows
    stale_reads, statuses = original.owner.stale_reads, selection.statuses
    found = original(selection._replace(statuses=None), order=order, limit=UNLIMITED)
    old = [row for row in found if stale_reads.as_of(row, inf).status in statuses]
    return old[offset : offset + limit]


def _unlocked(original: Original) -> AbstractContextManager[int]:
    return nullcontext(original.owner.settle())


def _slow(original: Original, *args: Any, **kwargs: Any) -> list[Row]:  # noqa: ANN401
    rows: list[Row] = original(*args, **kwargs)
    REAL_CLOCK.sleep(_RACE)
    return rows


def _first_wins(
    original: Original, rows: Sequence[Row], after: str, now: int, completions: Sequence[str | None]
) -> None:
    """Skips the cards that another request has changed meanwhile, so no update is lost."""
    store = original.owner
    with _ONE_AT_A_TIME:
        pairs = [
            (row, completion)
            for row, completion in zip(rows, completions, strict=True)
            if store.find(row.environment, row.card_instance_id).status == row.status
        ]
        original([row for row, _ in pairs], after, now, [completion for _, completion in pairs])


def _later_fails(
    original: Original, rows: Sequence[Row], after: str, now: int, completions: Sequence[str | None]
) -> None:
    """Fails if another request has changed a card meanwhile."""
    store = original.owner
    with _ONE_AT_A_TIME:
        if any(
            store.find(row.environment, row.card_instance_id).status != row.status for row in rows
        ):
            raise Refusal(500, "internal error")
        original(rows, after, now, completions)


FAULTS: Final = (
    Fault(
        "listing-lags",
        _CONSISTENCY,
        f"A listing shows the state of {_STALE:.0f} seconds ago.",
        {"staleness": lambda original, filters: max(original(filters), _STALE)},
    ),
    Fault(
        "listing-by-user-never-changes",
        _CONSISTENCY,
        "A listing by userId always shows the initial state of cards.",
        {"staleness": _for_user},
    ),
    Fault(
        "status-index-stale",
        _CONSISTENCY,
        "A listing by status selects cards by their initial state.",
        {"cards.read": _by_old_status},
    ),
    Fault(
        "lost-update",
        _CONCURRENCY,
        "Two concurrent actions on a card both succeed, and the later one takes effect.",
        {"store.hold": _unlocked, "cards.select": _slow},
    ),
    Fault(
        "action-reported-twice",
        _CONCURRENCY,
        "Two concurrent actions on a card both report it as updated; the first takes effect.",
        {"store.hold": _unlocked, "cards.select": _slow, "store.change": _first_wins},
    ),
    Fault(
        "overlap-gives-500",
        _CONCURRENCY,
        "The later of two concurrent actions on a card gives a server error.",
        {"store.hold": _unlocked, "cards.select": _slow, "store.change": _later_fails},
    ),
)
