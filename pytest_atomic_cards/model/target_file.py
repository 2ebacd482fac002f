"""``cards-target.toml``: what a project's repository says of its target.

Settings stand at the top, by their names and as TOML values; known deviations below::

    environment_id = "staging"
    user_ids = ["customer-1", "customer-2"]
    flow_variables = { locale = "en" }

    [[deviations]]
    requirement = "PAGE-04"

All of it can stand in ``[tool.atomic-cards]`` of ``pyproject.toml`` instead.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from pytest_atomic_cards.model.options import OPTIONS
from pytest_atomic_cards.support.errors import SettingsError

OWN_FILE: Final = "cards-target.toml"
PROJECT_FILE: Final = "pyproject.toml"
DEVIATIONS: Final = "deviations"
_TABLE: Final = "atomic-cards"


@dataclass(frozen=True, slots=True)
class TargetFile:
    """The content of the file; empty if there is none.

    Args:
        name: Name of the file.
        settings: The settings in it, as TOML values.
        deviations: What it has under that name.
    """

    name: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    deviations: Any = ()


NO_FILE: Final = TargetFile()


def read_target_file(*directories: Path) -> TargetFile:
    """The file in the first of some directories that has one.

    Raises:
        SettingsError: The file cannot be read, or has an unknown key or the secret.
    """
    for directory in dict.fromkeys(directories):
        own = _read(directory / OWN_FILE)
        project = _read(directory / PROJECT_FILE, only_with=_TABLE) or {}
        tables = _table_in(_table_in(project, "tool", PROJECT_FILE), _TABLE, "tool")
        if own is not None and tables:
            raise SettingsError(
                f"{OWN_FILE} and [tool.{_TABLE}] of {PROJECT_FILE} both set this project up; "
                "keep one of them"
            )
        if own is not None:
            return _checked(own, OWN_FILE)
        if tables:
            return _checked(tables, PROJECT_FILE)
    return NO_FILE


def _read(path: Path, only_with: str = "") -> dict[str, Any] | None:
    try:
        text = path.read_text("utf-8")
        if only_with not in text:
            return None
        import tomllib  # noqa: PLC0415 - most runs of pytest have no such file

        return tomllib.loads(text)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SettingsError(f"{path.name} cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise SettingsError(f"{path.name} is not TOML: {error}") from None


def _table_in(document: Mapping[str, Any], name: str, place: str) -> dict[str, Any]:
    table = document.get(name, {})
    if not isinstance(table, dict):
        raise SettingsError(f"{name!r} in {place} must be a table, not {table!r}")
    return table


def _checked(document: Mapping[str, Any], source: str) -> TargetFile:
    settings = {name: value for name, value in document.items() if name != DEVIATIONS}
    for name in settings:
        refuse_unknown_setting(name, source, more=[DEVIATIONS])
    return TargetFile(source, settings, document.get(DEVIATIONS, []))


def refuse_unknown_setting(name: str, source: str, *, prefix: str = "", more: list[str]) -> None:
    """Raise if a file has a setting that there is not, or the secret.

    Args:
        name: The name of the setting in the file.
        source: The name of the file.
        prefix: What the name of each setting begins with there.
        more: Other names that the file may have.

    Raises:
        SettingsError: The name is unknown, or the secret's.
    """
    known = [*more]
    for option in OPTIONS:
        if not option.secret:
            known.append(prefix + option.name)
        elif name == prefix + option.name:
            raise SettingsError(
                f"{source}: {name} must not stand in a file; set {option.environment_variable} "
                "in the environment"
            )
    if name not in known:
        from pytest_atomic_cards.support.suggestions import suggestion  # noqa: PLC0415 - rare

        raise SettingsError(f"{source}: {name!r} is not a setting; {suggestion(name, known)}")


def text_of(value: object) -> str:
    """A TOML value as the text that the environment would have.

    Raises:
        ValueError: There is no such text.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, list) and not any("," in str(item) for item in value):
        return ",".join(map(text_of, value))
    if isinstance(value, dict):
        try:
            return json.dumps(value)
        except TypeError:
            pass
    raise ValueError("text, a number, a boolean, an array of texts without commas, or a table")
