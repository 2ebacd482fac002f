"""A token on disk, so that all processes of a run share one."""

from __future__ import annotations

import json
import math
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Final

from pytest_atomic_cards.client.deadline import Deadline
from pytest_atomic_cards.support.errors import SettingsError, TransportError
from pytest_atomic_cards.support.file_locks import PRIVATE_DIRECTORY, acquire, lock_of
from pytest_atomic_cards.support.secrets.hidden import Hidden
from pytest_atomic_cards.support.shared_files import replace_json

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_MARGIN: Final = 0.1
"""Share of its lifetime before the end of which a token is renewed, so that a short-lived one can
still be used for most of its life."""
_LONGEST_MARGIN: Final = 60.0
"""Seconds by which to renew a token early at most: longer than any exchange, and than the clocks of
two machines differ."""


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A token and when it was issued.

    Args:
        value: The access token.
        issued: Seconds since the epoch.
        lifetime: Seconds from ``issued`` until it expires.
        grant_type_in: Where the token endpoint read ``grant_type`` from.
    """

    value: str = field(repr=False)
    issued: float
    lifetime: float
    grant_type_in: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "value", Hidden(self.value))

    def usable(self, now: float) -> bool:
        """Whether it lives long enough to send a request with it."""
        margin = min(_LONGEST_MARGIN, self.lifetime * _MARGIN)
        return self.issued <= now < self.issued + self.lifetime - margin


class TokenCache:
    """Keeps the token of one credential in a file that only its owner can read.

    Args:
        path: The file; its directory is created, private, if it is missing.
        owner: Identifies the credential. A token of another owner is ignored.
        patience: Seconds to wait for another process that is fetching a token.
        deadline: When the run ends, and such a wait with it.
    """

    def __init__(self, path: Path, *, owner: str, patience: float, deadline: Deadline) -> None:
        self._path = path
        self._owner = owner
        self._patience = patience
        self._deadline = deadline
        self._lock = lock_of(path)

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Keep all other processes out.

        Raises:
            SettingsError: The directory cannot be written to.
            TransportError: Another process has not finished in time.
        """
        try:
            self._path.parent.mkdir(mode=PRIVATE_DIRECTORY, parents=True, exist_ok=True)
            acquired = acquire(self._lock, min(self._patience, self._deadline.left))
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

    def load(self) -> IssuedToken | None:
        """The token in the file, or ``None`` if there is none of this owner."""
        try:
            document = json.loads(self._path.read_bytes())
            if document.pop("owner") != self._owner:
                return None
            token = IssuedToken(**document)
            return token if math.isfinite(token.issued + token.lifetime) else None
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return None

    def store(self, token: IssuedToken) -> None:
        """Replace the file atomically.

        Raises:
            SettingsError: The directory cannot be written to.
        """
        try:
            replace_json(self._path, {"owner": self._owner} | asdict(token))
        except OSError as error:
            raise self._unwritable(error) from None

    def _unwritable(self, error: OSError) -> SettingsError:
        return SettingsError(
            f"the token cache {self._path} cannot be written ({error.strerror}); "
            "choose a directory that is writable and private"
        )
