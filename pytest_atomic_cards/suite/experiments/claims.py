"""Claims: over which part of the space each requirement speaks, and which experiments judge it.

A requirement quantifies *over* some dimensions: "any combination of attributes" is all of ``by``.
It is *about* the requests of some part of the space: a rule of dismiss is about dismiss. What of
the rest no experiment covers must have a reason.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from pytest_atomic_cards.model.documented import LARGEST_LIMIT
from pytest_atomic_cards.model.lifecycle import CLOSED, NAMED, Action, Status
from pytest_atomic_cards.model.query import Attribute
from pytest_atomic_cards.model.request_space import ABSENT, MIXED, OTHER, SETS_WITHOUT_PAIRS, Point
from pytest_atomic_cards.rules.requirements import catalogue
from pytest_atomic_cards.suite.experiments.covering_array import Forbidden, holds
from pytest_atomic_cards.suite.experiments.experiment_rows import NAMES_STATUS, SETS

LIST: Final = ("list",)
ACTIONS: Final = tuple(action.value for action in Action)
OTHER_ACTIONS: Final = (Action.DISMISS.value, Action.CANCEL.value)
SEVERAL: Final = ("2", "many")
LARGE: Final = ("over-page",)
_SINGLE: Final = tuple(name.value for name in Attribute)
_COMBINED: Final = tuple(name for name in SETS if name not in _SINGLE)
_FEW: Final = ("0", "1", *SEVERAL)
_PLAIN_LIMIT: Final = (ABSENT, str(LARGEST_LIMIT))
_CARDS: Final = ("by", "matches", "state")
_PAGED: Final = (*_CARDS, "limit", "offset")
_TOKENS: Final = {
    "AUTH-01": "none",
    "AUTH-02": "garbage",
    "AUTH-05": "expired",
    "AUTH-06": "role",
}


@dataclass(frozen=True, slots=True)
class Claim:
    """The part of the space that a requirement speaks about.

    Args:
        over: The dimensions it quantifies over.
        about: What it is restricted to; the whole space, if left out.
    """

    over: tuple[str, ...]
    about: Forbidden = field(default_factory=dict)

    def concerns(self, point: Point) -> bool:
        """Whether an experiment at a point judges the requirement."""
        return holds(point, self.about)


def _open_to(action: Action) -> tuple[str, ...]:
    """The states in which several cards all match, as far as a page says that they do."""
    return (Status.ACTIVE,) if action is Action.CANCEL else (Status.ACTIVE, Status.SNOOZED, MIXED)


def _single_only(action: Action) -> Forbidden:
    return {
        "operation": (action,),
        "matches": SEVERAL,
        "state": _open_to(action),
        "multiple": (ABSENT, "0", "false"),
        "limit": _PLAIN_LIMIT,
    }


_BODY: Final = {"body": ("none", "empty", "object")}
_DONE: Final[Forbidden] = {
    "limit": (ABSENT,),
    "matches": ("1", *SEVERAL),
    "state": (Status.ACTIVE, Status.SNOOZED, MIXED),
    "multiple": (ABSENT, "1"),
    **_BODY,
}
"""Actions that must change every card they match, so that their results can be foretold."""
_DONE_ONE: Final[Forbidden] = {
    **_DONE,
    "matches": ("1",),
    "state": (Status.ACTIVE, Status.SNOOZED),
    "multiple": (ABSENT,),
}
_DONE_MANY: Final[Forbidden] = {**_DONE, "matches": SEVERAL, "multiple": ("1",)}
_COMPLETE: Final[Forbidden] = {"operation": (Action.COMPLETE,)}
_OTHERS: Final[Forbidden] = {"operation": OTHER_ACTIONS}


def _cells() -> Iterator[tuple[str, Claim]]:
    for rule in catalogue().requirements.values():
        if rule.cells:
            actions = tuple(cell.action.value for cell in rule.cells)
            about = {"operation": actions, "state": (rule.cells[0].before, MIXED)}
            over: tuple[str, ...] = ("operation", "by", "matches", "multiple")
            if all(cell.allowed for cell in rule.cells):
                about |= {"matches": ("1",), "multiple": (ABSENT,)} | dict(_BODY)
                about |= {"state": (rule.cells[0].before,)}
                over = ("by",)
            yield rule.id, Claim(over[1:] if len(actions) == 1 else over, about)


CLAIMS: Final[Mapping[str, Claim]] = MappingProxyType(
    {
        **{
            f"QUERY-0{place}": Claim(
                ("matches", "state"),
                {"operation": LIST, "by": (name,), "matches": ("0", "1", *SEVERAL, *LARGE)},
            )
            for place, name in enumerate(_SINGLE[:-1], start=1)
        },
        "QUERY-07": Claim(
            ("matches",), {"operation": LIST, "by": (Attribute.STATUS,), "state": ("active",)}
        ),
        "QUERY-08": Claim(_CARDS, {"operation": LIST, "by": _COMBINED}),
        "QUERY-16": Claim(_CARDS, {"operation": LIST, "by": _COMBINED}),
        "QUERY-10": Claim(_CARDS, {"operation": LIST, "environment": (OTHER,), "matches": _FEW}),
        "QUERY-14": Claim(
            ("operation", *_CARDS),
            {"operation": ACTIONS, "environment": (OTHER,), "matches": _FEW},
        ),
        "QUERY-13": Claim(("by",), {"operation": LIST, "matches": ("0",)}),
        "QUERY-12": Claim(
            _CARDS, {"operation": LIST, "by": NAMES_STATUS, "state": tuple({*Status} - NAMED)}
        ),
        "QUERY-19": Claim(
            ("by", "matches"), {"operation": LIST, "by": NAMES_STATUS, "state": (Status.SNOOZED,)}
        ),
        "QUERY-11": Claim(
            ("operation", *_CARDS, "multiple", "limit", "body"), {"operation": ACTIONS}
        ),
        "MULTI-01": Claim((*_CARDS, "multiple", "limit"), _single_only(Action.CANCEL)),
        "MULTI-02": Claim((*_CARDS, "multiple", "limit"), _single_only(Action.DISMISS)),
        "MULTI-03": Claim((*_CARDS, "multiple", "limit", "body"), _single_only(Action.COMPLETE)),
        "MULTI-04": Claim(
            ("operation", *_CARDS, "multiple"),
            {
                **_single_only(Action.DISMISS),
                "operation": (Action.DISMISS, Action.COMPLETE),
                "limit": (ABSENT,),
            },
        ),
        "MULTI-05": Claim(
            ("operation", *_CARDS, "multiple"),
            {**_single_only(Action.DISMISS), "operation": ACTIONS, "state": ("active",)},
        ),
        "MULTI-06": Claim(("operation", *_CARDS, "body"), {**_DONE_MANY, "operation": ACTIONS}),
        "MULTI-07": Claim(
            ("operation", "state"),
            {**_DONE_ONE, "multiple": ("1",), "operation": ACTIONS},
        ),
        "MULTI-08": Claim(("operation", "by", "state"), {**_DONE_ONE, "operation": ACTIONS}),
        "STATE-15": Claim(("operation", *_CARDS, "multiple"), {"operation": ACTIONS}),
        **dict(_cells()),
        "STATE-14": Claim(
            ("operation", "by", "state"),
            {"operation": ACTIONS, "state": tuple(map(str, CLOSED)), "matches": ("1", *SEVERAL)},
        ),
        "RESULT-01": Claim(_CARDS, {**_DONE, **_COMPLETE}),
        "RESULT-02": Claim(_CARDS, {**_DONE, **_COMPLETE}),
        "RESULT-03": Claim(("by", "state"), {**_DONE_ONE, **_COMPLETE}),
        "RESULT-04": Claim(("operation", *_CARDS), {**_DONE, **_OTHERS}),
        "RESULT-05": Claim(("operation", *_CARDS), {**_DONE_MANY, "operation": ACTIONS}),
        "RESULT-06": Claim(("operation", *_CARDS), {**_DONE, **_OTHERS}),
        "COMPLETE-01": Claim(("by", "state"), {**_DONE_ONE, **_COMPLETE, "body": ("none",)}),
        "COMPLETE-02": Claim(("by", "state"), {**_DONE_ONE, **_COMPLETE, "body": ("object",)}),
        "LIMIT-04": Claim(
            ("matches", "limit"),
            {
                "operation": (Action.CANCEL,),
                "matches": SEVERAL,
                "state": (Status.ACTIVE, Status.SNOOZED),
                "multiple": ("1",),
                "limit": ("1", "some"),
            },
        ),
        "PAGE-01": Claim(
            ("by",), {"operation": LIST, "matches": LARGE, "limit": (ABSENT,), "offset": (ABSENT,)}
        ),
        "PAGE-02": Claim(
            ("by", "limit"),
            {"operation": LIST, "limit": ("1", "some", str(LARGEST_LIMIT)), "offset": (ABSENT,)},
        ),
        "PAGE-04": Claim(
            ("by", "offset"),
            {"operation": LIST, "limit": (ABSENT,), "offset": ("0", "inside", "page")},
        ),
        "PAGE-05": Claim(
            ("by", "limit", "offset"),
            {
                "operation": LIST,
                "limit": ("1", "some", str(LARGEST_LIMIT)),
                "offset": ("0", "inside", "page"),
            },
        ),
        "PAGE-08": Claim(
            ("by", "limit", "offset"),
            {
                "operation": LIST,
                "limit": (ABSENT, "1", "some", str(LARGEST_LIMIT)),
                "offset": (ABSENT, "0", "inside", "page"),
            },
        ),
        **{f"SHAPE-0{place}": Claim(_PAGED, {"operation": LIST}) for place in range(1, 7)},
        "SHAPE-07": Claim(("by", "matches", "body"), {**_DONE, **_COMPLETE}),
        "SHAPE-09": Claim(("operation", "by")),
        **{
            rule: Claim(
                ("operation", "by"),
                {"token": (token,), "environment": ("own",), "by": SETS_WITHOUT_PAIRS},
            )
            for rule, token in _TOKENS.items()
        },
        "AUTH-10": Claim(("operation", "by"), {"environment": (OTHER,), "by": SETS_WITHOUT_PAIRS}),
        "AUTH-11": Claim(
            ("operation", "by", "token"),
            {"token": ("none", "garbage"), "by": SETS_WITHOUT_PAIRS},
        ),
        "SCHEMA-01": Claim(
            ("operation", *_CARDS),
            {"limit": (ABSENT, "1", "some", str(LARGEST_LIMIT)), "multiple": (ABSENT, "1")},
        ),
        "SCHEMA-05": Claim(("operation", "multiple", "limit", "body"), {"operation": ACTIONS}),
    }
)
"""The claims of the requirements that experiments judge."""

_CROWDED_CANCEL: Final[Forbidden] = {
    "operation": (Action.CANCEL,),
    "matches": ("over-page", "over-limit", "over-largest"),
    "multiple": ("1",),
}
_PAGE_OF_MANY: Final = str(LARGEST_LIMIT)
BESIDES: Final[Mapping[str, Claim]] = MappingProxyType(
    {
        "LIMIT-01": Claim((), {**_CROWDED_CANCEL, "limit": (ABSENT,)}),
        "LIMIT-02": Claim((), {**_CROWDED_CANCEL, "limit": (_PAGE_OF_MANY,)}),
        "PAGE-07": Claim((), {"operation": LIST, "offset": ("inside",)}),
        "SCHEMA-04": Claim((), {**_DONE, "operation": ACTIONS}),
        "SHAPE-10": Claim((), {"operation": LIST}),
        "SHAPE-11": Claim((), {"operation": LIST}),
        "TIME-05": Claim((), {"operation": LIST}),
        "TIME-08": Claim((), {"operation": LIST, "limit": ("1", "some", _PAGE_OF_MANY)}),
    }
)
"""Further requirements that an experiment may break, though experiments cover only a part of what
these speak of. ``updated`` is compared between a page and the whole listing."""

OF_ACCESS: Final = ("AUTH-01", "AUTH-02", "AUTH-05", "AUTH-06", "AUTH-10", "AUTH-11")
"""Those that the access experiments judge."""
