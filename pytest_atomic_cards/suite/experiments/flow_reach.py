"""What experiments try on a target where Action Flows create the cards, as on a live one.

There an action must be pinned to an id of this run, the target chooses most values, and cards cost.
"""

from __future__ import annotations

from typing import Final

from pytest_atomic_cards.client.scope_guard import PINS
from pytest_atomic_cards.model.lifecycle import CLOSED, Status
from pytest_atomic_cards.model.query import Attribute
from pytest_atomic_cards.model.request_space import MIXED, OTHER
from pytest_atomic_cards.suite.experiments.covering_array import Forbidden
from pytest_atomic_cards.suite.experiments.experiment_rows import NEARLY_ALL, SETS, Reach

_STATES: Final = tuple(state.value for state in Status if state is not Status.SNOOZED)
"""No page knows of a request that snoozes a card."""
_QUICK_STATES: Final = (Status.ACTIVE.value, Status.EMBARGOED.value, Status.DISMISSED.value)
"""One of each kind: every action is allowed, some are, none is."""
_SETS: Final = {
    "quick": ("userId",),
    "default": (
        "userId",
        "flowInstanceId",
        "flowInvocationId",
        "userId+status",
    ),
    "thorough": (
        "userId",
        "flowInstanceId",
        "flowInvocationId",
        "eventName+userId",
        "lifecycleId+userId",
        "cardTemplateId+userId",
        "cardTemplateId+flowInvocationId",
        "flowInvocationId+userId",
        "flowInvocationId+status",
        "userId+status",
    ),
}
"""The sets of attributes of each effort: a set costs about thirty cards and a hundred requests."""
_NARROWED: Final = (
    "eventName+userId",
    "lifecycleId+userId",
    "cardTemplateId+userId",
    "flowInstanceId+userId",
    "flowInvocationId+userId",
    "userId+status",
    "lifecycleId+userId+status",
    NEARLY_ALL,
)
"""Each attribute beside a customer, one as the third, and nearly all: an action that ignores it
changes the customer's card, which lacks the value. A set costs one card and four requests."""
_APART: Final = tuple(one for one in SETS if Attribute.FLOW_INVOCATION_ID in one)
"""The sets that name an invocation, so that a row of active cards takes a start of its own."""
_JOINED: Final = ("eventName+userId", "lifecycleId+userId", "cardTemplateId+userId", NEARLY_ALL)
"""Each attribute that may not stand alone, beside a customer, and nearly all, which show an action
that goes wrong with any two: every action has to find the card."""
_FOUND: Final = ("flowInstanceId+userId",)
"""One that one action is to find a card by, as the instance stands so in no other row. A set costs
a card and two requests; with the invocation it would cost a start more."""
_FORBIDDEN: Final[tuple[Forbidden, ...]] = (
    # The scope guard lets no request pass that two servers may read differently.
    {"multiple": ("empty", "twice")},
    # It lets no id pass that is not of this run.
    {"by": tuple(map(str, PINS)), "matches": ("0",)},
    # Cards in every state meet an action together, and no others.
    {"matches": ("2",), "state": (MIXED,)},
    # Each count of closed cards would need listings of its own, to show that they are ours.
    {"state": tuple(CLOSED), "matches": ("0", "2")},
    # A start for each costs more than it shows: all cards of a start are listed by it instead.
    {"by": _APART, "matches": ("1",), "multiple": ("1",)},
    {"by": _APART, "matches": ("1",), "body": ("empty", "object", OTHER)},
    {
        "by": _APART,
        "state": tuple(state.value for state in Status if state is not Status.ACTIVE),
        "matches": ("0", "1", "2"),
    },
    # Of a single card multiple says nothing, and it has to be shown whose the id is in each state.
    {
        "by": ("flowInstanceId", "lifecycleId+userId"),
        "multiple": ("1", "0", "false", "true", "junk"),
    },
    # The target gives their values to one card only, as a rule.
    {
        "by": ("flowInstanceId", "lifecycleId+userId"),
        "matches": ("2", "many"),
    },
)


def reach(effort: str) -> Reach:
    """What part of the space is tried at an effort: as much as its few cards allow."""
    if effort == "quick":
        return Reach(_SETS[effort], _QUICK_STATES, _FORBIDDEN, strength=1)
    return Reach(
        _SETS[effort], _STATES, _FORBIDDEN, narrowed=_NARROWED, joined=_JOINED, found=_FOUND
    )
