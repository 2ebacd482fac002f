"""Faults of timers."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

from pytest_atomic_cards.model.lifecycle import Status
from pytest_atomic_cards.sandbox.faults.fault import Fault, Original, Wrapper

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_atomic_cards.sandbox.card_record import Row

_TIME: Final = "time"
_HOUR: Final = 3_600_000
_SECOND: Final = 1_000
_MINUTE: Final = 60_000
"""Milliseconds: more than any tolerance of clocks, and far less than a usual timer lasts."""
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


def _shifted(
    before: Status, after: Status, shift: Callable[[Row], int], original: Original, row: Row
) -> _Transition:
    transition: _Transition = original(row)
    if transition is not None and (row.status, transition[1]) == (before, after):
        return transition[0] + shift(row), transition[1]
    return transition


def _into(before: Status, after: Status, instead: Status, original: Original, row: Row) -> Any:  # noqa: ANN401
    transition: _Transition = original(row)
    if transition is not None and (row.status, transition[1]) == (before, after):
        return transition[0], instead.value
    return transition


def _time_under_embargo(row: Row) -> int:
    return 0 if row.embargo_until is None else max(row.embargo_until - row.created, 0)


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
    (
        "embargo-ends-a-minute-early",
        "An embargo ends a minute early.",
        partial(_shifted, _EMBARGOED, _ACTIVE, lambda _row: -_MINUTE),
    ),
    (
        "snooze-ends-a-minute-early",
        "A snooze ends a minute early.",
        partial(_shifted, _SNOOZED, _ACTIVE, lambda _row: -_MINUTE),
    ),
    (
        "snooze-counts-from-creation",
        "A snooze lasts as long as it should, but from the creation of the card.",
        partial(_shifted, _SNOOZED, _ACTIVE, lambda row: row.created - row.updated),
    ),
    (
        "expiry-a-minute-early",
        "Active cards expire a minute early.",
        partial(_shifted, _ACTIVE, _EXPIRED, lambda _row: -_MINUTE),
    ),
    (
        "expiry-counts-from-publication",
        "The time to expiry of a card with an embargo begins when the embargo ends.",
        partial(_shifted, _ACTIVE, _EXPIRED, _time_under_embargo),
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
)
