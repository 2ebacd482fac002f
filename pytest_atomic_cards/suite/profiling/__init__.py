"""Profiling: how a target behaves where the documentation leaves a question open."""

from __future__ import annotations

from pytest_atomic_cards.suite.profiling import (  # noqa: F401 - they register their observers
    action_questions,
    authentication_questions,
    creation_questions,
    form_questions,
    lifecycle_questions,
    listing_questions,
    matching_questions,
)
from pytest_atomic_cards.suite.profiling.context import ProfilingContext
from pytest_atomic_cards.suite.profiling.observers import OBSERVERS, WAITING, Observer

__all__ = ["OBSERVERS", "WAITING", "Observer", "ProfilingContext"]
