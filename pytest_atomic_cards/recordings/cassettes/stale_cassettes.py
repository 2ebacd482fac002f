"""Hygiene: recordings that nothing plays any more, that are played in part, or that are old.

Only what is certain is said: nothing of a test that did not run to its end and pass, and nothing
of a module that was not collected as a whole.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, Self

from pytest_atomic_cards.recordings.cassettes.cassette_reader import SUFFIXES, name_in, read_content
from pytest_atomic_cards.support.clock import REAL_CLOCK
from pytest_atomic_cards.support.errors import CassetteError

SUITE: Final = "suite "
"""How the owner of a recording begins that belongs to the contract suite."""

FIXTURE: Final = "fixture "
"""How the owner of a recording goes on that belongs to a fixture and not to a test."""

OF: Final = " of "
"""Stands between a fixture and what shares it."""

SESSION: Final = "the session"
"""Shares a fixture among all tests."""

_ANEW: Final = "record it anew with --cards-cassettes record"


@dataclass(frozen=True, slots=True)
class Playback:
    """How a recording was played.

    Args:
        path: Its file, below the directory where recordings are kept.
        owner: The test or fixture that it belongs to.
        count: How many exchanges it holds.
        unplayed: How many of them were not played, or ``None`` where it was not replayed.
        first: The first of these.
        recorded_at: When it was recorded, ISO 8601.
    """

    path: str
    owner: str
    count: int
    unplayed: int | None
    first: str
    recorded_at: str


@dataclass(slots=True)
class Collected:
    """What a process knows of the tests that there are.

    Args:
        paths: The files of the recordings that collected tests have or would have, below the
            directory where they are kept.
        modules: The modules whose tests were collected without exception.
        whole: Whether all tests of the project were collected, and none was set aside.
    """

    paths: set[str] = field(default_factory=set)
    modules: set[str] = field(default_factory=set)
    whole: bool = False

    def as_json(self) -> dict[str, Any]:
        """In a form that travels between processes."""
        return {key: sorted(v) if isinstance(v, set) else v for key, v in asdict(self).items()}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """From that form."""
        return cls(set(values["paths"]), set(values["modules"]), values["whole"])


@dataclass(frozen=True, slots=True)
class Shortcoming:
    """Something that is wrong with a recording although tests pass.

    Args:
        kind: ``orphaned``, ``unplayed`` or ``expired``.
        path: The file, below the directory where recordings are kept.
        told: What is wrong, and how to mend it.
    """

    kind: str
    path: str
    told: str


def orphans(
    directory: Path,
    root: Path,
    collected: Collected,
    played: Collection[str],
    *,
    of_suite: bool,
    passed: bool,
) -> Iterator[Shortcoming]:
    """The recordings that belong to no test and no fixture any more.

    Args:
        directory: Where recordings are kept.
        root: What modules are named from.
        collected: The tests that there are.
        played: The files that were played.
        of_suite: Whether the tests are those of the contract suite, which says nothing of others.
        passed: Whether all tests that there are ran and passed.
    """
    known = collected.paths | set(played)
    for path in sorted(path for suffix in SUFFIXES for path in directory.rglob(f"*{suffix}")):
        name = name_in(directory, path)
        if name in known:
            continue
        try:
            owner = read_content(path).recorded.test
        except CassetteError as error:
            yield Shortcoming("orphaned", name, f"{error}; no test plays it")
            continue
        if not owner or owner.startswith(SUITE) != of_suite:
            continue
        if _is_gone(owner.removeprefix(SUITE), root, collected, passed=passed):
            told = f"there is no {owner} any more that would play it; remove the file"
            yield Shortcoming("orphaned", name, told)


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
    """The recordings of which some exchanges were not played."""
    for use in uses:
        if use.unplayed:
            told = (
                f"{use.unplayed} of {use.count} exchanges were not played by {use.owner}, the "
                f"first {use.first}; {_ANEW} if the test is right"
            )
            yield Shortcoming("unplayed", use.path, told)


def expired(uses: Collection[Playback], days: int | None) -> Iterator[Shortcoming]:
    """The recordings that are older than so many days."""
    now = REAL_CLOCK.now()
    for use in uses:
        age = now - datetime.fromisoformat(use.recorded_at)
        if days is not None and age > timedelta(days=days):
            told = f"recorded {age.days} days ago, which is more than {days}; {_ANEW}"
            yield Shortcoming("expired", use.path, told)
