"""Faults of the lifecycle: what an action does to a card in each state."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from pytest_atomic_cards.model.lifecycle import FORBIDDEN, TRANSITIONS, Action, Level, Status
from pytest_atomic_cards.model.query import Attribute
from pytest_atomic_cards.sandbox.faults.fault import Fault, Original, Wrapper
from pytest_atomic_cards.sandbox.faults.narrow_fault import narrowed
from pytest_atomic_cards.sandbox.page_reader import Selection

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_atomic_cards.sandbox.card_record import Row

_AREA: Final = "state"


def _allowed(status: Status, wanted: Action, original: Original, action: Action) -> tuple[str, ...]:
    known: tuple[str, ...] = original(action)
    return (*known, status.value) if action is wanted and status not in known else known


def _moved(
    status: Status, wanted: Action, original: Original, before: Status, action: Action
) -> Status:
    if before is status and action is wanted:
        return action.outcome
    after: Status = original(before, action)
    return after


def _refused(
    status: Status, wanted: Action, original: Original, before: Status, action: Action
) -> Status:
    if before is status and action is wanted:
        return before
    after: Status = original(before, action)
    return after


def _ends_as(
    outcome: Status, wanted: Action, original: Original, before: Status, action: Action
) -> Status:
    after: Status = original(before, action)
    return outcome if action is wanted and after is not before else after


def _ends_active_as(
    outcome: Status, wanted: Action, original: Original, before: Status, action: Action
) -> Status:
    if before is Status.ACTIVE:
        return _ends_as(outcome, wanted, original, before, action)
    after: Status = original(before, action)
    return after


def _by_lifecycle(action: Action, outcome: Status) -> Fault:
    """A fault of the page's own example, so that few other requirements break."""
    broad = Fault("", _AREA, "", {"outcome": partial(_ends_active_as, outcome, action)})
    narrow = narrowed(broad, {"by": Attribute.LIFECYCLE_ID})
    text = f"A {action} by lifecycleId alone leaves an active card {outcome}."
    return replace(narrow, name=f"{action}-by-lifecycle-ends-{outcome}", description=text)


def _unchanged(
    wanted: Action,
    original: Original,
    rows: list[Row],
    action: Action,
    *rest: Any,  # noqa: ANN401
) -> None:
    if action is not wanted:
        original(rows, action, *rest)


def _active_only(
    original: Original, rows: list[Row], action: Action, now: int, completion: str | None
) -> None:
    active = [row for row in rows if row.status == Status.ACTIVE]
    original(active, action, now, completion)


def _with_siblings(
    original: Original, rows: Sequence[Row], after: str, now: int, completions: Sequence[str | None]
) -> None:
    """Also changes the other active cards of the same customers, without reporting them."""
    seqs = {row.seq for row in rows}
    siblings: list[Row] = []
    for environment, user in {(row.environment, row.user_id) for row in rows}:
        selection = Selection(environment, {"user_id": (user,)}, (Status.ACTIVE.value,))
        found = original.owner.page(selection, order="oldest-first", limit=1_000)
        siblings += [row for row in found if row.seq not in seqs]
    original([*rows, *siblings], after, now, [*completions, *[None] * len(siblings)])


def _illegal(status: Status, action: Action) -> Fault:
    if status is action.outcome:
        text = f"A card that is already {status} can be {status} again."
    else:
        text = f"A card that is {status} can be {action.outcome}."
    seams: dict[str, Wrapper] = {
        "actionable": partial(_allowed, status, action),
        "outcome": partial(_moved, status, action),
    }
    return Fault(f"{action}-{status}", _AREA, text, seams)


_OUTCOMES: Final = (
    (Action.DISMISS, Status.COMPLETED),
    (Action.DISMISS, Status.CANCELLED),
    (Action.COMPLETE, Status.DISMISSED),
    (Action.COMPLETE, Status.EXPIRED),
    (Action.CANCEL, Status.DISMISSED),
    (Action.CANCEL, Status.EXPIRED),
)

FAULTS: Final = (
    *(_illegal(cell.before, cell.action) for cell in FORBIDDEN),
    *(
        Fault(
            f"{action}-{status}-refused",
            _AREA,
            f"A card that is {status} cannot be {action.outcome}.",
            {"outcome": partial(_refused, status, action)},
        )
        for (status, action), transition in TRANSITIONS.items()
        if transition.allowed and transition.level is Level.DOCUMENTED
    ),
    *(
        Fault(
            f"{action}-ends-{outcome}",
            _AREA,
            f"A successful {action} leaves the card {outcome}.",
            {"outcome": partial(_ends_as, outcome, action)},
        )
        for action, outcome in _OUTCOMES
    ),
    _by_lifecycle(Action.DISMISS, Status.COMPLETED),
    _by_lifecycle(Action.COMPLETE, Status.DISMISSED),
    _by_lifecycle(Action.CANCEL, Status.DISMISSED),
    *(
        Fault(
            f"{action}-without-effect",
            _AREA,
            f"{action} reports success but changes nothing.".capitalize(),
            {"cards.change": partial(_unchanged, action)},
        )
        for action in Action
    ),
    Fault(
        "snoozed-without-effect",
        _AREA,
        "Actions on a snoozed card report success but leave it snoozed.",
        {"cards.change": _active_only},
    ),
    Fault(
        "acts-on-siblings",
        _AREA,
        "An action also changes the customer's other active cards without reporting them.",
        {"store.change": _with_siblings},
    ),
)
