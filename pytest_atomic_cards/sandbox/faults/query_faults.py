"""Faults of filters: which attributes of a query count."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

from pytest_atomic_cards.model.lifecycle import Status
from pytest_atomic_cards.model.query import Attribute
from pytest_atomic_cards.sandbox.faults.fault import Faults, Original
from pytest_atomic_cards.sandbox.faults.found_rows import accepted_by, among_all

if TYPE_CHECKING:
    from pytest_atomic_cards.sandbox.card_record import Row
    from pytest_atomic_cards.sandbox.faults.found_rows import Rows
    from pytest_atomic_cards.sandbox.page_reader import Selection
    from pytest_atomic_cards.sandbox.query_decisions import Filters, Pairs

FAULTS: Final = Faults("query")
_MANY: Final = 3
"""Attributes: the fewest that a suite of single attributes and pairs never sends together."""


def _without(attribute: str, original: Original[Filters], pairs: Pairs) -> Filters:
    return {name: values for name, values in original(pairs).items() if name != attribute}


for _name in Attribute:
    FAULTS.add(
        f"list-ignores-{_name}",
        f"A listing ignores the attribute {_name}.",
        {"listing_filters": partial(_without, _name.value)},
    )
for _name in Attribute:
    FAULTS.add(
        f"act-ignores-{_name}",
        f"Actions ignore the attribute {_name}.",
        {"action_filters": partial(_without, _name.value)},
    )


def _status_without_user(original: Original[Filters], pairs: Pairs) -> Filters:
    filters = original(pairs)
    if Attribute.USER_ID in filters:
        filters.pop(Attribute.STATUS, None)
    return filters


FAULTS.add(
    "act-ignores-status-beside-userId",
    "Actions ignore the attribute status if userId is given.",
    {"action_filters": _status_without_user},
)


def _none_in(state: Status, original: Original[Filters], pairs: Pairs) -> Filters:
    filters = original(pairs)
    if Attribute.STATUS in filters:
        words = filters[Attribute.STATUS]
        filters[Attribute.STATUS] = tuple(word for word in words if word != state) or ("",)
    return filters


for _state in (Status.SNOOZED, Status.EXPIRED):
    FAULTS.add(
        f"status-{_state}-lists-none",
        f"A listing by status={_state} shows no card.",
        {"listing_filters": partial(_none_in, _state)},
    )


@FAULTS.replacing("action_filters")
def act_finds_nothing(original: Original[Filters], pairs: Pairs) -> Filters:
    """An action with attributes finds no card."""
    filters = original(pairs)
    return {**filters, Attribute.USER_ID: ()} if filters else filters


def _first_found(
    attribute: Attribute,
    original: Rows,
    selection: Selection,
    *,
    offset: int = 0,
    **window: Any,  # noqa: ANN401
) -> list[Row]:
    """Finds the first card with a value, as a look-up in an index that expects only one."""
    rows = original(selection, offset=offset, **window)
    return rows[: max(1 - offset, 0)] if selection.filters.keys() == {attribute.field} else rows


for _name in (Attribute.EVENT_NAME, Attribute.CARD_TEMPLATE_ID, Attribute.USER_ID):
    FAULTS.add(
        f"list-finds-first-by-{_name}",
        f"A listing by {_name} alone shows only the first of several cards.",
        {"cards.read": partial(_first_found, _name)},
    )


@among_all
def _next_too(original: Rows, selection: Selection) -> list[Row]:
    """Ends one card too late, as a range in an index that is read by invocation."""
    rows = original(selection)
    if selection.statuses or selection.filters.keys() != {Attribute.FLOW_INVOCATION_ID.field}:
        return rows
    last = max((row.seq for row in rows), default=None)
    others = original(selection._replace(filters={}))
    return [*rows, *(row for row in others if row.seq - 1 == last)]


FAULTS.add(
    "list-shows-next-by-flowInvocationId",
    "A listing by flowInvocationId alone also shows the card that was created next.",
    {"cards.read": _next_too},
)


@FAULTS.replacing("cards.read", by=accepted_by)
def list_any_attribute(row: Row, selection: Selection) -> bool:
    """A listing shows the cards that match any attribute, instead of all."""
    found = [getattr(row, column) in values for column, values in selection.filters.items()]
    if selection.statuses is not None:
        found.append(row.status in selection.statuses)
    return any(found) or not found


@FAULTS.replacing("cards.select", by=accepted_by)
def act_any_attribute(row: Row, selection: Selection) -> bool:
    """Actions change the cards that match any attribute, instead of all."""
    found = [getattr(row, column) in values for column, values in selection.filters.items()]
    return row.status in (selection.statuses or ()) and (any(found) or not found)


@FAULTS.replacing("filters")
def third_attribute_ignored(original: Original[Filters], pairs: Pairs) -> Filters:
    """With three or more attributes, only the first two count."""
    return dict(list(original(pairs).items())[: _MANY - 1])


def _user_among_many(original: Original[Filters], pairs: Pairs) -> Filters:
    filters = original(pairs)
    if len(filters) > _MANY + 2:
        filters.pop(Attribute.USER_ID, None)
    return filters


FAULTS.add(
    "user-ignored-among-many",
    f"With more than {_MANY + 2} attributes, userId is ignored.",
    {"filters": _user_among_many},
)


@FAULTS.replacing("filters")
def only_last_attribute(original: Original[Filters], pairs: Pairs) -> Filters:
    """With several attributes, only the last counts."""
    return dict(list(original(pairs).items())[-1:])


def _all_where_none(original: Rows, selection: Selection, **window: Any) -> list[Row]:  # noqa: ANN401
    return original(selection, **window) or original(selection._replace(filters={}), **window)


FAULTS.add(
    "no-match-lists-all",
    "A listing whose attributes no card matches shows all cards.",
    {"cards.read": _all_where_none},
)
FAULTS.add(
    "no-match-acts-on-all",
    "An action whose attributes no card matches changes all cards.",
    {"cards.select": _all_where_none},
)
