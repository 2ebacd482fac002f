"""Arguments of a wrong type: one line at the call, not an error of something far inside."""

from __future__ import annotations

from typing import TypeVar

from pytest_atomic_cards.support.errors import MisuseError

_T = TypeVar("_T")


def refuse_other_types(value: object, kind: type, example: str) -> None:
    """Raise unless an argument has its type.

    Args:
        value: The argument.
        kind: Its type.
        example: What to write instead.

    Raises:
        MisuseError: It has another.
    """
    if not isinstance(value, kind):
        raise MisuseError(f"{value!r} is not a {kind.__name__}; write {example}")


def given_or_default(value: _T | None, kind: type[_T], example: str) -> _T:
    """An argument that may be left out for keywords, or a default one.

    Raises:
        MisuseError: It has another type.
    """
    if value is not None and not isinstance(value, kind):
        raise MisuseError(f"give a {kind.__name__} or keywords, such as {example}, not {value!r}")
    return kind() if value is None else value
