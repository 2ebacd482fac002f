"""Writing files atomically, and finding out before a long run whether that will work."""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from pathlib import Path

from pytest_atomic_cards.support.errors import SettingsError


def write_text(path: Path, text: str) -> None:
    """Write a UTF-8 file through a temporary one beside it, and make its directory if needed.

    Raises:
        SettingsError: The file cannot be written.
    """
    draft = _draft(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if _is_special(path):
            path.write_text(text, encoding="utf-8", errors="backslashreplace")
            return
        draft.write_text(text, encoding="utf-8", errors="backslashreplace")
        draft.replace(path)
    except OSError as error:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
        raise _unwritable(path, error) from None


def check_writable(path: Path) -> None:
    """Check that :func:`write_text` can write a file, and leave nothing behind.

    Raises:
        SettingsError: It cannot.
    """
    made: list[Path] = []
    draft = _draft(path)
    try:
        made += [one for one in path.parents if not one.exists()]
        path.parent.mkdir(parents=True, exist_ok=True)
        if _is_special(path):
            return
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        draft.touch()
        draft.unlink()
    except OSError as error:
        raise _unwritable(path, error) from None
    finally:
        for directory in made:
            with suppress(OSError):
                directory.rmdir()


def _draft(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}.tmp")


def _is_special(path: Path) -> bool:
    """Whether it is a device or a pipe, such as /dev/stdout, which must not be replaced."""
    return path.exists() and not path.is_file() and not path.is_dir()


def _unwritable(path: Path, error: OSError) -> SettingsError:
    return SettingsError(
        f"cannot write {path}: {error.strerror}; name a directory that can be written to"
    )
