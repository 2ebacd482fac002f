"""Faults of limits: how many cards one action changes, and when repeating it is done."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

from pytest_atomic_cards.model.documented import DEFAULT_CANCEL
from pytest_atomic_cards.model.lifecycle import Action
from pytest_atomic_cards.model.query import Attribute
from pytest_atomic_cards.sandbox.faults.fault import Fault, Original, Wrapper
from pytest_atomic_cards.sandbox.query_decisions import UNLIMITED

if TYPE_CHECKING:
    from pytest_atomic_cards.sandbox.card_record import Row
    from pytest_atomic_cards.sandbox.page_reader import Selection
    from pytest_atomic_cards.sandbox.query_decisions import Pairs

_AREA: Final = "limits"


def _default(size: int, original: Original, limit: int | None) -> int:
    return size if limit is None else int(original(limit))


def _adjusted(by: int, original: Original, limit: int | None) -> int:
    return int(original(limit)) + (0 if limit is None else by)


def _unlimited_by_user(original: Original, action: Action, pairs: Pairs) -> Any:  # noqa: ANN401
    by_user = any(name == Attribute.USER_ID for name, _ in pairs)
    return original(action, [pair for pair in pairs if not by_user or pair[0] != "limit"])


def _limited_before_filter(
    original: Original, selection: Selection, *, order: str, limit: int, offset: int = 0
) -> list[Row]:
    first = original(selection._replace(filters={}), order=order, limit=limit, offset=offset)
    return [
        row
        for row in first
        if all(getattr(row, column) in values for column, values in selection.filters.items())
    ]


def _limited_before_state(
    original: Original, selection: Selection, *, order: str, limit: int, offset: int = 0
) -> list[Row]:
    """Like :func:`_limited_before_filter`, for the states of a query without ``status``."""
    allowed = selection.statuses or ()
    if len(allowed) <= 1:
        return list(original(selection, order=order, limit=limit, offset=offset))
    first = original(selection._replace(statuses=None), order=order, limit=limit, offset=offset)
    return [row for row in first if row.status in allowed]


def _one_more_for_ever(
    original: Original,
    environment: int,
    action: Action,
    *rest: Any,  # noqa: ANN401
) -> Any:  # noqa: ANN401
    body = original(environment, action, *rest)
    if action is Action.CANCEL and not body["data"]:
        body["summary"] = original.owner.behaviour.summary(1, 1)
    return body


_SIZES: Final[tuple[tuple[str, str, Wrapper], ...]] = (
    ("cancel-default-100", "Without limit an action changes 100 cards.", partial(_default, 100)),
    ("cancel-default-499", "Without limit an action changes 499 cards.", partial(_default, 499)),
    (
        "cancel-default-1000",
        "Without limit an action changes 1000 cards.",
        partial(_default, 1_000),
    ),
    (
        "cancel-default-unlimited",
        "Without limit an action changes any number of cards.",
        partial(_default, UNLIMITED),
    ),
    (
        "action-limit-ignored",
        "An action ignores limit and changes 500 cards.",
        lambda original, _limit: original(None),
    ),
    (
        "action-limit-capped-at-500",
        "An action changes at most 500 cards, even with limit=1000.",
        lambda original, limit: min(original(limit), DEFAULT_CANCEL),
    ),
    (
        "action-limit-beyond-1000",
        "With a limit above 1000 an action changes more than 1000 cards.",
        lambda original, limit: original(limit) if limit is None else limit,
    ),
    (
        "action-limit-one-more",
        "An action changes one card more than limit.",
        partial(_adjusted, 1),
    ),
    (
        "action-limit-one-less",
        "An action changes one card less than limit.",
        partial(_adjusted, -1),
    ),
)

FAULTS: Final = (
    *(Fault(name, _AREA, text, {"batch_size": wrapper}) for name, text, wrapper in _SIZES),
    Fault(
        "action-limit-before-filter",
        _AREA,
        "An action applies limit before its filters, so it may change fewer cards than match.",
        {"cards.select": _limited_before_filter},
    ),
    Fault(
        "action-limit-before-state",
        _AREA,
        "Without status, matching closed cards count towards the limit of an action.",
        {"cards.select": _limited_before_state},
    ),
    Fault(
        "action-limit-ignored-by-user",
        _AREA,
        "An action by userId ignores limit and changes 500 cards.",
        {"action_window": _unlimited_by_user},
    ),
    Fault(
        "cancel-never-done",
        _AREA,
        "A cancel that matches no card still counts one as updated.",
        {"cards.act": _one_more_for_ever},
    ),
)
