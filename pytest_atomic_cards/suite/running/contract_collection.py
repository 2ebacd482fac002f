"""Collecting: which tests decide what, without running them."""

from __future__ import annotations

import contextlib
import io
from typing import Final

import pytest

from pytest_atomic_cards.suite.running.suite_runner import PYTEST_ARGUMENTS, TERMINAL_ARGUMENTS
from pytest_atomic_cards.support.errors import MisuseError

_ARGUMENTS: Final = (
    *PYTEST_ARGUMENTS,
    *TERMINAL_ARGUMENTS,
    "--collect-only",
    "--cards-target=sandbox",
)


class _Collector:
    def __init__(self) -> None:
        self.items: list[pytest.Item] = []

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self.items += session.items


def collected(place: str) -> list[pytest.Item]:
    """The tests at a place: a directory, a file or a node id with its absolute path.

    Raises:
        MisuseError: There is no test, or the settings in the environment cannot be used.
    """
    collector = _Collector()
    said = io.StringIO()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(said):
        code = pytest.main([*_ARGUMENTS, place], plugins=[collector])
    if code != pytest.ExitCode.OK:
        why = " ".join(said.getvalue().split()) or f"pytest ended with {code}"
        raise MisuseError(f"the tests at {place} cannot be read: {why}")
    return collector.items
