"""Targets: what the settings name, and the worlds of cards that are opened on it."""

from pytest_atomic_cards.targets.embedded import SANDBOX_URL, SandboxTarget
from pytest_atomic_cards.targets.live import LiveTarget
from pytest_atomic_cards.targets.opening import open_target, sandbox_world
from pytest_atomic_cards.targets.target import Target, world_on

__all__ = [
    "SANDBOX_URL",
    "LiveTarget",
    "SandboxTarget",
    "Target",
    "open_target",
    "sandbox_world",
    "world_on",
]
