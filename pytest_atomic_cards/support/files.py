"""Writing files atomically."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from pytest_atomic_cards.support.errors import SettingsError


def write_text(path: Path, text: str) -> None:
    """Write a UTF-8 file through a temporary one beside it, and make its directory if needed.

    Raises:
        SettingsError: The file cannot be written.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.write_text(text, encoding="utf-8", errors="backslashreplace")
        draft.replace(path)
    except OSError as error:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
        raise SettingsError(
            f"cannot write {path}: {error.strerror}; name a directory that can be written to"
        ) from None
