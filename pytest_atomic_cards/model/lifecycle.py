"""The lifecycle of a card: seven states, three actions, one table.

The sandbox, the oracle of the contract suite and the documentation table all read from here what an
action does to a card.

Source: Cards API page › Card actions; Card lifecycle model.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from pytest_atomic_cards.support.pasteable import ShownAsCode

if TYPE_CHECKING:
    from collections.abc import Mapping


class Level(StrEnum):
    """How certain a requirement is."""

    DOCUMENTED = "documented"
    """A page of the vendor states it. A violation fails a run."""
    INFERRED = "inferred"
    """Concluded from pages or public clients. A violation is reported, and fails in strict runs."""


class Status(ShownAsCode, StrEnum):
    """The state of a card, as the word that the API uses for it.

    ``active`` and ``cancelled`` appear literally in the documentation; the use of the other five
    words as API values is inferred from the descriptions of analytics events.
    """

    ACTIVE = "active"
    EMBARGOED = "embargoed"
    SNOOZED = "snoozed"
    DISMISSED = "dismissed"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"

    @property
    def is_open(self) -> bool:
        """Whether a card in this state can still change. Closed states are final."""
        return self in OPEN

    @property
    def is_closed(self) -> bool:
        """Whether this state is final."""
        return self not in OPEN


OPEN: Final = frozenset({Status.ACTIVE, Status.EMBARGOED, Status.SNOOZED})
CLOSED: Final = frozenset(Status) - OPEN


class Action(ShownAsCode, StrEnum):
    """What the Cards API can do to a card; the value is the last segment of the path."""

    DISMISS = "dismiss"
    COMPLETE = "complete"
    CANCEL = "cancel"

    @property
    def outcome(self) -> Status:
        """The state of a card after this action succeeded."""
        return _OUTCOMES[self]


_OUTCOMES: Final[Mapping[Action, Status]] = MappingProxyType(
    {
        Action.DISMISS: Status.DISMISSED,
        Action.COMPLETE: Status.COMPLETED,
        Action.CANCEL: Status.CANCELLED,
    }
)


@dataclass(frozen=True, slots=True)
class Transition:
    """What an action does to a card in one state.

    ``after`` is the state afterwards, which equals the state before if the action is not allowed.
    *How* a target refuses (with an error, or by leaving the card out) is not documented.
    """

    before: Status
    action: Action
    after: Status
    level: Level

    @property
    def name(self) -> str:
        """The name of the transition, such as ``active-dismiss``."""
        return f"{self.before}-{self.action}"

    @property
    def allowed(self) -> bool:
        """Whether the action changes the card."""
        return self.after is not self.before


_D, _I = Level.DOCUMENTED, Level.INFERRED
_TABLE: Final = (
    # state             dismiss                complete               cancel
    (Status.ACTIVE, (Status.DISMISSED, _D), (Status.COMPLETED, _D), (Status.CANCELLED, _D)),
    (Status.SNOOZED, (Status.DISMISSED, _D), (Status.COMPLETED, _D), (Status.CANCELLED, _I)),
    (Status.EMBARGOED, (Status.EMBARGOED, _D), (Status.EMBARGOED, _D), (Status.CANCELLED, _I)),
    (Status.DISMISSED, (Status.DISMISSED, _D), (Status.DISMISSED, _D), (Status.DISMISSED, _D)),
    (Status.COMPLETED, (Status.COMPLETED, _D), (Status.COMPLETED, _D), (Status.COMPLETED, _D)),
    (Status.CANCELLED, (Status.CANCELLED, _D), (Status.CANCELLED, _D), (Status.CANCELLED, _D)),
    (Status.EXPIRED, (Status.EXPIRED, _D), (Status.EXPIRED, _D), (Status.EXPIRED, _D)),
)

TRANSITIONS: Final[Mapping[tuple[Status, Action], Transition]] = MappingProxyType(
    {
        (before, action): Transition(before, action, after, level)
        for before, *cells in _TABLE
        for action, (after, level) in zip(Action, cells, strict=True)
    }
)
"""Every state × action, with its outcome and how certain that is."""
FORBIDDEN: Final = tuple(cell for cell in TRANSITIONS.values() if not cell.allowed)
"""The transitions that do not change the card."""


@dataclass(frozen=True, slots=True)
class TimedExit:
    """A transition that the platform makes automatically when a time is reached."""

    before: Status
    trigger: str
    after: Status


TIMED_EXITS: Final = (
    TimedExit(Status.EMBARGOED, "embargo ends", Status.ACTIVE),
    TimedExit(Status.SNOOZED, "snooze ends", Status.ACTIVE),
    TimedExit(Status.ACTIVE, "card expires", Status.EXPIRED),
)
"""Documented system transitions. Expiry of an embargoed or snoozed card is an open question."""
