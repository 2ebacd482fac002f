"""Tracebacks: an error that a call of ours raises on purpose ends at the line of the test."""

from __future__ import annotations

from typing import Final

import pytest

from pytest_atomic_cards.support.errors import AtomicCardsError

_PACKAGE: Final = __name__.partition(".")[0]
_RUNNERS: Final = {"_pytest", "pluggy"}
_RAISED_ON_PURPOSE: Final = (AtomicCardsError, TimeoutError)
"""``TimeoutError`` is what ``cards.wait_for`` raises."""


def end_at_the_test(call: pytest.CallInfo[None]) -> None:
    """Hide the frames from the first one of this package on, as ``__tracebackhide__`` does."""
    if call.excinfo is None or not isinstance(call.excinfo.value, _RAISED_ON_PURPOSE):
        return
    frames = [entry.frame for entry in call.excinfo.traceback]
    packages = [frame.f_globals.get("__name__", "").partition(".")[0] for frame in frames]
    runner = max((i for i, package in enumerate(packages) if package in _RUNNERS), default=-1)
    called = packages[runner + 1 :]
    # If pytest called us itself, the error is a fixture's and no line of a test caused it.
    if _PACKAGE in called and called[0] != _PACKAGE:
        for frame in frames[runner + 1 + called.index(_PACKAGE) :]:
            frame.raw.f_locals["__tracebackhide__"] = True
