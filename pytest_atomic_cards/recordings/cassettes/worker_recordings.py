"""Recordings of worker processes on other machines, which the controller writes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest

from pytest_atomic_cards.support.files import write_text

if TYPE_CHECKING:
    from pytest_atomic_cards.recordings.cassettes.manager import CassetteManager

ELSEWHERE: Final = "atomic_cards_elsewhere"
"""Key of ``workerinput``: whether the worker is on another machine or in another directory."""
_RECORDED: Final = "atomic_cards_recorded"


def send_to_controller(config: pytest.Config, manager: CassetteManager) -> None:
    """Move the recordings of a remote worker process to the controller."""
    if getattr(config, "workerinput", {}).get(ELSEWHERE):
        config.workeroutput[_RECORDED] = {  # type: ignore[attr-defined] # of pytest-xdist
            manager.name_of(path): path.read_text("utf-8") for path in manager.saved
        }
        for path in manager.saved:
            path.unlink()


def receive_from_worker(node: Any, manager: CassetteManager) -> None:  # noqa: ANN401 - of pytest-xdist
    """Write the recordings of a remote worker process.

    Raises:
        SettingsError: A file cannot be written.
    """
    for name, text in getattr(node, "workeroutput", {}).get(_RECORDED, {}).items():
        write_text(manager.directory / name, text)
