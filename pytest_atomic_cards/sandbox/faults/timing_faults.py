"""Faults of timers, of reads after a write, and of concurrent requests."""

from __future__ import annotations

import threading
from contextlib import nullcontext
from functools import partial
from math import inf
from typing import TYPE_CHECKING, Any, Final

from pytest_atomic_cards.model.lifecycle import Status
from pytest_atomic_cards.model.query import Attribute
from pytest_atomic_cards.sandbox.faults.fault import Fault, Original, Wrapper
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
_TIME: Final = "time"
_CONSISTENCY: Final = "consistency"
_CONCURRENCY: Final = "concurrency"
_HOUR: Final = 3_600_000
_SECOND: Final = 1_000
_STALE: Final = 3.0
"""Seconds: longer than a contract waits on the sandbox for a change to become visible."""
_RACE: Final = 0.001
"""Seconds between reading and writing: wide enough for a request in another thread to slip in."""
_Transition = tuple[int, str] | None


def _never(before: Status, after: Status, original: Original, row: Row) -> _Transition:
    transition: _Transition = original(row)
    if transition is not None and (row.status, transition[1]) == (before, after):
        return None
    return transition


def _late(before: Status, after: Status, original: Original, row: Row) -> _Transition:
    transition: _Transition = original(row)
    if transition is not None and (row.status, transition[1]) == (before, after):
        return transition[0] + _HOUR, transition[1]
    return transition


def _early(before: Status, after: Status, original: Original, row: Row) -> _Transition:
    transition: _Transition = original(row)
    if transition is not None and (row.status, transition[1]) == (before, after):
        return min(transition[0], row.created + 2 * _SECOND), transition[1]
    return transition


def _into(before: Status, after: Status, instead: Status, original: Original, row: Row) -> Any:  # noqa: ANN401
    transition: _Transition = original(row)
    if transition is not None and (row.status, transition[1]) == (before, after):
        return transition[0], instead.value
    return transition


def _never_expires(original: Original, row: Row) -> _Transition:
    transition: _Transition = original(row._replace(expires_at=None))
    return transition


def _comes_back(original: Original, row: Row) -> _Transition:
    """An expired card is active again, for good, one second after it expired."""
    expired_itself = row.expires_at is not None and row.updated >= row.expires_at
    if expired_itself and row.status == Status.EXPIRED:
        return row.updated + _SECOND, Status.ACTIVE.value
    if expired_itself and row.status == Status.ACTIVE:
        return None
    transition: _Transition = original(row)
    return transition


def _closed_by_timer(state: Status, original: Original, row: Row) -> _Transition:
    """A closed card expires, or is published, as if it were still open."""
    if row.status != state:
        transition: _Transition = original(row)
        return transition
    if row.embargo_until is not None and row.updated < row.embargo_until:
        return row.embargo_until, Status.ACTIVE.value
    if row.expires_at is not None and row.updated < row.expires_at:
        return row.expires_at, Status.EXPIRED.value
    return None


def _keeping_timers(
    original: Original, rows: Sequence[Row], after: str, now: int, completions: Sequence[str | None]
) -> None:
    """Keeps the timers of a closed card running."""
    original(rows, after, now, completions)
    original.owner.reschedule(row._replace(status=after, updated=now) for row in rows)


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


_ACTIVE, _EMBARGOED, _SNOOZED, _EXPIRED = (
    Status.ACTIVE,
    Status.EMBARGOED,
    Status.SNOOZED,
    Status.EXPIRED,
)
_TRANSITIONS: Final[tuple[tuple[str, str, Wrapper], ...]] = (
    ("embargo-never-ends", "An embargo never ends.", partial(_never, _EMBARGOED, _ACTIVE)),
    (
        "embargo-ends-late",
        "An embargo ends an hour late.",
        partial(_late, _EMBARGOED, _ACTIVE),
    ),
    (
        "embargo-ends-early",
        "An embargo ends two seconds after the card was created.",
        partial(_early, _EMBARGOED, _ACTIVE),
    ),
    (
        "embargo-ends-expired",
        "A card whose embargo ends is expired instead of active.",
        partial(_into, _EMBARGOED, _ACTIVE, _EXPIRED),
    ),
    ("snooze-never-ends", "A snooze never ends.", partial(_never, _SNOOZED, _ACTIVE)),
    (
        "snooze-ends-dismissed",
        "A card whose snooze ends is dismissed instead of active.",
        partial(_into, _SNOOZED, _ACTIVE, Status.DISMISSED),
    ),
    ("expiry-never-happens", "Cards never expire.", _never_expires),
    ("expiry-late", "Active cards expire an hour late.", partial(_late, _ACTIVE, _EXPIRED)),
    (
        "expiry-cancels",
        "An active card that expires is cancelled instead of expired.",
        partial(_into, _ACTIVE, _EXPIRED, Status.CANCELLED),
    ),
    (
        "expired-comes-back",
        "An expired card becomes active again a second later.",
        _comes_back,
    ),
)
_TIMERS: Final = (
    (
        "completed-card-expires",
        "A completed card expires at its expiry time.",
        Status.COMPLETED,
    ),
    (
        "cancelled-card-is-published",
        "A card that was cancelled under embargo becomes active when the embargo ends.",
        Status.CANCELLED,
    ),
)

FAULTS: Final = (
    *(
        Fault(name, _TIME, text, {"next_transition": wrapper})
        for name, text, wrapper in _TRANSITIONS
    ),
    *(
        Fault(
            name,
            _TIME,
            text,
            {"next_transition": partial(_closed_by_timer, state), "store.change": _keeping_timers},
        )
        for name, text, state in _TIMERS
    ),
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
