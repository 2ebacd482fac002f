"""Recovery: cleans up after runs that crashed, from the journals that they left."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from pytest_atomic_cards.model.settings import Settings
from pytest_atomic_cards.support.clock import REAL_CLOCK
from pytest_atomic_cards.support.errors import MisuseError
from pytest_atomic_cards.support.suggestions import nearby
from pytest_atomic_cards.targets import LiveTarget
from pytest_atomic_cards.targets.run_context import RunContext
from pytest_atomic_cards.targets.seeding.journal import (
    Record,
    journal_directory,
    leftovers,
    name_of,
    owned,
    target_name,
)
from pytest_atomic_cards.targets.seeding.starts import Start

Report = Callable[[str], None]

_SETTLED: Final = 10.0
"""Seconds after a crash until its run is cleaned up: a flow may send a further card some seconds
after the one that was requested, and nothing announces it."""


def recover(
    settings: Settings,
    chosen: Path | None,
    report_line: Report,
    discarded: Sequence[str] = (),
    *,
    context: RunContext | None = None,
) -> bool:
    """Cancel what crashed runs have left open on a live target.

    Args:
        settings: The target, and where journals lie.
        chosen: The journal of one run; all of this target that no run is using if left out.
        report_line: Called with each line of the report.
        discarded: Ids of starts to forget, as an earlier call has reported them.
        context: When to stop, and what is known to be down.

    Returns:
        Whether nothing is left. If something is, the journal is kept.

    Raises:
        SettingsError: A journal cannot be read.
        MisuseError: A journal is of another target, or a start to discard is in none.
        AtomicCardsError: The target denies access.
    """
    target = target_name(settings)
    paths = [chosen] if chosen else leftovers(journal_directory(settings), target)
    if not paths:
        report_line(f"no run has left anything to clean up on {target}")
    _refuse_unknown(discarded, paths)
    done = [_recover_one(settings, path, report_line, discarded, context) for path in paths]
    return all(done)


def _refuse_unknown(discarded: Sequence[str], paths: Sequence[Path]) -> None:
    known = [_id(path, start) for path in paths for start in Record.read(path).starts]
    for name in discarded:
        if name not in known:
            raise MisuseError(
                f"--discard {name}: no journal holds such a start{nearby(name, known)}"
            )


def _recover_one(
    settings: Settings,
    path: Path,
    report_line: Report,
    discarded: Sequence[str],
    context: RunContext | None,
) -> bool:
    record = Record.read(path)
    with owned(path) as free:
        if not free:
            report_line(f"{path}: a run is using it, which cleans up automatically")
            return False
        target = LiveTarget(settings, context)
        gone = [start for start in record.starts if _id(path, start) in discarded]
        cleaner = target.take_over(record)
        for start in gone:
            cleaner.register.withdraw(start)
            report_line(f"discarded {_id(path, start)}: {_described(start)}")
        cleaner.api.session.clock.sleep(_SETTLED - _age_of(path))
        report = cleaner.finish()
        report_line(
            f"{path}: {_count(cleaner.register.starts)}, {cleaner.cancelled} card(s) cancelled"
        )
        for text in (*report.left_open, *report.waiting):
            report_line(f"  left: {text}")
        if report.left_open or report.waiting:
            report_line(
                "  the journal is kept; run atomic-cards clean again when they can be cancelled, "
                "or give a start up with --discard and its id"
            )
            return False
        path.unlink()
        return True


def _age_of(path: Path) -> float:
    """Seconds since a journal was last written to."""
    return REAL_CLOCK.timestamp() - path.stat().st_mtime


def _id(path: Path, start: Start) -> str:
    return f"{name_of(path)}-{start.number}"


def _described(start: Start) -> str:
    customers = ", ".join(dict.fromkeys((*start.users, *start.others)))
    became = f"invocation {start.invocation}" if start.invocation else "no known invocation"
    return f"a start of {start.count} card(s) for {customers}, which became {became}"


def _count(starts: Sequence[object]) -> str:
    return f"{len(starts)} start{'' if len(starts) == 1 else 's'}"
