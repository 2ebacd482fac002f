"""What code that reads JSON of others needs: its members, its numbers, and what is none."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NoReturn


def inner_values(values: Iterable[Any]) -> list[Any]:
    """What the objects and arrays among JSON values contain: one level further down."""
    return [
        inner
        for value in values
        if isinstance(value, dict | list)
        for inner in (value.values() if isinstance(value, dict) else value)
    ]


def is_deeper_than(value: object, levels: int) -> bool:
    """Whether a JSON value is nested deeper than so many levels."""
    layer = [value]
    for _ in range(levels):
        layer = inner_values(layer)
        if not layer:
            return False
    return True


def whole_number(value: object) -> int | None:
    """A JSON value that is a whole number; ``None`` for any other."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def refuse_constant(name: str) -> NoReturn:
    """Refuse NaN and Infinity, which are not JSON. Source: RFC 8259 › 6."""
    raise ValueError(f"{name} is not JSON")
