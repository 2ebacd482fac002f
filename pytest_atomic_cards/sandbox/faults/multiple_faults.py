"""Faults of ``multiple``, and of actions that should be all or nothing."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final, NoReturn

from pytest_atomic_cards.model.lifecycle import Action
from pytest_atomic_cards.sandbox.faults.fault import Faults, Original, Wrapper, constant
from pytest_atomic_cards.sandbox.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_atomic_cards.sandbox.body_decisions import Body
    from pytest_atomic_cards.sandbox.card_record import Row
    from pytest_atomic_cards.sandbox.query_decisions import Pairs

    Act = Original[Body]

Request = tuple[Any, ...]
"""Environment, action, query string and body."""

FAULTS: Final = Faults("multiple")
_PAGE: Final = 100
"""Cards: one default page, where an implementation might stop counting matches."""
_LATER: Final = 500
"""Milliseconds: as an asynchronous worker might take; too late for a listing right afterwards."""
_check = FAULTS.replacing("check_multiple")

FAULTS.add(
    "multiple-not-needed",
    "Several cards are changed without multiple=1.",
    {"check_multiple": constant(None)},
)


@_check
def multiple_not_needed_for_two(
    original: Original[None], actionable: int, matching: int, *, multiple: bool
) -> None:
    """Two cards are changed without multiple=1; three are not."""
    if actionable > 2:  # noqa: PLR2004
        original(actionable, matching, multiple=multiple)


def _many_allowed(original: Original[None], actionable: int, *rest: Any, **multiple: bool) -> None:  # noqa: ANN401
    if actionable <= _PAGE:
        original(actionable, *rest, **multiple)


FAULTS.add(
    "multiple-not-needed-for-many",
    f"More than {_PAGE} cards are changed without multiple=1; fewer are not.",
    {"check_multiple": _many_allowed},
)


@_check
def multiple_always_refused(original: Original[None], *counts: int, **_: bool) -> None:
    """Several cards are refused even with multiple=1."""
    original(*counts, multiple=False)


@_check
def multiple_refused_for_one(
    original: Original[None], actionable: int, matching: int, *, multiple: bool
) -> None:
    """An action with multiple=1 is refused if exactly one card matches."""
    if multiple and matching == 1:
        raise Refusal(400, "multiple is given, but only one card matches")
    original(actionable, matching, multiple=multiple)


def _refused_with(status: int, original: Original[None], *counts: int, **multiple: bool) -> None:
    try:
        original(*counts, **multiple)
    except Refusal as refusal:
        raise Refusal(status, refusal.message) from None


FAULTS.add(
    "multiple-refused-with-409",
    "Several cards without multiple=1 are refused with 409 instead of 400.",
    {"check_multiple": partial(_refused_with, 409)},
)
FAULTS.add(
    "multiple-refused-with-500",
    "Several cards without multiple=1 give a server error.",
    {"check_multiple": partial(_refused_with, 500)},
)


def _where_refused(then: Callable[[Act, Refusal, Request], Body]) -> Wrapper:
    """Acts correctly, except that ``then`` replaces the refusal of several cards."""

    def act(original: Act, *request: Any) -> Body:  # noqa: ANN401
        try:
            return original(*request)
        except Refusal as refusal:
            if "multiple" not in refusal.message:
                raise
            return then(original, refusal, request)

    return act


_refusal = FAULTS.replacing("cards.act", by=_where_refused)


def _with(parameters: str, request: Request) -> Request:
    environment, action, query_string, body = request
    return environment, action, f"{query_string}&{parameters}", body


@_refusal
def multiple_silently_nothing(_: Act, _refusal: Refusal, _request: Request) -> Body:
    """Several cards without multiple=1 give 200, but none is changed."""
    return {"data": [], "summary": {"total": 0, "updated": 0}}


@_refusal
def multiple_silently_first(original: Act, _refusal: Refusal, request: Request) -> Body:
    """Several cards without multiple=1 give 200, and only the first is changed."""
    return original(*_with("multiple=1&limit=1", request))


@_refusal
def refused_after_first(original: Act, refusal: Refusal, request: Request) -> NoReturn:
    """Several cards without multiple=1 are refused after the first was changed."""
    original(*_with("multiple=1&limit=1", request))
    raise refusal


@_refusal
def refused_after_all(original: Act, refusal: Refusal, request: Request) -> NoReturn:
    """Several cards without multiple=1 are refused after all were changed."""
    original(*_with("multiple=1", request))
    raise refusal


@FAULTS.replacing("multiple")
def multiple_of_any_value(_: Original[bool], pairs: Pairs) -> bool:
    """Any value of multiple, such as 0 or false, counts as multiple=1."""
    return any(name == "multiple" for name, _ in pairs)


@FAULTS.replacing("multiple")
def multiple_must_be_last(original: Original[bool], pairs: Pairs) -> bool:
    """multiple=1 counts only as the last parameter of a query."""
    return original(pairs) and pairs[-1][0] == "multiple"


@FAULTS.replacing("cards.change")
def multiple_skips_last(original: Original[None], rows: list[Row], *rest: Any) -> None:  # noqa: ANN401
    """With multiple=1 the last card is reported but not changed."""
    original(rows[:-1] if len(rows) > 1 else rows, *rest)


def _acting_on_notes(original: Act, environment: int, query_string: str) -> Body:
    owner = original.owner
    with owner.store.hold() as now:
        notes = getattr(owner, "notes", ())
        owner.notes = [note for note in notes if note[0] > now]
    for _, *request in notes[: len(notes) - len(owner.notes)]:
        owner.act(*request)
    return original(environment, query_string)


@FAULTS.replacing("cards.act", by=_where_refused, besides={"cards.show": _acting_on_notes})
def refused_and_done_later(original: Act, refusal: Refusal, request: Request) -> NoReturn:
    """Several cards without multiple=1 are refused; the first is changed half a second later."""
    owner = original.owner
    with owner.store.hold() as now:
        due = now + _LATER, *_with("multiple=1&limit=1", request)
    owner.notes = [*getattr(owner, "notes", ()), due]
    raise refusal


def _updated_by_refusals(original: Act, row: Row) -> Body:
    later = getattr(original.owner, "refusals", 0)
    return original(row._replace(updated=row.updated + later))


@FAULTS.replacing("check_multiple", besides={"card_body": _updated_by_refusals})
def refusal_moves_updated(original: Original[None], *counts: int, **multiple: bool) -> None:
    """Each refusal of several cards without multiple=1 changes updated of all cards."""
    try:
        original(*counts, **multiple)
    except Refusal:
        original.owner.refusals = getattr(original.owner, "refusals", 0) + 1
        raise


@FAULTS.replacing("cards.change")
def multiple_cancels(
    original: Original[None],
    rows: list[Row],
    action: Action,
    *rest: Any,  # noqa: ANN401
) -> None:
    """Any action on several cards cancels them."""
    original(rows, Action.CANCEL if len(rows) > 1 else action, *rest)


@FAULTS.replacing("batch")
def multiple_first_only(_: Original[list[Row]], rows: list[Row], _limit: int) -> list[Row]:
    """With multiple=1 only the first card is changed."""
    return rows[:1]
