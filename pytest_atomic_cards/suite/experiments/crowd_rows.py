"""The rows of the experiments on more cards than a page.

Source: Cards API page › Pagination, Actioning multiple cards at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import cycle, product
from typing import Final

from pytest_atomic_cards.model.documented import DEFAULT_CANCEL, DEFAULT_PAGE, LARGEST_LIMIT
from pytest_atomic_cards.model.lifecycle import NAMED, TRANSITIONS, Action, Level, Status
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
from pytest_atomic_cards.suite.experiments.action_oracle import is_harmless
from pytest_atomic_cards.suite.experiments.experiment_rows import NAMES_STATUS, PLAIN, SETS
from pytest_atomic_cards.suite.experiments.paging_rows import SKIPPED_BUT

CROWDS: Final[Mapping[str, int]] = {
    "over-page": 120,
    "over-limit": DEFAULT_CANCEL + DEFAULT_PAGE + 1,
    "over-largest": LARGEST_LIMIT + 10,
}
"""How many cards there are: more than a page, than a cancel without ``limit`` closes, and than any
``limit``. The first are few enough to list often; of the second the last one begins a page."""
CROWD_PAGES: Final = (
    {"limit": ABSENT, "offset": ABSENT},
    {"limit": ABSENT, "offset": "page"},
    {"limit": ABSENT, "offset": "end"},
    {"limit": str(LARGEST_LIMIT), "offset": ABSENT},
    {"limit": "some", "offset": "inside"},
    {"limit": ABSENT, "offset": "0"},
)
"""The pages of such a listing; the page's own examples are those with offset=100 and limit=1000."""
_BY_EVERY_SET: Final = CROWD_PAGES[:2]
"""The first two pages, which are listed by every set of attributes in each state."""
_SHORT_PAGES: Final = (
    {"limit": "some", "offset": "0"},
    {"limit": "1", "offset": "inside"},
    {"limit": str(LARGEST_LIMIT), "offset": "0"},
    {"limit": str(LARGEST_LIMIT), "offset": "page"},
    {"limit": ABSENT, "offset": "last"},
    *(
        {"limit": limit, "offset": offset}
        for limit in ("1", "some", str(LARGEST_LIMIT))
        for offset in SKIPPED_BUT
    ),
)
"""Further pages of each crowd, which cost little."""
ACTIVE_CROWD: Final[Point] = {"by": EVERY_ATTRIBUTE, "matches": "over-page", "state": "active"}
"""The crowd that every set of attributes selects, so that listings by all of them share it."""
BYSTANDERS: Final[Mapping[str, int]] = {
    "over-page": DEFAULT_PAGE,
    "over-limit": DEFAULT_CANCEL,
    "over-largest": LARGEST_LIMIT,
}
"""Closed cards that match an action besides others: more than a page, than a cancel without
``limit`` closes, and than any one closes."""


def crowd_rows(sets: Sequence[str] = SETS) -> tuple[Point, ...]:
    """The rows of listings of more cards than a page."""
    cards = {"operation": "list", "matches": "over-page", "state": "active"}
    return tuple({**cards, "by": by, **page} for by, page in product(sets, CROWD_PAGES))


def large_listings() -> Iterator[Point]:
    """The rows of listings of a full page in each other state, and of far more open cards."""
    crowds = [("over-page", state) for state in DIMENSIONS["state"] if state != Status.ACTIVE]
    crowds += [(matches, Status.ACTIVE) for matches in CROWDS if matches != "over-page"]
    crowds += [("over-limit", Status.SNOOZED)]
    turn = cycle([by for by in SETS if by != Attribute.STATUS and "+" not in by][:-1])
    for matches, state in crowds:
        cards = {"operation": "list", "matches": matches, "state": state}
        for page in CROWD_PAGES:
            if matches == "over-page" and page in _BY_EVERY_SET:
                yield from ({**cards, **page, "by": by} for by in SETS)
                continue
            yield {**cards, **page, "by": next(turn)}
            if state not in {Status.ACTIVE, MIXED} and page["offset"] != ABSENT:
                yield {**cards, **page, "by": f"{Attribute.USER_ID}+{Attribute.STATUS}"}
        by = OTHER if state == MIXED else EVERY_ATTRIBUTE
        yield from ({**cards, **page, "by": by} for page in _SHORT_PAGES)


def crowd_refusals(sets: Sequence[str] = SETS) -> Iterator[Point]:
    """The rows of actions on more cards than a page that lack ``multiple=1``: to be refused."""
    for action, by in product(Action, sets):
        yield {**PLAIN, "operation": action.value, "by": by, "matches": "over-page"}
    for action, (by, multiple) in zip(cycle(Action), product(sets, ("0", "false")), strict=False):
        row = {**PLAIN, "operation": action.value, "by": by, "matches": "over-page"}
        yield {**row, "multiple": multiple}


def crowd_actions() -> Iterator[Point]:
    """The rows of actions on more cards than a page."""
    cards = {**PLAIN, "by": Attribute.USER_ID, "matches": "over-page", "multiple": "1"}
    for action, state in product(Action, sorted(NAMED)):
        if TRANSITIONS[state, action].level is Level.DOCUMENTED:
            with_body = action is Action.COMPLETE and state is Status.SNOOZED
            body = "object" if with_body else "none"
            row = {**cards, "operation": action.value, "state": state.value, "body": body}
            yield row
            yield {**row, "by": EVERY_ATTRIBUTE}
    cancel = {**cards, "operation": Action.CANCEL.value}
    yield {**cancel, "matches": "over-limit", "state": MIXED}
    yield {**cancel, "matches": "over-limit", "state": Status.SNOOZED.value}
    yield {**cancel, "matches": "over-limit", "state": "active", "limit": "some"}
    for matches in ("over-limit", "over-largest"):
        yield {**cancel, "matches": matches, "state": "active", "limit": str(LARGEST_LIMIT)}


def harmless_actions(matches: str, state: str) -> Iterator[Point]:
    """The rows of actions that change nothing on more cards than a page, whatever their state."""
    states = [*Status, Status.ACTIVE] if state == MIXED else [Status(state)] * 2
    # Without a status some crowds match together with cards that have left their state.
    turn = cycle([by for by in SETS if (by in NAMES_STATUS) is (state != MIXED)])
    for action, multiple in product(Action, (ABSENT, "0", "false", "1")):
        row = {**PLAIN, "operation": action.value, "matches": matches, "state": state}
        if is_harmless({**row, "multiple": multiple}, states):
            yield {**row, "by": next(turn), "multiple": multiple}


def bystander_actions() -> Iterator[Point]:
    """The rows of actions on cards in every state, if so many closed ones match as well."""
    cards = {**PLAIN, "state": MIXED}
    for matches, action, by in product(BYSTANDERS, Action, (OTHER, Attribute.EVENT_NAME)):
        row = {**cards, "by": by, "matches": matches, "operation": action.value}
        for multiple in (ABSENT, "0", "1"):
            yield {**row, "multiple": multiple}
        if action is Action.CANCEL:
            yield {**row, "multiple": "1", "limit": "1"}
    sets = [by for by in SETS if by not in {*NAMES_STATUS, NO_ATTRIBUTE, Attribute.EVENT_NAME}]
    for action, by in product(Action, sets):  # of the fewest, by every set that closed ones have
        row = {**cards, "by": by, "matches": "over-page", "operation": action.value}
        yield {**row, "multiple": "1"}
