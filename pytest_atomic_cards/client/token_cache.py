"""A token on disk, so that all processes of a run share one."""

from __future__ import annotations

import json
import math
import os
import tempfile
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

import filelock

from pytest_atomic_cards.client.deadline import Deadline
from pytest_atomic_cards.support.errors import SettingsError, TransportError
from pytest_atomic_cards.support.polling import poll
from pytest_atomic_cards.support.secrets.hidden import Hidden

if TYPE_CHECKING:
    from collections.abc import Iterator

_PRIVATE_FILE, _PRIVATE_DIRECTORY = 0o600, 0o700
_LONGEST_MARGIN: Final = 60.0
_MARGIN: Final = 0.1


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A token and when it was issued.

    Args:
        value: The access token.
        issued: Seconds since the epoch.
        lifetime: Seconds from ``issued`` until the target stops to accept it.
        grant_type_in: Where the token endpoint read ``grant_type`` from.
    """

    value: str = field(repr=False)
    issued: float
    lifetime: float
    grant_type_in: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "value", Hidden(self.value))

    def usable(self, now: float) -> bool:
        """Whether there is enough life left to send a request with it."""
        margin = min(_LONGEST_MARGIN, self.lifetime * _MARGIN)
        return self.issued <= now < self.issued + self.lifetime - margin


class TokenCache:
    """Keeps the token of one credential in a file that only its owner can read.

    Args:
        path: The file; its directory is made, private, where it is missing.
        owner: Identifies the credential. A token of another owner is not handed out.
        patience: Seconds to wait for another process that is fetching a token.
        deadline: When the run ends, and such a wait with it.
    """

    def __init__(self, path: Path, *, owner: str, patience: float, deadline: Deadline) -> None:
        self._path = path
        self._owner = owner
        self._patience = patience
        self._deadline = deadline
        self._lock = filelock.FileLock(f"{path}.lock", mode=_PRIVATE_FILE)

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Keep all other processes out.

        Raises:
            SettingsError: The directory cannot be written to.
            TransportError: Another process has not finished in time.
        """
        try:
            self._path.parent.mkdir(mode=_PRIVATE_DIRECTORY, parents=True, exist_ok=True)
            acquired = poll(self._acquire, bool, min(self._patience, self._deadline.left))
        except OSError as error:
            raise self._unwritable(error) from None
        if not acquired:
            self._deadline.check()
            raise TransportError(
                f"another process has been fetching the access token for {self._patience:.0f} s; "
                f"if none is running, remove {self._path}.lock"
            )
        try:
            yield
        finally:
            self._lock.release()

    def _acquire(self) -> bool:
        """Acquire the lock if it is free. The time limits of filelock go by a time tests fake."""
        try:
            self._lock.acquire(blocking=False)
        except filelock.Timeout:
            return False
        return True

    def load(self) -> IssuedToken | None:
        """The token in the file, or ``None`` where there is none of this owner."""
        try:
            document = json.loads(self._path.read_bytes())
            if document.pop("owner") != self._owner:
                return None
            token = IssuedToken(**document)
            return token if math.isfinite(token.issued + token.lifetime) else None
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return None

    def store(self, token: IssuedToken) -> None:
        """Replace the file as a whole, so that no reader ever sees a part of it.

        Raises:
            SettingsError: The directory cannot be written to.
        """
        try:
            # mkstemp makes the file readable and writable by its owner only.
            descriptor, name = tempfile.mkstemp(dir=self._path.parent, prefix=self._path.name)
            with os.fdopen(descriptor, "w") as file:
                file.write(json.dumps({"owner": self._owner} | asdict(token)))
            Path(name).replace(self._path)
        except OSError as error:
            raise self._unwritable(error) from None

    def _unwritable(self, error: OSError) -> SettingsError:
        return SettingsError(
            f"the token cache {self._path} cannot be written ({error.strerror}); "
            "choose a directory that is writable and private"
        )
