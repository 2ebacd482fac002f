"""A target on cassettes: recorded, replayed or verified."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_atomic_cards.client.session import Listener
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
    """The target that the settings name, on cassettes; or in a replay whatever was recorded.

    Args:
        settings: The settings.
        manager: The cassettes.
        context: What it shares with the rest of the run.
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
        """A new world of cards, or in a replay the one that the current cassette has.

        Raises:
            CassetteError: There is no recording to replay.
        """
        replayed = self.recorder.is_replayed
        settings = self.recorder.settings_of_world(self._settings)
        target = self._targets.get(key := f"{replayed} {settings}")
        if target is None:
            context = replace(self._context, token_cache=None) if replayed else self._context
            target = open_target(settings, context, self.recorder)
            self._targets[key] = target
        target.listeners += (one for one in self.listeners if one not in target.listeners)
        return target.open_world()

    def close(self) -> CleanUp:
        """Clean up what arrived late; no recording holds it."""
        with self.recorder.paused():
            return CleanUp.of([target.close() for target in self._targets.values()])
