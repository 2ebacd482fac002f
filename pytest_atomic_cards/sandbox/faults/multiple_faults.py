"""Faults of ``multiple``, and of actions that should be all or nothing."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final, NoReturn

from pytest_atomic_cards.model.lifecycle import Action
from pytest_atomic_cards.sandbox.faults.fault import Fault, Original, Wrapper, constant
from pytest_atomic_cards.sandbox.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_atomic_cards.sandbox.card_record import Row
    from pytest_atomic_cards.sandbox.query_decisions import Pairs

Request = tuple[Any, ...]
"""Environment, action, query string and body."""

_AREA: Final = "multiple"
_PAGE: Final = 100
"""Cards: one default page, where an implementation might stop counting matches."""
_LATER: Final = 500
"""Milliseconds: as an asynchronous worker might take; too late for a listing right afterwards."""


def _always_refused(original: Original, actionable: int, matching: int, *, multiple: bool) -> None:
    del multiple
    original(actionable, matching, multiple=False)


def _refused_for_one(original: Original, actionable: int, matching: int, *, multiple: bool) -> None:
    if multiple and matching == 1:
        raise Refusal(400, "multiple is given, but only one card matches")
    original(actionable, matching, multiple=multiple)


def _given_at_all(_: Original, pairs: Pairs) -> bool:
    return any(name == "multiple" for name, _ in pairs)


def _only_last(original: Original, pairs: Pairs) -> bool:
    return bool(original(pairs)) and pairs[-1][0] == "multiple"


def _two_allowed(original: Original, actionable: int, matching: int, *, multiple: bool) -> None:
    if actionable > 2:  # noqa: PLR2004
        original(actionable, matching, multiple=multiple)


def _many_allowed(original: Original, actionable: int, matching: int, *, multiple: bool) -> None:
    if actionable <= _PAGE:
        original(actionable, matching, multiple=multiple)


def _refused_with(
    status: int, original: Original, actionable: int, matching: int, *, multiple: bool
) -> None:
    try:
        original(actionable, matching, multiple=multiple)
    except Refusal as refusal:
        raise Refusal(status, refusal.message) from None


def _counting_refusals(
    original: Original, actionable: int, matching: int, *, multiple: bool
) -> None:
    try:
        original(actionable, matching, multiple=multiple)
    except Refusal:
        original.owner.refusals = getattr(original.owner, "refusals", 0) + 1
        raise


def _updated_by_refusals(original: Original, row: Row) -> Any:  # noqa: ANN401
    later = getattr(original.owner, "refusals", 0)
    return original(row._replace(updated=row.updated + later))


def _where_refused(
    then: Callable[[Original, Refusal, Request], Any],
    original: Original,
    *request: Any,  # noqa: ANN401
) -> Any:  # noqa: ANN401
    """Acts correctly, except that ``then`` replaces the refusal of several cards."""
    try:
        return original(*request)
    except Refusal as refusal:
        if "multiple" not in refusal.message:
            raise
        return then(original, refusal, request)


def _with(parameters: str, request: Request) -> Request:
    environment, action, query_string, body = request
    return environment, action, f"{query_string}&{parameters}", body


def _refused_after(
    parameters: str, original: Original, refusal: Refusal, request: Request
) -> NoReturn:
    """Refuses correctly, but only after acting with these parameters."""
    original(*_with(parameters, request))
    raise refusal


def _accepted_with(
    parameters: str | None, original: Original, refusal: Refusal, request: Request
) -> Any:  # noqa: ANN401
    """Accepts what it should refuse, and acts with these parameters, if any."""
    del refusal
    if parameters is None:
        return {"data": [], "summary": {"total": 0, "updated": 0}}
    return original(*_with(parameters, request))


def _refused_at_first(original: Original, refusal: Refusal, request: Request) -> NoReturn:
    """Refuses correctly, but schedules an action on the first card anyway."""
    owner = original.owner
    with owner.store.hold() as now:
        due = now + _LATER, *_with("multiple=1&limit=1", request)
    owner.notes = [*getattr(owner, "notes", ()), due]
    raise refusal


def _acting_on_notes(original: Original, environment: int, query_string: str) -> Any:  # noqa: ANN401
    owner = original.owner
    with owner.store.hold() as now:
        notes = getattr(owner, "notes", ())
        owner.notes = [note for note in notes if note[0] > now]
    for _, *request in notes[: len(notes) - len(owner.notes)]:
        owner.act(*request)
    return original(environment, query_string)


def _all_but_last(
    original: Original, rows: list[Row], action: Action, now: int, completion: str | None
) -> None:
    original(rows[:-1] if len(rows) > 1 else rows, action, now, completion)


def _several_cancelled(
    original: Original, rows: list[Row], action: Action, now: int, completion: str | None
) -> None:
    original(rows, Action.CANCEL if len(rows) > 1 else action, now, completion)


def _first_only(original: Original, rows: list[Row], limit: int) -> list[Row]:
    del original, limit
    return rows[:1]


_CHECKS: Final[tuple[tuple[str, str, Wrapper], ...]] = (
    ("multiple-not-needed", "Several cards are changed without multiple=1.", constant(None)),
    (
        "multiple-not-needed-for-two",
        "Two cards are changed without multiple=1; three are not.",
        _two_allowed,
    ),
    (
        "multiple-not-needed-for-many",
        f"More than {_PAGE} cards are changed without multiple=1; fewer are not.",
        _many_allowed,
    ),
    (
        "multiple-always-refused",
        "Several cards are refused even with multiple=1.",
        _always_refused,
    ),
    (
        "multiple-refused-for-one",
        "An action with multiple=1 is refused if exactly one card matches.",
        _refused_for_one,
    ),
    (
        "multiple-refused-with-409",
        "Several cards without multiple=1 are refused with 409 instead of 400.",
        partial(_refused_with, 409),
    ),
    (
        "multiple-refused-with-500",
        "Several cards without multiple=1 give a server error.",
        partial(_refused_with, 500),
    ),
)
_ACTS: Final[tuple[tuple[str, str, Wrapper], ...]] = (
    (
        "multiple-silently-nothing",
        "Several cards without multiple=1 give 200, but none is changed.",
        partial(_where_refused, partial(_accepted_with, None)),
    ),
    (
        "multiple-silently-first",
        "Several cards without multiple=1 give 200, and only the first is changed.",
        partial(_where_refused, partial(_accepted_with, "multiple=1&limit=1")),
    ),
    (
        "refused-after-first",
        "Several cards without multiple=1 are refused after the first was changed.",
        partial(_where_refused, partial(_refused_after, "multiple=1&limit=1")),
    ),
    (
        "refused-after-all",
        "Several cards without multiple=1 are refused after all were changed.",
        partial(_where_refused, partial(_refused_after, "multiple=1")),
    ),
)

FAULTS: Final = (
    *(Fault(name, _AREA, text, {"check_multiple": wrapper}) for name, text, wrapper in _CHECKS),
    *(Fault(name, _AREA, text, {"cards.act": wrapper}) for name, text, wrapper in _ACTS),
    Fault(
        "multiple-of-any-value",
        _AREA,
        "Any value of multiple, such as 0 or false, counts as multiple=1.",
        {"multiple": _given_at_all},
    ),
    Fault(
        "multiple-must-be-last",
        _AREA,
        "multiple=1 counts only as the last parameter of a query.",
        {"multiple": _only_last},
    ),
    Fault(
        "multiple-skips-last",
        _AREA,
        "With multiple=1 the last card is reported but not changed.",
        {"cards.change": _all_but_last},
    ),
    Fault(
        "refused-and-done-later",
        _AREA,
        "Several cards without multiple=1 are refused; the first is changed half a second later.",
        {"cards.act": partial(_where_refused, _refused_at_first), "cards.show": _acting_on_notes},
    ),
    Fault(
        "refusal-moves-updated",
        _AREA,
        "Each refusal of several cards without multiple=1 changes updated of all cards.",
        {"check_multiple": _counting_refusals, "card_body": _updated_by_refusals},
    ),
    Fault(
        "multiple-cancels",
        _AREA,
        "Any action on several cards cancels them.",
        {"cards.change": _several_cancelled},
    ),
    Fault(
        "multiple-first-only",
        _AREA,
        "With multiple=1 only the first card is changed.",
        {"batch": _first_only},
    ),
)
