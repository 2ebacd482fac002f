"""Journal: what a live run has started, on disk, so that a crashed run can be cleaned up after.

Each start is written down before its request is sent, and the file is removed once everything is
cleaned up. It lies in the user's state directory: there it is not committed by accident, outlives a
fresh checkout, and is found from any directory that ``atomic-cards clean`` is called in.
"""

from __future__ import annotations

import errno
import json
import os
import secrets
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from tempfile import gettempdir
from typing import Any, Final, Self

from filelock import BaseFileLock

from pytest_atomic_cards.model.lifecycle import Status
from pytest_atomic_cards.model.settings import Settings
from pytest_atomic_cards.support.clock import REAL_CLOCK
from pytest_atomic_cards.support.errors import MisuseError, SettingsError
from pytest_atomic_cards.support.file_locks import (
    PRIVATE_DIRECTORY,
    PRIVATE_FILE,
    acquire,
    lock_of,
)
from pytest_atomic_cards.support.printable import shell_word
from pytest_atomic_cards.targets.seeding.backend import is_generated
from pytest_atomic_cards.targets.seeding.starts import Start

_FORMAT: Final = 1
_SUFFIX: Final = ".jsonl"


@dataclass(slots=True)
class Journal:
    """The starts of one process against one target. Nothing is written before the first.

    Args:
        directory: Where it lies.
        target: Names the target; see :func:`target_name`.
    """

    directory: Path
    target: str
    path: Path | None = field(default=None, init=False)
    _lock: BaseFileLock | None = field(default=None, init=False)
    _known: set[str] = field(default_factory=set, init=False)

    @classmethod
    def resume(cls, record: Record) -> Self:
        """A journal that was left behind, to be continued by its owner; see :func:`owned`."""
        journal = cls(record.path.parent, record.target)
        journal.path = record.path
        content = record.path.read_bytes()
        if not content.endswith(b"\n"):  # a crash cut the last line off
            os.truncate(record.path, content.rfind(b"\n") + 1)
        return journal

    @property
    def name(self) -> str:
        """A short, unique name; empty before the first start."""
        return name_of(self.path) if self.path else ""

    def unknown(self, keys: Iterable[str]) -> list[str]:
        """The keys among some that no earlier entry holds."""
        new = sorted(set(keys) - self._known)
        self._known.update(new)
        return new

    def write(self, *, sync: bool = False, **entry: Any) -> None:  # noqa: ANN401 - JSON values
        """Append an entry, which then survives this process.

        Args:
            sync: Whether it must survive a crash of the machine, too.
            **entry: JSON values.

        Raises:
            SettingsError: It cannot be written.
        """
        try:
            path = self.path or self._begin()
            _append(path, entry, sync=sync)
        except OSError as error:
            raise SettingsError(
                f"the journal of what this run seeds cannot be written in {self.directory} "
                f"({error.strerror}); name a directory that can with ATOMIC_CARDS_JOURNAL"
            ) from None

    def close(self, *, keep: bool) -> None:
        """Release the file, and remove it unless it is still needed."""
        if self.path is None or self._lock is None:
            return
        if not keep:
            self.path.unlink(missing_ok=True)
        self._lock.release()
        if not keep:
            Path(self._lock.lock_file).unlink(missing_ok=True)
        self.path = self._lock = None

    def _begin(self) -> Path:
        self.directory.mkdir(mode=PRIVATE_DIRECTORY, parents=True, exist_ok=True)
        now = REAL_CLOCK.now()
        name = f"{now:%Y%m%dT%H%M%S}-{os.getpid()}-{secrets.token_hex(4)}"
        path = self.directory / f"{_mark(self.target)}-{name}{_SUFFIX}"
        self._lock = lock_of(path)
        acquire(self._lock)
        _append(
            path, {"format": _FORMAT, "target": self.target, "begun": now.isoformat()}, sync=True
        )
        self.path = path
        return path


@dataclass(frozen=True, slots=True)
class Record:
    """A journal as it was found on disk.

    Args:
        path: The file.
        target: Names its target; empty if its run died before it could write that down.
        starts: What was started.
    """

    path: Path
    target: str
    starts: tuple[Start, ...]

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a journal. A last line that a crash cut off is ignored.

        Raises:
            SettingsError: The file cannot be read, or is not a journal.
        """
        try:
            lines = path.read_bytes().split(b"\n")
        except OSError as error:
            raise SettingsError(f"journal {path} cannot be read: {error.strerror}") from None
        target = ""
        starts: dict[int, Start] = {}
        known: set[str] = set()
        for number, line in enumerate(lines[:-1], 1):
            try:
                entry = json.loads(line)
                if number == 1:
                    target = _target_in(entry)
                else:
                    _apply(entry, starts, known)
            except (ValueError, TypeError, KeyError, AttributeError, MisuseError) as error:
                raise SettingsError(
                    f"{path} is not a journal of atomic-cards: line {number}: {error!r}"
                ) from None
        return cls(path, target, tuple(starts.values()))


@contextmanager
def owned(path: Path) -> Iterator[bool]:
    """Lock a journal; yields whether that succeeded, which means that no run is using it.

    Raises:
        SettingsError: Its directory cannot be written to.
    """
    lock = lock_of(path)
    try:
        is_free = acquire(lock)
    except OSError as error:
        raise SettingsError(f"journal {path} cannot be locked: {error.strerror}") from None
    if not is_free:
        yield False
        return
    try:
        yield True
    finally:
        lock.release()
        if not path.exists():
            Path(lock.lock_file).unlink(missing_ok=True)


def name_of(path: Path) -> str:
    """The short name of a journal: the random end of its file's name."""
    return path.stem.rpartition("-")[2]


def journal_directory(settings: Settings) -> Path:
    """Where journals lie: the directory of the settings, or the user's state directory."""
    if settings.journal:
        return settings.journal
    state = os.environ.get("XDG_STATE_HOME") or os.environ.get("LOCALAPPDATA")
    if not state:
        try:
            state = str(Path.home() / ".local" / "state")
        except RuntimeError:  # the user has no home directory
            state = gettempdir()
    return Path(state) / "atomic-cards"


def target_name(settings: Settings) -> str:
    """What identifies a target: its address and environment."""
    return f"{settings.place}/v1/{settings.environment_id}"


def leftovers(directory: Path, target: str) -> list[Path]:
    """The journals of runs against a target that ended without cleaning up."""
    found = []
    with suppress(OSError, SettingsError):
        for path in sorted(directory.glob(f"{_mark(target)}-*{_SUFFIX}")):
            with owned(path) as free:
                if free:
                    found.append(path)
    return found


def notice(settings: Settings, begun: datetime) -> str:
    """A line about the journals that runs against the target left; empty for none.

    Args:
        settings: Name the target.
        begun: When this run began, to distinguish its journals from those of earlier runs.
    """
    paths = leftovers(journal_directory(settings), target_name(settings))
    if not paths:
        return ""
    which = str(paths[0]) if len(paths) == 1 else f"{len(paths)} journals, {paths[0]} the first"
    whose = "this run" if all(_begun(path) >= begun for path in paths) else "an earlier run"
    app = f" --cards-app {shell_word(settings.app)}" if settings.app else ""
    return (
        f"{whose} did not finish its clean-up; "
        f"cancel what it left open with: atomic-cards clean{app} ({which})"
    )


def _begun(path: Path) -> datetime:
    """When a journal was begun; long ago if it does not say."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        head = path.read_bytes().partition(b"\n")[0]
        return datetime.fromisoformat(json.loads(head)["begun"])
    return datetime.min.replace(tzinfo=UTC)


def _mark(target: str) -> str:
    return sha256(target.encode()).hexdigest()[:12]


def _append(path: Path, entry: Mapping[str, Any], *, sync: bool) -> None:
    line = json.dumps(entry).encode() + b"\n"
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, PRIVATE_FILE)
    try:
        if os.write(descriptor, line) < len(line):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        if sync:
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _target_in(head: Mapping[str, Any]) -> str:
    if head["format"] != _FORMAT:
        raise ValueError(f"format {head['format']}, not {_FORMAT}")
    return str(head["target"])


def _apply(entry: Mapping[str, Any], starts: dict[int, Start], known: set[str]) -> None:
    number = entry["start"]
    if "users" in entry:
        users, others = _texts(entry["users"]), _texts(entry["others"])
        strange = [user for user in users if not is_generated(user)]
        if strange:
            raise ValueError(f"customer {strange[0]!r} was not generated by a run")
        states = frozenset(map(Status, entry["states"]))
        known.update(_texts(entry.get("before", ())))  # without what earlier entries hold
        before = frozenset(known) if "before" in entry else None
        starts[number] = Start(
            number=number, users=users, others=others, states=states, before=before
        )
    elif "invocation" in entry:
        (starts[number].invocation,) = _texts([entry["invocation"]])
    elif "complete" in entry:
        starts[number].complete = True
    elif "cleaned" in entry:
        starts[number].cleaned = True
    else:
        del starts[number]


def _texts(values: Iterable[object]) -> tuple[str, ...]:
    texts = tuple(value for value in values if isinstance(value, str) and value)
    if len(texts) != len(tuple(values)):
        raise ValueError("ids must be texts")
    return texts
