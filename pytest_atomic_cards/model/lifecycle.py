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

    Only the words in :data:`NAMED` are documented. That the API uses the other five is inferred
    from the descriptions of analytics events, so a target may show other words for those states.
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
NAMED: Final = frozenset({Status.ACTIVE, Status.SNOOZED})
"""The states whose words stand on the page. Source: Cards API page › Actioning multiple cards."""


def may_show(state: Status, word: str | None) -> bool:
    """Whether a listing may show a card in a state with a word, as far as that is documented.

    Args:
        state: The state.
        word: The word; ``None`` if no listing shows the card. No page says that closed or embargoed
            cards are listed.
    """
    if word is None:
        return state.is_closed or state is Status.EMBARGOED
    return word == state or (state not in NAMED and word not in set(Status))


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
