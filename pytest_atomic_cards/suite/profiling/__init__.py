"""Observers: how a target behaves where the documentation leaves a question open."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from pytest_atomic_cards.suite.profiling import (
    action_questions,
    authentication_questions,
    creation_questions,
    form_questions,
    lifecycle_questions,
    listing_questions,
    matching_questions,
)
from pytest_atomic_cards.suite.profiling.context import Observer, ProfilingContext

OBSERVERS: Final[Mapping[str, Observer]] = MappingProxyType(
    {
        **matching_questions.OBSERVERS,
        **listing_questions.OBSERVERS,
        **action_questions.OBSERVERS,
        **lifecycle_questions.OBSERVERS,
        **authentication_questions.OBSERVERS,
        **creation_questions.OBSERVERS,
        **form_questions.OBSERVERS,
    }
)
"""The observer of each open question, by the question's name."""

WAITING: Final = frozenset(
    {
        "expiry_while_embargoed",
        "expiry_while_snoozed",
        "updated_by_system",
        "delivery_options",
    }
)
"""The questions that can be answered only after some time."""

__all__ = ["OBSERVERS", "WAITING", "Observer", "ProfilingContext"]
