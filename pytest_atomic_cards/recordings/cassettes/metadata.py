"""Metadata of a recording: its source, test, time, seed, settings and versions."""

from __future__ import annotations

import platform
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final

from pytest_atomic_cards.support.clock import REAL_CLOCK

FORMAT: Final = 1
"""Version of the format that this package reads and writes."""
UNKNOWN_TIME: Final = datetime.fromtimestamp(0, UTC)
"""Stands for the time of a recording that does not contain it."""

_PACKAGES: Final = ("pytest-atomic-cards", "hypothesis", "requests", "vcrpy")


class Source(StrEnum):
    """What a recording was made from."""

    SANDBOX = "sandbox"
    LIVE = "live"
    PAGE = "page"
    """Transcribed from a page of the documentation: no traffic at all."""


def _now() -> datetime:
    """The current time to the millisecond, the precision of the file."""
    now = REAL_CLOCK.now()
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


@cache
def installed_versions() -> Mapping[str, str]:
    """The versions of the packages that affect a recording."""
    versions = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    return versions


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """The metadata of a recording.

    Args:
        source: What it was made from.
        test: Which test or fixture it belongs to; empty for none.
        at: When it was started, UTC, or :data:`UNKNOWN_TIME`.
        seed: The seed of the test's random values; empty if another tool recorded it.
        settings: What a replay needs to know about the target: ``environment_id``, ``flow_id`` and
            others, named as in :class:`~pytest_atomic_cards.model.settings.Settings`; no secret.
        versions: Version of Python and of each package that affects a recording.
    """

    source: Source
    test: str = ""
    at: datetime = field(default_factory=_now)
    seed: str = field(default_factory=lambda: secrets.token_hex(8))
    settings: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=installed_versions)

    @property
    def is_foreign(self) -> bool:
        """Whether another tool recorded it."""
        return not self.seed

    def as_json(self) -> dict[str, Any]:
        """The form in a file."""
        return {
            "format": FORMAT,
            "source": self.source.value,
            "test": self.test,
            "at": self.at.astimezone(UTC).isoformat(timespec="milliseconds"),
            "seed": self.seed,
            "settings": dict(self.settings),
            "versions": dict(self.versions),
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Recorded:
        """Read what :meth:`as_json` wrote.

        Raises:
            KeyError: Something is missing.
            ValueError: Something is malformed; the message says what.
        """
        at = datetime.fromisoformat(_typed(values, "at", str))
        if at.tzinfo is None:
            raise ValueError("at has no time zone")
        return cls(
            source=Source(_typed(values, "source", str)),
            test=_typed(values, "test", str),
            at=at,
            seed=_typed(values, "seed", str),
            settings=_typed(values, "settings", dict),
            versions=_typed(values, "versions", dict),
        )


def _typed(values: Mapping[str, Any], name: str, kind: type) -> Any:  # noqa: ANN401 - of that type
    value = values[name]
    if not isinstance(value, kind) or isinstance(value, bool):
        raise ValueError(f"{name} must be {kind.__name__}")  # noqa: TRY004 - see from_json
    return value
