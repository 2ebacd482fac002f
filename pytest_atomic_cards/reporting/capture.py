"""Writing past pytest's capture of output."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest


@contextmanager
def uncaptured(config: pytest.Config) -> Iterator[None]:
    """What is written reaches the terminal, not the captured output of a test."""
    manager = config.pluginmanager.getplugin("capturemanager")
    if manager is None:
        yield
    else:
        with manager.global_and_fixture_disabled():
            yield
