"""A stateful, steerable Cards API: the default target."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_atomic_cards.sandbox.app import Sandbox
from pytest_atomic_cards.sandbox.authorization import Credential
from pytest_atomic_cards.sandbox.card_record import CardRecord
from pytest_atomic_cards.sandbox.environment import Environment
from pytest_atomic_cards.sandbox.faults import FAULTS
from pytest_atomic_cards.sandbox.sandbox_clock import SandboxClock

if TYPE_CHECKING:
    from pytest_atomic_cards.sandbox.in_process_adapter import SandboxAdapter

__all__ = [
    "FAULTS",
    "CardRecord",
    "Credential",
    "Environment",
    "Sandbox",
    "SandboxAdapter",
    "SandboxClock",
]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - a class
    if name == "SandboxAdapter":  # imports requests, which the rest does without
        from pytest_atomic_cards.sandbox.in_process_adapter import SandboxAdapter  # noqa: PLC0415

        return SandboxAdapter
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
