"""The observers of the open questions, which register themselves by a decorator.

An observer has the name of its question, asks the target, and returns the answer in the words of
the profile. A question therefore takes an entry in :mod:`pytest_atomic_cards.model.profile`, the
behaviour of the sandbox, and an observer.
"""

from __future__ import annotations

from collections.abc import Callable

from pytest_atomic_cards.suite.profiling.context import ProfilingContext

Observer = Callable[[ProfilingContext], str]
"""Observes how a target answers one open question; returns the answer in the profile's words."""

OBSERVERS: dict[str, Observer] = {}
"""The observer of each open question, by the question's name."""

WAITING: set[str] = set()
"""The questions that can be answered only after some time."""


def observer(function: Observer) -> Observer:
    """Make a function the observer of the question with its name."""
    OBSERVERS[function.__name__] = function
    return function


def late_observer(function: Observer) -> Observer:
    """The same, for a question that can be answered only after some time: it is asked last."""
    WAITING.add(function.__name__)
    return observer(function)
