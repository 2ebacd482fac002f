"""A target on cassettes: recorded, replayed or verified."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_atomic_cards.client.overlap import Listener
from pytest_atomic_cards.model.settings import Settings
from pytest_atomic_cards.recordings.cassettes.suite_recorder import CassetteRecorder
from pytest_atomic_cards.targets.cards_fixture import Cards
from pytest_atomic_cards.targets.factory import open_target
from pytest_atomic_cards.targets.live_target import LiveTarget
from pytest_atomic_cards.targets.run_context import RunContext
from pytest_atomic_cards.targets.sandbox_target import SandboxTarget
from pytest_atomic_cards.targets.seeding.clean_up import CleanUp

if TYPE_CHECKING:
    from pytest_atomic_cards.recordings.cassettes.manager import CassetteManager


class CassetteTarget:
    """The target of the settings, recorded or verified; in a replay the recorded target.

    Args:
        settings: The settings.
        manager: The cassettes.
        context: What the targets of a run share.
    """

    def __init__(
        self,
        settings: Settings,
        manager: CassetteManager,
        context: RunContext | None = None,
    ) -> None:
        self.recorder = CassetteRecorder(manager)
        self.listeners: list[Listener] = []
        self._settings = settings
        self._context = context or RunContext()
        self._targets: dict[str, SandboxTarget | LiveTarget] = {}

    @property
    def settings(self) -> Settings:
        """The settings of the run; in a replay, those of the recordings.

        Raises:
            CassetteError: There is no recording to replay.
        """
        return self.recorder.settings_of_run(self._settings)

    def open_world(self) -> Cards:
        """A new isolated environment; in a replay the one of the current cassette.

        Raises:
            CassetteError: There is no recording to replay.
        """
        replayed = self.recorder.is_replayed
        settings = self.recorder.settings_of_world(self._settings)
        target = self._targets.get(key := f"{replayed} {self.recorder.has_target} {settings}")
        if target is None:
            context = replace(self._context, token_cache=None) if replayed else self._context
            target = open_target(settings, context, self.recorder)
            self._targets[key] = target
        target.listeners += (one for one in self.listeners if one not in target.listeners)
        return target.open_world()

    def close(self) -> CleanUp:
        """Clean up cards that arrived late; this is never recorded."""
        with self.recorder.paused():
            return CleanUp.of([target.close() for target in self._targets.values()])
