"""Faults of filters: which attributes of a query count."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from pytest_atomic_cards.model.lifecycle import Status
from pytest_atomic_cards.model.query import Attribute
from pytest_atomic_cards.sandbox.faults.fault import Fault, Original, Wrapper
from pytest_atomic_cards.sandbox.query_decisions import UNLIMITED

if TYPE_CHECKING:
    from pytest_atomic_cards.sandbox.card_record import Row
    from pytest_atomic_cards.sandbox.page_reader import Selection
    from pytest_atomic_cards.sandbox.query_decisions import Filters

_AREA: Final = "query"
_MANY: Final = 3
"""Attributes: the fewest that a suite of single attributes and pairs never sends together."""


def _without(attribute: str, original: Original, pairs: Any) -> Filters:  # noqa: ANN401
    return {name: values for name, values in original(pairs).items() if name != attribute}


def _status_without_user(original: Original, pairs: Any) -> Filters:  # noqa: ANN401
    filters: Filters = original(pairs)
    if Attribute.USER_ID in filters:
        filters.pop(Attribute.STATUS, None)
    return filters


def _none_in(state: Status, original: Original, pairs: Any) -> Filters:  # noqa: ANN401
    filters: Filters = original(pairs)
    if Attribute.STATUS in filters:
        words = filters[Attribute.STATUS]
        filters[Attribute.STATUS] = tuple(word for word in words if word != state) or ("",)
    return filters


def _first_two(original: Original, pairs: Any) -> Filters:  # noqa: ANN401
    filters = original(pairs)
    return dict(list(filters.items())[: _MANY - 1])


def _last_only(original: Original, pairs: Any) -> Filters:  # noqa: ANN401
    filters = original(pairs)
    return dict(list(filters.items())[-1:])


def _user_among_many(original: Original, pairs: Any) -> Filters:  # noqa: ANN401
    filters: Filters = original(pairs)
    if len(filters) > _MANY + 2:
        filters.pop(Attribute.USER_ID, None)
    return filters


def _impossible(original: Original, pairs: Any) -> Filters:  # noqa: ANN401
    filters: Filters = original(pairs)
    return {**filters, Attribute.USER_ID: ()} if filters else filters


def _first_found(
    attribute: Attribute,
    original: Original,
    selection: Selection,
    *,
    offset: int = 0,
    **window: Any,  # noqa: ANN401
) -> list[Row]:
    """Finds the first card with a value, as a look-up in an index that expects only one."""
    rows: list[Row] = original(selection, offset=offset, **window)
    return rows[: max(1 - offset, 0)] if selection.filters.keys() == {attribute.field} else rows


def _next_too(
    original: Original, selection: Selection, *, order: str, limit: int, offset: int = 0
) -> list[Row]:
    """Ends one card too late, as a range in an index that is read by invocation."""
    if selection.statuses or selection.filters.keys() != {Attribute.FLOW_INVOCATION_ID.field}:
        rows: list[Row] = original(selection, order=order, limit=limit, offset=offset)
        return rows
    own = original(selection, order=order, limit=UNLIMITED)
    others = original(selection._replace(filters={}), order=order, limit=UNLIMITED)
    last = max((row.seq for row in own), default=None)
    return [*own, *(row for row in others if row.seq - 1 == last)][offset : offset + limit]


def matching(accepts: Callable[[Row, Selection], bool]) -> Wrapper:
    """Selects the cards of the environment that a predicate accepts."""

    def find(
        original: Original, selection: Selection, *, order: str, limit: int, offset: int = 0
    ) -> list[Row]:
        everything = selection._replace(filters={}, statuses=None)
        rows = original(everything, order=order, limit=UNLIMITED)
        return [row for row in rows if accepts(row, selection)][offset : offset + limit]

    return find


def _any_attribute(row: Row, selection: Selection) -> bool:
    found = [getattr(row, column) in values for column, values in selection.filters.items()]
    if selection.statuses is not None:
        found.append(row.status in selection.statuses)
    return any(found) or not found


def _any_attribute_in_state(row: Row, selection: Selection) -> bool:
    found = [getattr(row, column) in values for column, values in selection.filters.items()]
    return row.status in (selection.statuses or ()) and (any(found) or not found)


def _all_where_none(
    original: Original, selection: Selection, *, order: str, limit: int, offset: int = 0
) -> list[Row]:
    window = {"order": order, "limit": limit, "offset": offset}
    unfiltered = selection._replace(filters={})
    rows: list[Row] = original(selection, **window) or original(unfiltered, **window)
    return rows


FAULTS: Final = (
    *(
        Fault(
            f"list-ignores-{attribute}",
            _AREA,
            f"A listing ignores the attribute {attribute}.",
            {"listing_filters": partial(_without, attribute.value)},
        )
        for attribute in Attribute
    ),
    *(
        Fault(
            f"act-ignores-{attribute}",
            _AREA,
            f"Actions ignore the attribute {attribute}.",
            {"action_filters": partial(_without, attribute.value)},
        )
        for attribute in Attribute
    ),
    Fault(
        "act-ignores-status-beside-userId",
        _AREA,
        "Actions ignore the attribute status if userId is given.",
        {"action_filters": _status_without_user},
    ),
    *(
        Fault(
            f"status-{state}-lists-none",
            _AREA,
            f"A listing by status={state} shows no card.",
            {"listing_filters": partial(_none_in, state)},
        )
        for state in (Status.SNOOZED, Status.EXPIRED)
    ),
    Fault(
        "act-finds-nothing",
        _AREA,
        "An action with attributes finds no card.",
        {"action_filters": _impossible},
    ),
    *(
        Fault(
            f"list-finds-first-by-{attribute}",
            _AREA,
            f"A listing by {attribute} alone shows only the first of several cards.",
            {"cards.read": partial(_first_found, attribute)},
        )
        for attribute in (Attribute.EVENT_NAME, Attribute.CARD_TEMPLATE_ID, Attribute.USER_ID)
    ),
    Fault(
        "list-shows-next-by-flowInvocationId",
        _AREA,
        "A listing by flowInvocationId alone also shows the card that was created next.",
        {"cards.read": _next_too},
    ),
    Fault(
        "list-any-attribute",
        _AREA,
        "A listing shows the cards that match any attribute, instead of all.",
        {"cards.read": matching(_any_attribute)},
    ),
    Fault(
        "act-any-attribute",
        _AREA,
        "Actions change the cards that match any attribute, instead of all.",
        {"cards.select": matching(_any_attribute_in_state)},
    ),
    Fault(
        "third-attribute-ignored",
        _AREA,
        "With three or more attributes, only the first two count.",
        {"filters": _first_two},
    ),
    Fault(
        "user-ignored-among-many",
        _AREA,
        f"With more than {_MANY + 2} attributes, userId is ignored.",
        {"filters": _user_among_many},
    ),
    Fault(
        "only-last-attribute",
        _AREA,
        "With several attributes, only the last counts.",
        {"filters": _last_only},
    ),
    Fault(
        "no-match-lists-all",
        _AREA,
        "A listing whose attributes no card matches shows all cards.",
        {"cards.read": _all_where_none},
    ),
    Fault(
        "no-match-acts-on-all",
        _AREA,
        "An action whose attributes no card matches changes all cards.",
        {"cards.select": _all_where_none},
    ),
)
