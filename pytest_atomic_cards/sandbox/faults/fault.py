"""Fault: a named bug, and how to install it in a sandbox."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

Wrapper = Callable[..., Any]
"""Called with the :class:`Original` and the arguments of the method it replaces."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One wrong behaviour of an otherwise correct server.

    Args:
        name: Its name, in lower case with hyphens.
        area: The area of the contract that it breaks.
        description: What the server does wrong, one sentence.
        replaces: Seam → its replacement. A seam is the name of a method of ``Behaviour``, or of
            another part with its name before a dot, such as ``store.change``.
    """

    name: str
    area: str
    description: str
    replaces: Mapping[str, Wrapper]


class Original:
    """The method that a wrapper replaces.

    Attributes:
        owner: The object that the method belongs to.
    """

    __slots__ = ("_method", "owner")

    def __init__(self, method: Callable[..., Any], owner: Any) -> None:  # noqa: ANN401
        self._method = method
        self.owner = owner

    def __call__(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401, D102
        return self._method(*args, **kwargs)


def install(fault: Fault, parts: Mapping[str, Any]) -> None:
    """Install a fault in one sandbox.

    Args:
        fault: The fault.
        parts: The objects that have seams, by the name before the dot; ``behaviour`` if there is
            no dot.
    """
    for seam, wrapper in fault.replaces.items():
        part, _, method = seam.rpartition(".")
        owner = parts[part or "behaviour"]
        original = Original(getattr(owner, method), owner)
        setattr(owner, method, partial(wrapper, original))


def constant(value: object) -> Wrapper:
    """A wrapper that always returns the same value."""
    return lambda _original, *_args, **_kwargs: value
