"""Finds recordings that are orphaned, only partly played, or expired.

Only what is certain is reported: nothing about a test that did not run to its end and pass, or
about a module that was not collected completely.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path, PurePath
from typing import Any, Final, Self

from pytest_atomic_cards.recordings.cassettes.cassette_reader import (
    RECORD_AGAIN,
    SUFFIXES,
    name_in,
    read_content,
)
from pytest_atomic_cards.recordings.cassettes.metadata import UNKNOWN_TIME
from pytest_atomic_cards.support.clock import REAL_CLOCK
from pytest_atomic_cards.support.errors import CassetteError

SUITE: Final = "suite "
"""Prefix of the owner of a recording that belongs to the contract suite."""

FIXTURE: Final = "fixture "
"""Prefix of an owner that is a fixture, not a test."""

OF: Final = " of "
"""Separates a fixture from the scope that shares it."""

SESSION: Final = "the session"
"""The scope of a fixture that all tests share."""


@dataclass(frozen=True, slots=True)
class Playback:
    """How a recording was played.

    Args:
        path: Its file, relative to the cassette directory.
        owner: The test or fixture that it belongs to.
        count: The number of its exchanges.
        unplayed: How many of them were not played; ``None`` if it was not replayed.
        first: The first unplayed one.
        recorded_at: When it was recorded, ISO 8601; it may be unknown.
    """

    path: str
    owner: str
    count: int
    unplayed: int | None
    first: str
    recorded_at: str


@dataclass(slots=True)
class Collected:
    """The tests that a process collected.

    Args:
        paths: The files of recordings that collected tests have or would have, relative to the
            cassette directory.
        modules: The modules whose tests were all collected.
        whole: Whether all tests of the project were collected and none was deselected.
    """

    paths: set[str] = field(default_factory=set)
    modules: set[str] = field(default_factory=set)
    whole: bool = False

    def as_json(self) -> dict[str, Any]:
        """A form that can be sent between processes."""
        return {key: sorted(v) if isinstance(v, set) else v for key, v in asdict(self).items()}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Read what :meth:`as_json` wrote."""
        return cls(set(values["paths"]), set(values["modules"]), values["whole"])


@dataclass(frozen=True, slots=True)
class Shortcoming:
    """Something wrong with a recording although tests pass.

    Args:
        kind: ``orphaned``, ``unplayed`` or ``expired``.
        path: The file, relative to the cassette directory.
        problem: What is wrong, and how to fix it.
    """

    kind: str
    path: str
    problem: str


def orphans(
    directory: Path,
    root: Path,
    collected: Collected,
    played: Collection[str],
    *,
    of_suite: bool,
    passed: bool,
) -> Iterator[Shortcoming]:
    """The recordings whose test or fixture no longer exists.

    Args:
        directory: The cassette directory.
        root: The directory that module names are relative to.
        collected: The collected tests.
        played: The files that were played.
        of_suite: Whether the contract suite runs; then recordings of other tests are not judged.
        passed: Whether all collected tests ran and passed.
    """
    known = collected.paths | set(played)
    for path in sorted(path for suffix in SUFFIXES for path in directory.rglob(f"*{suffix}")):
        name = name_in(directory, path)
        if name in known:
            continue
        try:
            recorded = read_content(path).recorded
        except CassetteError as error:
            yield Shortcoming("orphaned", name, f"{error}; no test plays it")
            continue
        owner = recorded.test
        if recorded.is_foreign and not of_suite:
            if collected.whole or _is_named_after_others(name, root, collected):
                yield Shortcoming("orphaned", name, "no test plays it; remove the file")
            continue
        if not owner or owner.startswith(SUITE) != of_suite:
            continue
        if _is_gone(owner.removeprefix(SUITE), root, collected, passed=passed):
            problem = f"{owner} no longer exists; remove the file"
            yield Shortcoming("orphaned", name, problem)


def _is_named_after_others(name: str, root: Path, collected: Collected) -> bool:
    """Whether a recording is named after a test module that is gone, or has no such test."""
    modules = [f"{parent.as_posix()}.py" for parent in PurePath(name).parents if parent.name]
    return any(module in collected.modules for module in modules) or any(
        PurePath(module).name.startswith("test_") and not (root / module).exists()
        for module in modules[-1:]
    )


def _is_gone(owner: str, root: Path, collected: Collected, *, passed: bool) -> bool:
    is_fixture = owner.startswith(FIXTURE)
    node = owner.partition(OF)[2] if is_fixture else owner
    module = "" if node == SESSION else node.partition("::")[0]
    if module and not (root / module).exists():
        return True
    if is_fixture:
        return collected.whole and passed
    return module in collected.modules


def unplayed(uses: Collection[Playback]) -> Iterator[Shortcoming]:
    """The recordings with exchanges that were not played."""
    for use in uses:
        if use.unplayed:
            problem = (
                f"{use.unplayed} of {use.count} exchanges were not played by {use.owner}, the "
                f"first {use.first}; {RECORD_AGAIN} if the test is right"
            )
            yield Shortcoming("unplayed", use.path, problem)


def expired(uses: Collection[Playback], days: int | None) -> Iterator[Shortcoming]:
    """The recordings that are older than a number of days."""
    now = REAL_CLOCK.now()
    for use in uses:
        at = datetime.fromisoformat(use.recorded_at)
        age = now - at
        if days is not None and age > timedelta(days=days) and at != UNKNOWN_TIME:
            problem = f"recorded {age.days} days ago, which is more than {days}; {RECORD_AGAIN}"
            yield Shortcoming("expired", use.path, problem)
