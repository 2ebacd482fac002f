"""Targets: a live Cards API or the sandbox, and the isolated environments that tests use."""

from pytest_atomic_cards.model.settings import SANDBOX_URL
from pytest_atomic_cards.targets.base import Target, world_on
from pytest_atomic_cards.targets.factory import open_target, sandbox_world
from pytest_atomic_cards.targets.live_target import LiveTarget
from pytest_atomic_cards.targets.sandbox_target import SandboxTarget

__all__ = [
    "SANDBOX_URL",
    "LiveTarget",
    "SandboxTarget",
    "Target",
    "open_target",
    "sandbox_world",
    "world_on",
]
