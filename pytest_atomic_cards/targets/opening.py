"""Opening the target that settings name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pytest_atomic_cards.profile import Profile
from pytest_atomic_cards.settings import Settings, TargetKind
from pytest_atomic_cards.tape import NO_TAPE, Tape
from pytest_atomic_cards.targets.embedded import SandboxTarget
from pytest_atomic_cards.targets.live import LiveTarget
from pytest_atomic_cards.targets.run_context import RunContext
from pytest_atomic_cards.targets.target import Target, world_on
from pytest_atomic_cards.world import Cards

if TYPE_CHECKING:
    from pytest_atomic_cards.cassettes.deck import Deck


def open_target(
    settings: Settings,
    context: RunContext | None = None,
    deck: Deck | None = None,
) -> Target:
    """The target that the settings name, or in a replay the ones that were recorded.

    Args:
        settings: The settings.
        context: What it shares with the rest of the run.
        deck: The cassettes, if there are any.
    """
    if deck is not None:
        from pytest_atomic_cards.targets.recorded import (  # noqa: PLC0415 - imports vcrpy
            RecordedTarget,
        )

        return RecordedTarget(settings, deck, context)
    return open_on(settings, context, NO_TAPE)


def open_on(
    settings: Settings, context: RunContext | None, tape: Tape
) -> SandboxTarget | LiveTarget:
    """The target that the settings name, on a tape."""
    if settings.target is TargetKind.LIVE:
        return LiveTarget(settings, context, tape)
    return SandboxTarget(settings, tape, deadline=context.deadline if context else None)


@contextmanager
def sandbox_world(profile: Profile | None = None, faults: Sequence[str] = ()) -> Iterator[Cards]:
    """A world on a sandbox that behaves as told, whatever the settings of the run are.

    Args:
        profile: Its answers to the open questions.
        faults: Names of its faults.

    Raises:
        MisuseError: There is no such fault.
    """
    with world_on(SandboxTarget(Settings(fault=tuple(faults)), profile=profile)) as world:
        yield world
