"""Uses of one cassette at a time, as by a contract."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pytest_atomic_cards.model.settings import Mode, Settings
from pytest_atomic_cards.recordings.cassettes.cassette_target import CassetteTarget
from pytest_atomic_cards.recordings.cassettes.manager import CassetteManager
from pytest_atomic_cards.targets.cards_fixture import Cards


class Recordings:
    """Uses one cassette at a time, as a contract does."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def play(
        self, mode: Mode, use: Callable[[Cards], Any], settings: Settings | None = None
    ) -> Any:  # noqa: ANN401 - of any type
        """What the use of a new world gives, recorded or replayed."""
        manager = CassetteManager(mode, self.directory)
        target = CassetteTarget(settings or Settings(), manager)
        with manager.use_cassette("part"):
            return use(target.open_world())

    @property
    def document(self) -> dict[str, Any]:
        """The recording."""
        document: dict[str, Any] = json.loads((self.directory / "part.json").read_text("utf-8"))
        return document
