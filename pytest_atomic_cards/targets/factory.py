"""Opening the target that settings name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from pytest_atomic_cards.model.profile import Profile
from pytest_atomic_cards.model.settings import Settings, TargetKind
from pytest_atomic_cards.support.recorder import NULL_RECORDER, Recorder
from pytest_atomic_cards.targets.base import world_on
from pytest_atomic_cards.targets.cards_fixture import Cards
from pytest_atomic_cards.targets.live_target import LiveTarget
from pytest_atomic_cards.targets.run_context import RunContext
from pytest_atomic_cards.targets.sandbox_target import SandboxTarget


def open_target(
    settings: Settings, context: RunContext | None = None, recorder: Recorder = NULL_RECORDER
) -> SandboxTarget | LiveTarget:
    """The target that the settings name.

    Args:
        settings: The settings.
        context: What it shares with the rest of the run.
        recorder: Records it, or replays it.
    """
    if settings.target is TargetKind.LIVE:
        return LiveTarget(settings, context, recorder)
    return SandboxTarget(settings, recorder, deadline=context.deadline if context else None)


@contextmanager
def sandbox_world(profile: Profile | None = None, faults: Sequence[str] = ()) -> Iterator[Cards]:
    """An isolated sandbox with a given behaviour, whatever the settings of the run are.

    Args:
        profile: Its answers to the open questions.
        faults: Names of its faults.

    Raises:
        MisuseError: There is no such fault.
    """
    with world_on(SandboxTarget(Settings(fault=tuple(faults)), profile=profile)) as world:
        yield world
