"""Faults of timers."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from pytest_atomic_cards.model.lifecycle import Status
from pytest_atomic_cards.sandbox.faults.fault import Faults, Original, Wrapper

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_atomic_cards.sandbox.card_record import Row

FAULTS: Final = Faults("time")
_HOUR: Final = 3_600_000
_SECOND: Final = 1_000
_MINUTE: Final = 60_000
"""Milliseconds: more than any tolerance of clocks, and far less than a usual timer lasts."""
_Transition = tuple[int, str] | None


def _timer(
    before: Status, after: Status
) -> Callable[[Callable[[Row, int], _Transition]], Callable[[Row, int], _Transition]]:
    """Declares what a timer does instead, for a card and the time at which it is due."""

    def changed(change: Callable[[Row, int], _Transition]) -> Wrapper:
        def replacement(original: Original[_Transition], row: Row) -> _Transition:
            transition = original(row)
            if transition is None or (row.status, transition[1]) != (before, after):
                return transition
            return change(row, transition[0])

        return replacement

    return FAULTS.replacing("next_transition", by=changed)


_embargo = _timer(Status.EMBARGOED, Status.ACTIVE)
_snooze = _timer(Status.SNOOZED, Status.ACTIVE)
_expiry = _timer(Status.ACTIVE, Status.EXPIRED)


@_embargo
def embargo_never_ends(_row: Row, _due: int) -> None:
    """An embargo never ends."""


@_embargo
def embargo_ends_late(_row: Row, due: int) -> _Transition:
    """An embargo ends an hour late."""
    return due + _HOUR, Status.ACTIVE


@_embargo
def embargo_ends_early(row: Row, due: int) -> _Transition:
    """An embargo ends two seconds after the card was created."""
    return min(due, row.created + 2 * _SECOND), Status.ACTIVE


@_embargo
def embargo_ends_expired(_row: Row, due: int) -> _Transition:
    """A card whose embargo ends is expired instead of active."""
    return due, Status.EXPIRED


@_embargo
def embargo_ends_a_minute_early(_row: Row, due: int) -> _Transition:
    """An embargo ends a minute early."""
    return due - _MINUTE, Status.ACTIVE


@_snooze
def snooze_ends_a_minute_early(_row: Row, due: int) -> _Transition:
    """A snooze ends a minute early."""
    return due - _MINUTE, Status.ACTIVE


@_snooze
def snooze_counts_from_creation(row: Row, due: int) -> _Transition:
    """A snooze lasts as long as it should, but from the creation of the card."""
    return due + row.created - row.updated, Status.ACTIVE


@_expiry
def expiry_a_minute_early(_row: Row, due: int) -> _Transition:
    """Active cards expire a minute early."""
    return due - _MINUTE, Status.EXPIRED


@_expiry
def expiry_counts_from_publication(row: Row, due: int) -> _Transition:
    """The time to expiry of a card with an embargo begins when the embargo ends."""
    embargo = 0 if row.embargo_until is None else max(row.embargo_until - row.created, 0)
    return due + embargo, Status.EXPIRED


@_snooze
def snooze_never_ends(_row: Row, _due: int) -> None:
    """A snooze never ends."""


@_snooze
def snooze_ends_dismissed(_row: Row, due: int) -> _Transition:
    """A card whose snooze ends is dismissed instead of active."""
    return due, Status.DISMISSED


@FAULTS.replacing("next_transition")
def expiry_never_happens(original: Original[_Transition], row: Row) -> _Transition:
    """Cards never expire."""
    return original(row._replace(expires_at=None))


@_expiry
def expiry_late(_row: Row, due: int) -> _Transition:
    """Active cards expire an hour late."""
    return due + _HOUR, Status.EXPIRED


@_expiry
def expiry_cancels(_row: Row, due: int) -> _Transition:
    """An active card that expires is cancelled instead of expired."""
    return due, Status.CANCELLED


@FAULTS.replacing("next_transition")
def expired_comes_back(original: Original[_Transition], row: Row) -> _Transition:
    """An expired card becomes active again a second later."""
    expired_itself = row.expires_at is not None and row.updated >= row.expires_at
    if expired_itself and row.status == Status.EXPIRED:
        return row.updated + _SECOND, Status.ACTIVE
    if expired_itself and row.status == Status.ACTIVE:
        return None
    return original(row)


def _closed_by_timer(state: Status, original: Original[_Transition], row: Row) -> _Transition:
    """A closed card expires, or is published, as if it were still open."""
    if row.status != state:
        return original(row)
    if row.embargo_until is not None and row.updated < row.embargo_until:
        return row.embargo_until, Status.ACTIVE
    if row.expires_at is not None and row.updated < row.expires_at:
        return row.expires_at, Status.EXPIRED
    return None


def _keeping_timers(
    original: Original[None],
    rows: Sequence[Row],
    after: str,
    now: int,
    completions: Sequence[str | None],
) -> None:
    """Keeps the timers of a closed card running."""
    original(rows, after, now, completions)
    original.owner.reschedule(row._replace(status=after, updated=now) for row in rows)


FAULTS.add(
    "completed-card-expires",
    "A completed card expires at its expiry time.",
    {
        "next_transition": partial(_closed_by_timer, Status.COMPLETED),
        "store.change": _keeping_timers,
    },
)
FAULTS.add(
    "cancelled-card-is-published",
    "A card that was cancelled under embargo becomes active when the embargo ends.",
    {
        "next_transition": partial(_closed_by_timer, Status.CANCELLED),
        "store.change": _keeping_timers,
    },
)
