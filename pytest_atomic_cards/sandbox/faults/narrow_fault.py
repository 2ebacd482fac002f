"""Narrow faults, such as ``any-token-accepted@operation=dismiss``: a fault under some conditions.

A condition gives one dimension of :mod:`~pytest_atomic_cards.model.request_space` a value. Outside
of its conditions the sandbox behaves correctly. They are made by multiplying faults with
conditions, not by hand: a server is seldom wrong everywhere.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl

from pytest_atomic_cards.model.lifecycle import Action, Status
from pytest_atomic_cards.model.query import Attribute
from pytest_atomic_cards.model.request_space import (
    DIMENSIONS,
    MIXED,
    OTHER,
    Point,
    card_point,
    request_point,
)
from pytest_atomic_cards.sandbox.authorization import CARDS_ROLE
from pytest_atomic_cards.sandbox.card_record import Row
from pytest_atomic_cards.sandbox.faults.fault import Fault, Original, Wrapper
from pytest_atomic_cards.sandbox.page_reader import Selection
from pytest_atomic_cards.sandbox.query_decisions import UNLIMITED
from pytest_atomic_cards.support.errors import MisuseError
from pytest_atomic_cards.support.suggestions import refuse_unknown, suggestion

if TYPE_CHECKING:
    from pytest_atomic_cards.sandbox.authorization import Credential, Grant

SEPARATOR: Final = "@"
"""Between a fault and its conditions; a value such as ``userId+status`` holds a plus."""
_COUNTED: Final = frozenset({"matches", "state"})
"""Dimensions for which the matching cards must be looked up."""
_OPERATIONS: Final = {
    ("GET", ""): "list",
    **{("PUT", action.value): action.value for action in Action},
}


def conditions_in(texts: list[str]) -> Point:
    """The conditions that texts such as ``operation=dismiss`` give.

    Raises:
        MisuseError: A dimension or value is unknown, or a dimension is given twice.
    """
    conditions: dict[str, str] = {}
    for text in texts:
        dimension, _, value = text.partition("=")
        refuse_unknown([dimension], DIMENSIONS, "the space of requests")
        if value not in DIMENSIONS[dimension]:
            hint = suggestion(value, DIMENSIONS[dimension])
            raise MisuseError(f"{dimension} is never {value!r}; {hint}")
        if dimension in conditions:
            raise MisuseError(f"{dimension} is given twice; it has one value at a time")
        conditions[dimension] = value
    return conditions


def name_of(fault: str, conditions: Point) -> str:
    """The name of a fault under conditions."""
    return SEPARATOR.join([fault, *(f"{name}={value}" for name, value in conditions.items())])


def narrowed(fault: Fault, conditions: Point) -> Fault:
    """A fault that shows only under conditions."""
    situation = _Situation()
    notes: dict[str, _Note] = {"app.answer": _note_request, "authorise": _note_access}
    if _COUNTED.intersection(conditions) or "body" in conditions:
        notes |= {"cards.show": _note_listing, "cards.act": _note_action}
    replaces = {
        seam: _narrower(wrapper, conditions, situation) for seam, wrapper in fault.replaces.items()
    }
    for seam, note in notes.items():
        replaces[seam] = partial(_noting, note, situation, replaces.get(seam, _unchanged))
    shown = " and ".join(f"{name}={value}" for name, value in conditions.items())
    text = f"{fault.description.removesuffix('.')}, but only with {shown}."
    return Fault(name_of(fault.name, conditions), fault.area, text, replaces)


class _Situation(threading.local):
    """Where the request that a thread serves lies; empty between requests."""

    def __init__(self) -> None:
        self.point: dict[str, str] = {}

    def meets(self, conditions: Point, args: tuple[Any, ...]) -> bool:
        """Whether the request, or the card that a decision is about, is under conditions."""
        point = self.point
        state = _state_in(args)
        if state is not None and conditions.get("state") != MIXED:
            point = {**point, "state": state}
        return all(point.get(name) == value for name, value in conditions.items())


_Note = Callable[[_Situation, Any, tuple[Any, ...]], None]


def _state_in(args: tuple[Any, ...]) -> str | None:
    """The state of the one card that a decision is about."""
    first = args[0] if args else None
    if isinstance(first, Row):
        return first.status
    return first.value if isinstance(first, Status) else None


def _narrower(wrapper: Wrapper, conditions: Point, situation: _Situation) -> Wrapper:
    if isinstance(wrapper, partial) and wrapper.func is _noting:
        note, noted, inner = wrapper.args  # a narrow fault notes every request, not only some
        return partial(_noting, note, noted, _narrower(inner, conditions, situation))
    return partial(_under, wrapper, conditions, situation)


def _under(
    wrapper: Wrapper,
    conditions: Point,
    situation: _Situation,
    original: Original[Any],
    *args: Any,  # noqa: ANN401
    **kwargs: Any,  # noqa: ANN401
) -> Any:  # noqa: ANN401
    if situation.meets(conditions, args):
        return wrapper(original, *args, **kwargs)
    return original(*args, **kwargs)


def _unchanged(original: Original[Any], *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
    return original(*args, **kwargs)


def _noting(
    note: _Note,
    situation: _Situation,
    wrapper: Wrapper,
    original: Original[Any],
    *args: Any,  # noqa: ANN401
) -> Any:  # noqa: ANN401
    note(situation, original.owner, args)
    return wrapper(original, *args)


def _note_request(situation: _Situation, _: Any, args: tuple[Any, ...]) -> None:  # noqa: ANN401
    environ: Mapping[str, str] = args[0]
    situation.point = {}
    match environ.get("PATH_INFO", "").rstrip("/").split("/"):
        case ["", "v1", _, "cards", *word]:
            operation = _OPERATIONS.get((environ["REQUEST_METHOD"], "/".join(word)))
            if operation:
                parameters = _parameters(environ.get("QUERY_STRING", ""))
                situation.point = dict(request_point(operation, parameters))


def _note_access(situation: _Situation, _: Any, args: tuple[Any, ...]) -> None:  # noqa: ANN401
    if situation.point:
        situation.point |= _access_point(*args)


def _note_listing(situation: _Situation, cards: Any, args: tuple[Any, ...]) -> None:  # noqa: ANN401
    environment, query_string = args
    situation.point |= _card_point(cards, environment, query_string)


def _note_action(situation: _Situation, cards: Any, args: tuple[Any, ...]) -> None:  # noqa: ANN401
    environment, action, query_string, body = args
    situation.point |= request_point(action.value, _parameters(query_string), body)
    situation.point |= _card_point(cards, environment, query_string)


def _parameters(query_string: str) -> list[tuple[str, str]]:
    return parse_qsl(query_string, keep_blank_values=True)


def _card_point(cards: Any, environment: int, query_string: str) -> Point:  # noqa: ANN401
    """Where a request lies by the cards that have the values it gives, as the store holds them."""
    given = dict(_parameters(query_string))
    filters = {
        name.field: (given[name],)
        for name in Attribute
        if name in given and name is not Attribute.STATUS
    }
    statuses = (given[Attribute.STATUS],) if Attribute.STATUS in given else None
    selection = Selection(environment, filters, statuses)
    rows = cards.store.page(selection, order="oldest-first", limit=UNLIMITED)
    return card_point([row.status for row in rows])


def _access_point(
    header: str | None,
    grants: Mapping[str, Grant],
    credentials: Mapping[str, Credential],
    environment_id: str,
    now: int,
) -> Point:
    """Where a request lies by its token."""
    if not header:
        return {"token": "none", "environment": "own"}
    grant = grants.get(header.partition(" ")[2].strip())
    if grant is None:
        return {"token": "garbage", "environment": "own"}
    owner = grant.credential
    kinds = (
        ("expired", grant.expires <= now),
        ("deleted", owner.client_id not in credentials),
        ("role", owner.role != CARDS_ROLE),
    )
    return {
        "token": next((kind for kind, applies in kinds if applies), "good"),
        "environment": "own" if owner.environment_id == environment_id else OTHER,
    }
