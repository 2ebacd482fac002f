"""Faults of the lifecycle: what an action does to a card in each state."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from pytest_atomic_cards.model.lifecycle import FORBIDDEN, TRANSITIONS, Action, Level, Status
from pytest_atomic_cards.model.query import Attribute
from pytest_atomic_cards.sandbox.faults.fault import Fault, Faults, Original
from pytest_atomic_cards.sandbox.faults.narrow_fault import narrowed
from pytest_atomic_cards.sandbox.page_reader import Selection

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_atomic_cards.sandbox.card_record import Row

FAULTS: Final = Faults("state")


def _allowed(
    status: Status, wanted: Action, original: Original[tuple[str, ...]], action: Action
) -> tuple[str, ...]:
    known = original(action)
    return (*known, status.value) if action is wanted and status not in known else known


def _outcome(
    cell: tuple[Status, Action],
    after: Status,
    original: Original[Status],
    before: Status,
    action: Action,
) -> Status:
    """Replaces one cell of the table of what each action does in each state."""
    return after if (before, action) == cell else original(before, action)


for _cell in FORBIDDEN:
    _status, _action = _cell.before, _cell.action
    _is_again = _status is _action.outcome
    FAULTS.add(
        f"{_action}-{_status}",
        f"A card that is already {_status} can be {_status} again."
        if _is_again
        else f"A card that is {_status} can be {_action.outcome}.",
        {
            "actionable": partial(_allowed, _status, _action),
            "outcome": partial(_outcome, (_status, _action), _action.outcome),
        },
    )
for (_status, _action), _transition in TRANSITIONS.items():
    if _transition.allowed and _transition.level is Level.DOCUMENTED:
        FAULTS.add(
            f"{_action}-{_status}-refused",
            f"A card that is {_status} cannot be {_action.outcome}.",
            {"outcome": partial(_outcome, (_status, _action), _status)},
        )


def _ends_as(
    outcome: Status, wanted: Action, original: Original[Status], before: Status, action: Action
) -> Status:
    after = original(before, action)
    return outcome if action is wanted and after is not before else after


for _action, _status in (
    (Action.DISMISS, Status.COMPLETED),
    (Action.DISMISS, Status.CANCELLED),
    (Action.COMPLETE, Status.DISMISSED),
    (Action.COMPLETE, Status.EXPIRED),
    (Action.CANCEL, Status.DISMISSED),
    (Action.CANCEL, Status.EXPIRED),
):
    FAULTS.add(
        f"{_action}-ends-{_status}",
        f"A successful {_action} leaves the card {_status}.",
        {"outcome": partial(_ends_as, _status, _action)},
    )


def _by_lifecycle(action: Action, outcome: Status) -> Fault:
    """A fault of the page's own example, so that few other requirements break."""
    cell = (Status.ACTIVE, action)
    broad = Fault("", "state", "", {"outcome": partial(_outcome, cell, outcome)})
    narrow = narrowed(broad, {"by": Attribute.LIFECYCLE_ID})
    text = f"A {action} by lifecycleId alone leaves an active card {outcome}."
    return replace(narrow, name=f"{action}-by-lifecycle-ends-{outcome}", description=text)


FAULTS.append(_by_lifecycle(Action.DISMISS, Status.COMPLETED))
FAULTS.append(_by_lifecycle(Action.COMPLETE, Status.DISMISSED))
FAULTS.append(_by_lifecycle(Action.CANCEL, Status.DISMISSED))


def _unchanged(
    wanted: Action,
    original: Original[None],
    rows: list[Row],
    action: Action,
    *rest: Any,  # noqa: ANN401
) -> None:
    if action is not wanted:
        original(rows, action, *rest)


for _action in Action:
    FAULTS.add(
        f"{_action}-without-effect",
        f"{_action} reports success but changes nothing.".capitalize(),
        {"cards.change": partial(_unchanged, _action)},
    )


@FAULTS.replacing("cards.change")
def snoozed_without_effect(original: Original[None], rows: list[Row], *rest: Any) -> None:  # noqa: ANN401
    """Actions on a snoozed card report success but leave it snoozed."""
    original([row for row in rows if row.status == Status.ACTIVE], *rest)


@FAULTS.replacing("store.change")
def acts_on_siblings(
    original: Original[None],
    rows: Sequence[Row],
    after: str,
    now: int,
    completions: Sequence[str | None],
) -> None:
    """An action also changes the customer's other active cards without reporting them."""
    seqs = {row.seq for row in rows}
    siblings: list[Row] = []
    for environment, user in {(row.environment, row.user_id) for row in rows}:
        selection = Selection(environment, {"user_id": (user,)}, (Status.ACTIVE.value,))
        found = original.owner.page(selection, order="oldest-first", limit=1_000)
        siblings += [row for row in found if row.seq not in seqs]
    original([*rows, *siblings], after, now, [*completions, *[None] * len(siblings)])
