"""Pasteable: values whose ``repr`` is the code that makes them again."""

from __future__ import annotations

import dataclasses
from enum import Enum
from typing import Protocol


class _Printer(Protocol):
    """What Hypothesis and IPython pass to ``_repr_pretty_``."""

    def text(self, text: str) -> None:
        """Print a text."""


class ShownAsCode:
    """A base of enums, which makes Hypothesis print a member as ``Status.ACTIVE``."""

    __slots__ = ()

    def _repr_pretty_(self, printer: _Printer, cycle: bool) -> None:  # noqa: ARG002, FBT001 - theirs
        printer.text(as_code(self))


class Pasteable(ShownAsCode):
    """A base of dataclasses, to be declared with ``repr=False``; fields with defaults are left out.

    Enum members appear as ``Status.ACTIVE``, durations as ``datetime.timedelta(days=1)``.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        fields = dataclasses.fields(self)  # type: ignore[arg-type] # every subclass is a dataclass
        values = [(field, getattr(self, field.name)) for field in fields]
        named = [
            f"{field.name}={as_code(value)}" for field, value in values if value != _default(field)
        ]
        return f"{type(self).__name__}({', '.join(named)})"


def as_code(value: object) -> str:
    """The code of a value, also of enum members in a tuple."""
    if isinstance(value, Enum):
        return f"{type(value).__name__}.{value.name}"
    if isinstance(value, tuple):
        items = "".join(f"{as_code(item)}, " for item in value)
        return f"({items.rstrip(' ') if len(value) == 1 else items.removesuffix(', ')})"
    return repr(value)


def _default(field: dataclasses.Field[object]) -> object:
    """The default of a field; ``MISSING``, which nothing equals, if there is none."""
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return field.default
