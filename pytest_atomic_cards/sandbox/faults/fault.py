"""Fault: a named bug, how to declare it, and how to install it in a sandbox."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TypeVar

Wrapper = Callable[..., Any]
"""Called with the :class:`Original` and the arguments of the method it replaces."""
Result = TypeVar("Result")
Declared = TypeVar("Declared", bound=Callable[..., Any])


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


class Original(Generic[Result]):
    """The method that a wrapper replaces, by what it returns.

    Attributes:
        owner: The object that the method belongs to.
    """

    __slots__ = ("_method", "owner")

    def __init__(self, method: Callable[..., Result], owner: Any) -> None:  # noqa: ANN401
        self._method = method
        self.owner = owner

    def __call__(self, *args: Any, **kwargs: Any) -> Result:  # noqa: ANN401, D102
        return self._method(*args, **kwargs)


class Faults(list[Fault]):
    """The faults of one area of the contract, as a module declares them."""

    def __init__(self, area: str) -> None:
        super().__init__()
        self._area = area

    def add(self, name: str, description: str, replaces: Mapping[str, Wrapper]) -> None:
        """Declare a fault whose replacement is made of parts that several faults share."""
        self.append(Fault(name, self._area, description, replaces))

    def replacing(
        self,
        *seams: str,
        by: Callable[[Any], Wrapper] | None = None,
        besides: Mapping[str, Wrapper] | None = None,
    ) -> Callable[[Declared], Declared]:
        """Declare the fault that a function is: its name and docstring are the fault's.

        Args:
            seams: What the function replaces.
            by: Makes the replacement out of the function; without it, the function is one.
            besides: Further seams, each with its replacement.
        """

        def declare(function: Declared) -> Declared:
            wrapper = function if by is None else by(function)
            replaces = {**(besides or {}), **dict.fromkeys(seams, wrapper)}
            self.add(function.__name__.replace("_", "-"), function.__doc__ or "", replaces)
            return function

        return declare


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
