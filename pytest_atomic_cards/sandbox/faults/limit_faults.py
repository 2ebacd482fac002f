"""Faults of limits: how many cards one action changes, and when repeating it is done."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

from pytest_atomic_cards.model.documented import DEFAULT_CANCEL
from pytest_atomic_cards.model.lifecycle import Action
from pytest_atomic_cards.model.query import Attribute
from pytest_atomic_cards.sandbox.faults.fault import Faults, Original
from pytest_atomic_cards.sandbox.query_decisions import UNLIMITED

if TYPE_CHECKING:
    from pytest_atomic_cards.sandbox.body_decisions import Body
    from pytest_atomic_cards.sandbox.card_record import Row
    from pytest_atomic_cards.sandbox.faults.found_rows import Rows
    from pytest_atomic_cards.sandbox.page_reader import Selection
    from pytest_atomic_cards.sandbox.query_decisions import Pairs

FAULTS: Final = Faults("limits")


def _default(size: int, original: Original[int], limit: int | None) -> int:
    return size if limit is None else original(limit)


for _name, _size, _number in (
    ("100", 100, "100"),
    ("499", 499, "499"),
    ("1000", 1_000, "1000"),
    ("unlimited", UNLIMITED, "any number of"),
):
    FAULTS.add(
        f"cancel-default-{_name}",
        f"Without limit an action changes {_number} cards.",
        {"batch_size": partial(_default, _size)},
    )


@FAULTS.replacing("batch_size")
def action_limit_ignored(original: Original[int], _limit: int | None) -> int:
    """An action ignores limit and changes 500 cards."""
    return original(None)


@FAULTS.replacing("batch_size")
def action_limit_capped_at_500(original: Original[int], limit: int | None) -> int:
    """An action changes at most 500 cards, even with limit=1000."""
    return min(original(limit), DEFAULT_CANCEL)


@FAULTS.replacing("batch_size")
def action_limit_beyond_1000(original: Original[int], limit: int | None) -> int:
    """With a limit above 1000 an action changes more than 1000 cards."""
    return original(limit) if limit is None else limit


@FAULTS.replacing("batch_size")
def action_limit_one_more(original: Original[int], limit: int | None) -> int:
    """An action changes one card more than limit."""
    return original(limit) + (0 if limit is None else 1)


@FAULTS.replacing("batch_size")
def action_limit_one_less(original: Original[int], limit: int | None) -> int:
    """An action changes one card less than limit."""
    return original(limit) - (0 if limit is None else 1)


@FAULTS.replacing("cards.select")
def action_limit_before_filter(original: Rows, selection: Selection, **window: Any) -> list[Row]:  # noqa: ANN401
    """An action applies limit before its filters, so it may change fewer cards than match."""
    filters = selection.filters.items()
    first = original(selection._replace(filters={}), **window)
    return [row for row in first if all(getattr(row, name) in values for name, values in filters)]


@FAULTS.replacing("cards.select")
def action_limit_before_state(original: Rows, selection: Selection, **window: Any) -> list[Row]:  # noqa: ANN401
    """Without status, matching closed cards count towards the limit of an action."""
    allowed = selection.statuses or ()
    if len(allowed) <= 1:
        return original(selection, **window)
    first = original(selection._replace(statuses=None), **window)
    return [row for row in first if row.status in allowed]


@FAULTS.replacing("action_window")
def action_limit_ignored_by_user(
    original: Original[tuple[int, int]], action: Action, pairs: Pairs
) -> tuple[int, int]:
    """An action by userId ignores limit and changes 500 cards."""
    by_user = any(name == Attribute.USER_ID for name, _ in pairs)
    return original(action, [pair for pair in pairs if not by_user or pair[0] != "limit"])


@FAULTS.replacing("cards.act")
def cancel_never_done(original: Original[Body], *request: Any) -> Body:  # noqa: ANN401
    """A cancel that matches no card still counts one as updated."""
    body = original(*request)
    if Action.CANCEL in request and not body["data"]:
        body["summary"] = original.owner.behaviour.summary(1, 1)
    return body
