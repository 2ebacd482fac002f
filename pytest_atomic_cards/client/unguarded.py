"""Permission: the code that may act on cards of others, as it has stated why that is safe."""

from __future__ import annotations

import inspect
import sys
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from pytest_atomic_cards.support.errors import MisuseError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

_GENERATOR: Final = inspect.CO_GENERATOR | inspect.CO_ASYNC_GENERATOR
_ENTERING: Final = {"__enter__", "__aenter__"}


class ScopeWarning(UserWarning):
    """The guard against acting on cards of others was switched off on purpose."""


class Permission:
    """Which code may pass the guard unchecked: the code inside an open ``with`` block.

    That is the code of the block and what it calls, and nothing else that runs while the block is
    open: no other thread, no other asyncio task, and no code that resumes a generator waiting
    inside the block. A thread-local or context variable would let all but the first of them pass.
    So the permission belongs to the frame that opened the block, and holds if that is a caller.
    """

    def __init__(self) -> None:
        self._openers: list[FrameType] = []

    @contextmanager
    def granted(self, reason: str) -> Iterator[None]:
        """Grant the permission to a ``with`` block, with a warning each time.

        Raises:
            MisuseError: There is no reason.
            ScopeWarning: Warnings are errors.
        """
        if not reason.strip():
            raise MisuseError("say why it is safe to act on cards that this run did not seed")
        opener = _opener(sys._getframe())  # noqa: SLF001 - it is documented
        _warn(opener, f"scope guard switched off: {reason}")
        self._openers.append(opener)
        try:
            yield
        finally:
            self._openers.remove(opener)

    @property
    def is_open(self) -> bool:
        """Whether any code has the permission."""
        return bool(self._openers)

    @property
    def is_granted(self) -> bool:
        """Whether the calling code has the permission."""
        frame: FrameType | None = sys._getframe() if self._openers else None  # noqa: SLF001
        while frame is not None and frame not in self._openers:
            frame = frame.f_back
        return frame is not None


def _opener(frame: FrameType) -> FrameType:
    """The code that has the ``with`` statement, beyond context managers built on this one."""
    while frame.f_back is not None and (
        _is_contextlib(frame)
        or frame.f_code.co_name in _ENTERING
        or (frame.f_code.co_flags & _GENERATOR and _is_contextlib(frame.f_back))
    ):
        frame = frame.f_back
    return frame


def _is_contextlib(frame: FrameType) -> bool:
    return frame.f_globals.get("__name__") == contextmanager.__module__


def _warn(opener: FrameType, message: str) -> None:
    """Warn at the ``with`` statement; without a registry no warning counts as repeated."""
    warnings.warn_explicit(
        message,
        ScopeWarning,
        filename=opener.f_code.co_filename,
        lineno=opener.f_lineno,
        module=opener.f_globals.get("__name__"),
        registry=None,
    )
