"""Opening the target that settings name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_atomic_cards.profile import Profile
from pytest_atomic_cards.settings import Settings, TargetKind
from pytest_atomic_cards.tape import NO_TAPE, Tape
from pytest_atomic_cards.targets.embedded import SandboxTarget
from pytest_atomic_cards.targets.live import LiveTarget
from pytest_atomic_cards.targets.target import Target, world_on
from pytest_atomic_cards.world import Cards

if TYPE_CHECKING:
    from pytest_atomic_cards.cassettes.deck import Deck
    from pytest_atomic_cards.client.deadline import Deadline


def open_target(
    settings: Settings,
    token_cache: Path | None = None,
    deck: Deck | None = None,
    workers: int = 1,
    deadline: Deadline | None = None,
) -> Target:
    """The target that the settings name, or in a replay the ones that were recorded.

    Args:
        settings: The settings.
        token_cache: As for :class:`LiveTarget`.
        deck: The cassettes, if there are any.
        workers: As for :class:`LiveTarget`.
        deadline: As for :class:`LiveTarget`.
    """
    if deck is not None:
        from pytest_atomic_cards.targets.recorded import (  # noqa: PLC0415 - imports vcrpy
            RecordedTarget,
        )

        return RecordedTarget(settings, token_cache, deck, workers, deadline)
    return open_on(settings, token_cache, NO_TAPE, workers, deadline)


def open_on(
    settings: Settings,
    cache: Path | None,
    tape: Tape,
    workers: int,
    deadline: Deadline | None = None,
) -> SandboxTarget | LiveTarget:
    """The target that the settings name, on a tape."""
    if settings.target is TargetKind.LIVE:
        return LiveTarget(settings, cache, tape, workers, deadline)
    return SandboxTarget(settings, tape, deadline=deadline)


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
