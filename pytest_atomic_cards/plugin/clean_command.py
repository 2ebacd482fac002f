"""The command ``atomic-cards clean``: pytest reads the settings, and no test is run."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

import pytest

from pytest_atomic_cards.client.deadline import Deadline
from pytest_atomic_cards.model.settings import Settings
from pytest_atomic_cards.plugin.run_settings import resolved_settings
from pytest_atomic_cards.plugin.target_parts import named_application
from pytest_atomic_cards.reporting.console import Console, written_to
from pytest_atomic_cards.suite.running.suite_runner import PYTEST_ARGUMENTS
from pytest_atomic_cards.support.errors import SettingsError
from pytest_atomic_cards.support.interruption import Interruption
from pytest_atomic_cards.targets.application import in_process
from pytest_atomic_cards.targets.recovery import recover
from pytest_atomic_cards.targets.run_context import RunContext
from pytest_atomic_cards.targets.time_limit import TimeLimit

_LIVE = ("--cards-target", "live", "--cards-cassettes", "off")


def clean_up(journal: Path | None, discarded: Sequence[str], options: Sequence[str]) -> int:
    """Cancel what crashed runs have left open on the live target that the settings name.

    Args:
        journal: Journal of one run; all of the target if ``None``.
        discarded: Ids of starts to forget.
        options: Options of pytest.

    Returns:
        The exit code.
    """
    asked = _Asked()
    code = pytest.main([*PYTEST_ARGUMENTS, "--noconftest", *_LIVE, *options], [asked])
    if asked.settings is None:
        return int(code)
    limit = TimeLimit(Deadline(), seconds=asked.settings.max_time or math.inf)
    interruption = Interruption(limit.interrupt)
    console = Console(written_to(sys.stdout))
    app = named_application(asked.settings)
    with (
        interruption.handled(),
        interruption.shielded(),
        in_process(app) if app else nullcontext() as adapter,
    ):
        done = recover(
            asked.settings,
            journal,
            console.line,
            discarded=discarded,
            context=RunContext(deadline=limit.deadline, app=adapter),
        )
    return 0 if done else 1


class _Asked:
    """Takes the settings that a run would have, and ends it before it starts."""

    settings: Settings | None = None

    def pytest_cmdline_main(self, config: pytest.Config) -> int:
        if unknown := config.getoption("file_or_dir"):
            raise SettingsError(f"clean takes no argument {unknown[0]!r}; see --journal")
        settings = resolved_settings(config)
        if not settings.is_live:
            raise SettingsError(
                "clean acts on a live target: leave out --cards-target sandbox and --cards-dry-run"
            )
        self.settings = settings
        return 0
