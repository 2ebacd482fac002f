"""Locks on files, without the time-outs of filelock, which never end in a test that fakes time."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import filelock

from pytest_atomic_cards.support.polling import poll

PRIVATE_FILE: Final = 0o600
PRIVATE_DIRECTORY: Final = 0o700


def lock_of(path: Path) -> filelock.BaseFileLock:
    """The lock of a file, as a private file beside it. Any thread may release it."""
    return filelock.FileLock(f"{path}.lock", mode=PRIVATE_FILE, thread_local=False)


def acquire(lock: filelock.BaseFileLock, seconds: float = 0.0) -> bool:
    """Acquire a lock, waiting while another process holds it; whether that succeeded.

    Args:
        lock: The lock.
        seconds: How long to wait, in real time.

    Raises:
        OSError: The lock cannot be written.
    """

    def is_acquired() -> bool:
        try:
            lock.acquire(blocking=False)
        except filelock.Timeout:
            return False
        return True

    return poll(is_acquired, bool, seconds) if seconds else is_acquired()
