"""Files through which the processes of a run share a JSON value."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any


def replace_json(path: Path, value: Any) -> None:  # noqa: ANN401 - a JSON value
    """Replace a file atomically by one that only its owner can read and write.

    Raises:
        OSError: The directory cannot be written to.
    """
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    with os.fdopen(descriptor, "w") as file:
        json.dump(value, file)
    Path(name).replace(path)


class SharedJson:
    """A value that each process reads again when another one has written it.

    Args:
        path: The file, in a private directory.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._read: int | None = None

    def news(self) -> Any:  # noqa: ANN401 - a JSON value
        """The value, if it was written since the last call; else ``None``.

        Raises:
            OSError: There is no file.
            ValueError: It is not JSON.
        """
        written = self.path.stat().st_mtime_ns
        if written == self._read:
            return None
        self._read = written
        return json.loads(self.path.read_bytes())

    def write(self, value: Any) -> None:  # noqa: ANN401 - a JSON value
        """Replace the value.

        Raises:
            OSError: The directory cannot be written to.
        """
        replace_json(self.path, value)
        self._read = self.path.stat().st_mtime_ns
