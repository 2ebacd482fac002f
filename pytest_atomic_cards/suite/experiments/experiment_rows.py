"""The rows of the experiments: which requests are sent, and which cards they meet, as data.

A row is a point of the space in :mod:`pytest_atomic_cards.model.request_space`. Every pair of
values stands in some row, and every triple of operation, attributes and ``multiple``, as the
documentation speaks of these three together: "the same query attributes are used to action one or
more cards".

Source: Cards API page › Query attributes, Card actions, Actioning multiple cards at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle, islice, product
from typing import Final

from pytest_atomic_cards.model.documented import DEFAULT_CANCEL, DEFAULT_PAGE, LARGEST_LIMIT
from pytest_atomic_cards.model.lifecycle import CLOSED, Action, Status
from pytest_atomic_cards.model.query import Attribute
from pytest_atomic_cards.model.request_space import (
    ABSENT,
    DIMENSIONS,
    EVERY_ATTRIBUTE,
    MIXED,
    NO_ATTRIBUTE,
    OTHER,
    Point,
)
from pytest_atomic_cards.suite.experiments.covering_array import (
    PAIRS,
    Forbidden,
    Values,
    covering_array,
    holds,
)

Parameters = tuple[tuple[str, str], ...]

MULTIPLE: Final[Mapping[str, Parameters]] = {
    ABSENT: (),
    "1": (("multiple", "1"),),
    "0": (("multiple", "0"),),
    "false": (("multiple", "false"),),
    "true": (("multiple", "true"),),
    "empty": (("multiple", ""),),
    "junk": (("multiple", "no-such-word"),),
    "twice": (("multiple", "1"), ("multiple", "1")),
}
"""The spellings of ``multiple``. Only its absence and ``1`` are documented; ``0`` and ``false`` are
not ``1`` to anybody, and what the others mean is an open question."""

SOME: Final = 2
"""Cards: the value of ``limit`` for *some*, below the number of cards in a row with *many*."""
ODD_LIMIT: Final = "5000"
"""A limit above the largest documented one: it may be refused, or count as 1000."""
LIMITS: Final[Mapping[str, Parameters]] = {
    ABSENT: (),
    "1": (("limit", "1"),),
    "some": (("limit", str(SOME)),),
    str(LARGEST_LIMIT): (("limit", str(LARGEST_LIMIT)),),
    OTHER: (("limit", ODD_LIMIT),),
}
ABOVE_DEFAULT: Final = DEFAULT_CANCEL + DEFAULT_PAGE
"""Cards: the value of ``limit`` for *some* in an action on more than a cancel closes by default."""
BODIES: Final[Mapping[str, bytes]] = {
    "none": b"",
    "empty": b"{}",
    "object": b'{"quantity": 2, "size": "large"}',
    OTHER: b"[1]",
}
"""The body of a complete; the object is that of the documentation's example."""

MATCHES: Final[Mapping[str, int]] = {"0": 0, "1": 1, "2": 2, "many": 3}
"""How many cards of one state have all values; of mixed states there is one of each, or two cards
of which one is closed."""

BOTH_OPEN: Final = "both-open"
"""The state of two cards that dismiss and complete change, though they are in different ones."""

SETS: Final = DIMENSIONS["by"]
WHOLE_ENVIRONMENT: Final = (NO_ATTRIBUTE, Attribute.STATUS.value)
"""The sets that select cards of anybody: no attribute, and a status alone."""
NEARLY_ALL: Final = "lifecycleId+cardTemplateId+flowInstanceId+flowInvocationId+userId+status"
"""All attributes but the name of an event, which cards of a flow may lack."""
NAMES_STATUS: Final = tuple(
    value for value in SETS if value == EVERY_ATTRIBUTE or Attribute.STATUS in value
)

ACTION_SPACE: Final[Values] = {
    "operation": tuple(Action),
    "by": SETS,
    "matches": tuple(MATCHES),
    "state": DIMENSIONS["state"],
    "multiple": tuple(MULTIPLE),
    "limit": tuple(LIMITS),
    "body": tuple(BODIES),
}
FORBIDDEN: Final[tuple[Forbidden, ...]] = (
    {"operation": (Action.DISMISS, Action.CANCEL), "body": ("empty", "object", OTHER)},  # not shown
    # A single card is in one state; if none matches, the others are active.
    {"matches": ("1",), "state": (MIXED,)},
    {"matches": ("0",), "state": tuple(set(DIMENSIONS["state"]) - {"active"})},
    {"by": NAMES_STATUS, "state": (MIXED,)},  # it matches cards of one state
    # These match all cards of an environment, which is opened for each: few rows do.
    {"by": WHOLE_ENVIRONMENT, "matches": ("0",)},
    {"by": (Attribute.STATUS.value,), "matches": ("1",)},
    {"by": WHOLE_ENVIRONMENT, "multiple": ("true", "empty", "junk", "twice")},
    {"by": WHOLE_ENVIRONMENT, "limit": ("1", OTHER)},
    {"by": (NO_ATTRIBUTE,), "state": ("snoozed", "embargoed")},
    {"by": (NO_ATTRIBUTE,), "state": tuple(sorted(CLOSED)), "matches": ("2", "many")},
    {"by": (NO_ATTRIBUTE,), "state": ("active",), "matches": ("1",)},
)

PLAIN: Final[Point] = {
    "matches": "1",
    "state": "active",
    "multiple": ABSENT,
    "limit": ABSENT,
    "body": "none",
}
"""An action on one active card, with nothing but its attributes."""
EXAMPLES: Final[tuple[Point, ...]] = (
    {**PLAIN, "operation": Action.DISMISS, "by": Attribute.LIFECYCLE_ID},
    {
        **PLAIN,
        "operation": Action.CANCEL,
        "by": Attribute.CARD_TEMPLATE_ID,
        "matches": "many",
        "multiple": "1",
    },
    {**PLAIN, "operation": Action.COMPLETE, "by": Attribute.LIFECYCLE_ID, "body": "object"},
)
"""The page's own examples of actions, as they stand."""

_PAIRS_BY_STATE: Final[tuple[Point, ...]] = tuple(
    {"by": "userId+status", "matches": "2", "state": state.value}
    for state in (Status.SNOOZED, Status.DISMISSED)
)
"""Two cards to list by a word that the page names, and by one that it does not."""

ONE_ACTIVE: Final[Point] = {"matches": "1", "state": "active"}
TWO_ACTIVE: Final[Point] = {"matches": "2", "state": "active"}
_LARGEST: Final[tuple[Point, ...]] = tuple(
    {**PLAIN, "operation": Action.CANCEL, "by": Attribute.USER_ID}
    | {"matches": matches, "multiple": multiple, "limit": str(LARGEST_LIMIT)}
    for matches, multiple in (("1", ABSENT), ("2", "1"))
)
"""Cancels with the largest limit, which a target must accept for one card and for few as well."""
DECISIVE: Final = (ABSENT, "1", "0", "false")
"""The spellings of ``multiple`` that are tried with every operation and set of attributes."""


@dataclass(frozen=True)
class Reach:
    """The part of the space that a target can be tried in.

    Args:
        sets: The sets of attributes.
        states: The states of cards.
        forbidden: Combinations that cannot be tried, besides those that nowhere can.
        strength: Of how many dimensions every combination is tried.
        named: Dimensions of which every combination of values is tried.
        narrowed: Sets that each action is tried with on an active card that lacks one of the
            values, which it must leave alone.
        joined: Those of them that each action is also tried with on a card that has all values.
        found: Those of them that one action is.
    """

    sets: tuple[str, ...] = SETS
    states: tuple[str, ...] = tuple(ACTION_SPACE["state"])
    forbidden: tuple[Forbidden, ...] = ()
    strength: int = PAIRS
    narrowed: tuple[str, ...] = ()
    joined: tuple[str, ...] = ()
    found: tuple[str, ...] = ()
    named: tuple[tuple[str, ...], ...] = ()

    @property
    def space(self) -> Values:
        """The values of each dimension of an action."""
        return {**ACTION_SPACE, "by": self.sets, "state": self.states}

    @property
    def impossible(self) -> tuple[Forbidden, ...]:
        """All combinations that cannot be tried."""
        return (*FORBIDDEN, *self.forbidden)

    def excludes(self, row: Point) -> bool:
        """Whether a row cannot be tried."""
        return any(holds(row, combination) for combination in self.impossible)


EVERYWHERE: Final = Reach(
    narrowed=(NEARLY_ALL,), joined=(NEARLY_ALL,), named=(("operation", "by", "state"),)
)
"""All of it, as on a sandbox."""


def action_limit(row: Point) -> int | None:
    """The limit that the action of a row gives; ``None`` without one."""
    is_above = row["limit"] == "some" and row["matches"] == "over-limit"
    return ABOVE_DEFAULT if is_above else next((int(one) for _, one in LIMITS[row["limit"]]), None)


def action_rows(reach: Reach = EVERYWHERE) -> list[Point]:
    """The rows of the actions."""
    singular = (*EXAMPLES, *_LARGEST, *(_PAIRS_BY_STATE if reach.named else ()))
    first = [row for row in singular if row["by"] in reach.sets]
    first += [*_decisive(reach), *_narrowed(reach)]
    first += [*_alone(reach.sets, reach.states)] if reach.named else []
    return covering_array(
        reach.space,
        reach.impossible,
        first=first,
        named=reach.named,
        strength=reach.strength,
    )


def _narrowed(reach: Reach) -> Iterator[Point]:
    """Each action by each set on a card that lacks a value, and some of them on a card with all.

    Each third row gives ``multiple``: a target may compare fewer values then.
    """
    for place, (action, by) in enumerate(product(Action, reach.narrowed)):
        row = {**PLAIN, "operation": action.value, "by": by}
        yield {**row, "matches": "0", "multiple": ABSENT if place % len(Action) else "1"}
        if by in reach.joined or (place % len(Action) == 1 and by in reach.found):
            yield row


def _decisive(reach: Reach) -> Iterator[Point]:
    """Each operation by each set: with each decisive spelling on several cards, and on one."""
    sets, states = reach.sets, reach.states
    for action, by in product(Action, sets):
        row = {"operation": action.value, "by": by, "limit": ABSENT}
        for multiple in DECISIVE:
            mixed = multiple == "1" and MIXED in states and by not in NAMES_STATUS
            cards = {"matches": "many", "state": MIXED} if mixed else TWO_ACTIVE
            yield {**row, **cards, "multiple": multiple}
        for body in ("none", "object") if action is Action.COMPLETE else ("none",):
            if by not in WHOLE_ENVIRONMENT:
                yield {**row, **ONE_ACTIVE, "multiple": ABSENT, "body": body}
    narrow = [name for name in sets if name not in WHOLE_ENVIRONMENT] or sets
    turn = cycle(narrow)
    for action, state in product(Action, (one for one in states if one != MIXED)):
        row = {"operation": action.value, "matches": "1", "state": state, "limit": ABSENT}
        for multiple, body in ((ABSENT, "none"), ("1", "none")):
            rows = ({**row, "by": next(turn), "multiple": multiple, "body": body} for _ in narrow)
            yield from islice((one for one in rows if not reach.excludes(one)), 1)


def _alone(sets: Sequence[str], states: Sequence[str]) -> Iterator[Point]:
    """Each operation by each set on the cards of each state, in the plainest way to change them.

    With a junk ``multiple`` on several cards a target that is wrong about their state refuses them.
    """
    for action, by, state in product(Action, sets, states):
        if state == MIXED or by == NO_ATTRIBUTE:
            continue
        row = {**PLAIN, "operation": action.value, "by": by, "state": state}
        yield {**row, "matches": "2", "multiple": "1"}
        if state != Status.ACTIVE and by not in WHOLE_ENVIRONMENT:
            yield row
    closed = [state for state in states if state in CLOSED] if NO_ATTRIBUTE in sets else ()
    for action, state, multiple in product(Action, closed, (ABSENT, "0", "1")):
        row = {**PLAIN, "operation": action.value, "by": NO_ATTRIBUTE, "state": state}
        yield {**row, "multiple": multiple}
    plain = [by for by in sets if by not in WHOLE_ENVIRONMENT]
    for by in sets:
        yield from _beyond_pairs(by)
    for action, by in product(Action, [by for by in plain if by not in NAMES_STATUS][:1]):
        row = {**PLAIN, "operation": action.value, "by": by}
        yield {**row, "matches": "2", "state": MIXED, "multiple": "1"}  # of two cards one is open
        many = {"matches": "many", "state": Status.SNOOZED.value, "multiple": "1", "limit": "some"}
        yield {**row, **many}


def _beyond_pairs(by: str) -> Iterator[Point]:
    """What pairs leave out by each set: limits, payloads, ``multiple=1`` on one card, refusals."""
    row = {**PLAIN, "by": by}
    cancel = {**row, "operation": Action.CANCEL.value, "matches": "many", "multiple": "1"}
    yield {**cancel, "limit": "some"}
    if by in WHOLE_ENVIRONMENT:
        yield {**cancel, "limit": str(LARGEST_LIMIT)}
        return
    yield from ({**cancel, "limit": "1", "matches": matches} for matches in ("2", "many"))
    yield from ({**row, "operation": action.value, "multiple": "1"} for action in Action)
    complete = {**row, "operation": Action.COMPLETE.value, "body": "object", "multiple": "1"}
    if by not in NAMES_STATUS:
        for action, multiple in product((Action.DISMISS, Action.COMPLETE), (ABSENT, "1")):
            both = {"matches": "2", "state": BOTH_OPEN, "multiple": multiple}
            yield {**row, "operation": action.value, **both}
    yield {**complete, "matches": "2", "state": Status.SNOOZED.value}
    yield {**complete, "matches": "many", "state": "active" if by in NAMES_STATUS else MIXED}
    for state, multiple in product((Status.SNOOZED.value, MIXED), (ABSENT, "0")):
        if state != MIXED or by not in NAMES_STATUS:
            several = {"matches": "many", "state": state, "multiple": multiple}
            yield {**row, "operation": Action.DISMISS.value, **several}
