"""Known deviations: violations that a project accepts until a date.

They are listed in the project's ``cards-target.toml``::

    [[deviations]]
    requirement = "PAGE-04"
    reason = "offset counts pages; reported to the vendor"
    link = "https://tracker.example.com/1234"
    expires = 2027-03-31
    target = "https://proxy.example.com"

or in its ``pyproject.toml``, as ``[[tool.atomic-cards.deviations]]``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from pytest_atomic_cards.model import setting_parsers
from pytest_atomic_cards.model.settings import Mode, Settings, TargetKind
from pytest_atomic_cards.model.target_file import DEVIATIONS, read_target_file
from pytest_atomic_cards.rules.requirements import catalogue
from pytest_atomic_cards.support.clock import REAL_CLOCK
from pytest_atomic_cards.support.errors import MisuseError, SettingsError
from pytest_atomic_cards.support.suggestions import suggestion
from pytest_atomic_cards.targets.seeding.journal import target_name


@dataclass(frozen=True, slots=True)
class Deviation:
    """A known violation of one requirement.

    Args:
        requirement: Id of the requirement.
        reason: Why it is accepted for now.
        expires: The last day on which it is accepted.
        link: The issue that tracks it.
        target: The target it applies to: ``sandbox``, ``live``, or the host, the base URL or the
            URL of an environment of a live one; any target if omitted.
    """

    requirement: str
    reason: str
    expires: date
    link: str | None = None
    target: str | None = None

    def is_for(self, settings: Settings) -> bool:
        """Whether it applies to the target of a run; the target of a recording is unknown."""
        return (
            self.target is None
            or settings.cassettes is Mode.REPLAY
            or self.target in _names_of(settings)
        )

    def __str__(self) -> str:
        link = f", {self.link}" if self.link else ""
        return f"{self.reason} (until {self.expires}{link})"


@dataclass(frozen=True, slots=True)
class Deviations:
    """The known deviations of a project.

    Args:
        source: The file that lists them.
        entries: Those for the target of the run, by the id of the requirement.
        today: The day of the run, UTC.
        elsewhere: Those for other targets, which have no effect.
        replayed: Whether the run is a replay, whose target is unknown.
    """

    source: str = ""
    entries: Mapping[str, Deviation] = field(default_factory=dict)
    today: date = date.min
    elsewhere: Sequence[Deviation] = ()
    replayed: bool = False

    @property
    def in_force(self) -> dict[str, Deviation]:
        """Those that have not expired."""
        return {name: one for name, one in self.entries.items() if one.expires >= self.today}

    def expired(self) -> list[str]:
        """A sentence for each that has expired."""
        return [
            f"{self.source}: the known deviation from {name} expired on {one.expires}; "
            "remove it, or set a new date"
            for name, one in self.entries.items()
            if one.expires < self.today
        ]

    def gone(self, held: Iterable[str]) -> list[str]:
        """A sentence for each whose requirement held.

        Args:
            held: Ids of requirements whose contracts all ran and held.
        """
        return [
            f"{self.source}: the known deviation from {name} has gone away: the requirement held; "
            "remove it"
            for name in held
            if name in self.entries and not (self.replayed and self.entries[name].target)
        ]


def find_deviations(settings: Settings, *directories: Path) -> Deviations:
    """The known deviations in the first directory with a file that configures this package.

    Args:
        settings: The settings of the run, whose target decides which ones apply.
        directories: Where to look.

    Raises:
        SettingsError: The file cannot be read, or an entry is invalid.
    """
    file = read_target_file(*directories)
    today = REAL_CLOCK.now().date()
    return _sorted_out(_entries(file.deviations, file.name), settings, file.name, today)


def _sorted_out(
    known: Sequence[Deviation], settings: Settings, source: str, today: date
) -> Deviations:
    """Those for the target of a run, the first one of each requirement, and the others."""
    entries: dict[str, Deviation] = {}
    elsewhere: list[Deviation] = []
    for one in known:
        if one.is_for(settings):
            entries.setdefault(one.requirement, one)
        else:
            elsewhere.append(one)
    replayed = settings.cassettes is Mode.REPLAY
    return Deviations(source, entries, today, elsewhere, replayed)


def _names_of(settings: Settings) -> set[str]:
    """The names of the target of a run."""
    if settings.target is TargetKind.SANDBOX:
        return {settings.target.value}
    base = _lower_host(settings.base_url)
    host = urlsplit(base)
    urls = {base, f"{base}/v1", _lower_host(target_name(settings))}
    return {settings.target.value, host.netloc, host.hostname or "", *urls}


def _lower_host(url: str) -> str:
    """A URL with its scheme and host, which are case-insensitive, in lower case."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.lower()).geturl()


def _entries(tables: object, source: str) -> list[Deviation]:
    if not isinstance(tables, list | tuple) or not all(isinstance(table, dict) for table in tables):
        raise SettingsError(f"{source}: {DEVIATIONS} must be an array of tables, [[{DEVIATIONS}]]")
    entries: list[Deviation] = []
    for number, table in enumerate(tables, 1):
        entry = _entry(table, f"{source}, known deviation {number}")
        if any(
            (one.requirement, one.target) == (entry.requirement, entry.target) for one in entries
        ):
            where = f" for {entry.target}" if entry.target else ""
            raise SettingsError(
                f"{source}: {entry.requirement} is listed twice{where}; keep one entry"
            )
        entries.append(entry)
    return entries


def _entry(table: Mapping[str, Any], place: str) -> Deviation:
    _refuse_unknown(table, list(_FIELDS), place)
    for name, (wanted, _, required) in _FIELDS.items():
        if required and name not in table:
            raise SettingsError(f"{place}: {name} is missing; it must be {wanted}")
    values: dict[str, Any] = {}
    for name, value in table.items():
        wanted, parse, _ = _FIELDS[name]
        try:
            values[name] = parse(value)
        except (TypeError, ValueError):
            shown = "" if "@" in str(value) else f", not {value!r}"
            raise SettingsError(f"{place}: {name} must be {wanted}{shown}") from None
        except MisuseError as error:
            raise SettingsError(f"{place}: {error}") from None
    return Deviation(**values)


def _refuse_unknown(table: Mapping[str, Any], known: list[str], place: str) -> None:
    for name in table:
        if name not in known:
            raise SettingsError(f"{place}: {name!r} is not a setting; {suggestion(name, known)}")


def _requirement(value: object) -> str:
    return catalogue()[_text(value)].id


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError
    return " ".join(value.split())


def _day(value: object) -> date:
    if isinstance(value, datetime):
        raise TypeError
    return value if isinstance(value, date) else date.fromisoformat(_text(value))


def _link(value: object) -> str:
    text = _text(value)
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc:
        raise ValueError
    if " " in text:
        raise ValueError
    return text


def _target(value: object) -> str:
    text = _text(value)
    if text in list(TargetKind):
        return text
    if "://" in text:
        return _lower_host(setting_parsers.url(text))
    host = urlsplit(setting_parsers.url(f"https://{text}"))
    is_host = "." in (host.hostname or "") or host.hostname == "localhost" or host.port
    if not is_host or host.path:
        raise ValueError
    return host.netloc.lower()


_FIELDS: Final = {
    "requirement": ("the id of a requirement, such as 'PAGE-04'", _requirement, True),
    "reason": ("some text: why the deviation is accepted for now", _text, True),
    "expires": ("a date such as 2027-03-31: the last day on which it is accepted", _day, True),
    "link": ("an http or https URL without user name and password", _link, False),
    "target": (
        "'sandbox', 'live', or a host or URL such as https://cards.example.com/v1/ENVIRONMENT",
        _target,
        False,
    ),
}
"""For each field of an entry: what it must be, its parser, and whether it is required."""
