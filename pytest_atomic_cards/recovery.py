"""Recovery: cleans up after runs that died, from the journals that they left."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from pytest_atomic_cards.client.deadline import Deadline
from pytest_atomic_cards.seeding.journal import (
    Record,
    journal_directory,
    leftovers,
    owned,
    target_name,
)
from pytest_atomic_cards.settings import Settings
from pytest_atomic_cards.targets import LiveTarget

Tell = Callable[[str], None]


def recover(
    settings: Settings, chosen: Path | None, tell: Tell, deadline: Deadline | None = None
) -> bool:
    """Cancel what runs that died have left open on a live target.

    Args:
        settings: The target, and where journals lie.
        chosen: The journal of one run; all of this target that no run is using if left out.
        tell: Takes one line after the other of what was done and what could not be.
        deadline: When nothing more is sent; none if left out.

    Returns:
        Whether nothing is left; a journal of which something is left is kept.

    Raises:
        SettingsError: A journal cannot be read.
        MisuseError: A journal is of another target.
        AtomicCardsError: The target does not let us in.
    """
    target = target_name(settings)
    paths = [chosen] if chosen else leftovers(journal_directory(settings), target)
    if not paths:
        tell(f"no run has left anything to clean up on {target}")
    done = [_recover_one(settings, path, tell, deadline) for path in paths]
    return all(done)


def _recover_one(settings: Settings, path: Path, tell: Tell, deadline: Deadline | None) -> bool:
    record = Record.read(path)
    with owned(path) as free:
        if not free:
            tell(f"{path}: a run is using it, which cleans up by itself")
            return False
        cleaner = LiveTarget(settings, deadline=deadline).take_over(record)
        report = cleaner.finish()
        tell(f"{path}: {_count(record.starts)}, {cleaner.cancelled} card(s) cancelled")
        for text in (*report.left_open, *report.waiting):
            tell(f"  left: {text}")
        if report.left_open or report.waiting:
            tell("  the journal is kept; run atomic-cards clean again when they can be cancelled")
            return False
        path.unlink()
        return True


def _count(starts: Sequence[object]) -> str:
    return f"{len(starts)} start{'' if len(starts) == 1 else 's'}"
