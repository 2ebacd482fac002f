"""Resolution: the settings of a run from all places where they can be given.

Command line > environment > ini file > ``cards-target.toml`` > default.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

from pytest_atomic_cards.model.option import Option
from pytest_atomic_cards.model.options import OPTIONS
from pytest_atomic_cards.model.settings import Settings, TargetKind
from pytest_atomic_cards.model.target_file import NO_FILE, TargetFile, text_of
from pytest_atomic_cards.support.errors import SettingsError
from pytest_atomic_cards.support.secrets.hidden import Hidden


def resolve(
    command_line: Mapping[str, Any],
    ini: Callable[[str], object],
    environ: Mapping[str, str] = os.environ,
    file: TargetFile = NO_FILE,
) -> Settings:
    """Settings from their sources; the first that gives a setting counts.

    Args:
        command_line: Values of the command line options by setting name; ``None`` means not given.
        environ: The environment.
        ini: Returns the value of an ini option, empty if it is not set.
        file: ``cards-target.toml``.

    Raises:
        SettingsError: A value cannot be used, or a setting is missing or contradictory.
    """
    found = given(command_line, ini, environ, file)
    values = {option.name: _parsed(option, source, text) for option, source, text in found}
    if "app" in values:
        values.setdefault("target", TargetKind.LIVE)
    return Settings(**values)


def given(
    command_line: Mapping[str, Any],
    ini: Callable[[str], object],
    environ: Mapping[str, str] = os.environ,
    file: TargetFile = NO_FILE,
) -> list[tuple[Option, str, str]]:
    """Each option that is given, with the first source that gives it and the text there.

    Args:
        command_line: As for :func:`resolve`.
        ini: As for :func:`resolve`.
        environ: As for :func:`resolve`.
        file: As for :func:`resolve`.

    Raises:
        SettingsError: A value in a TOML file has a type that no setting has.
    """
    found = []
    for option in OPTIONS:
        written = "" if option.secret else ini(option.ini_name)
        for source, value in (
            (option.command_line, command_line.get(option.name)),
            (option.environment_variable, environ.get(option.environment_variable) or None),
            (option.ini_name, None if written in ("", []) else written),
            (f"{option.name} in {file.name}", file.settings.get(option.name)),
        ):
            if value is not None:
                text = _text(source, value)
                found.append((option, source, Hidden(text) if option.secret else text))
                break
    return found


def _text(source: str, value: object) -> str:
    try:
        return text_of(value)
    except ValueError as error:
        raise SettingsError(f"{source} must be {error}, not {value!r}") from None


def _parsed(option: Option, source: str, text: str) -> Any:  # noqa: ANN401 - type by option
    try:
        return option.parse(text)
    except ValueError as error:
        shown = "" if option.secret or "@" in text else f", not {text!r}"
        raise SettingsError(f"{source} must be {error}{shown}") from None


def unknown_variables(environ: Mapping[str, str] = os.environ) -> list[str]:
    """Environment variables that look like settings of this plugin and are none: likely typos."""
    known = {option.environment_variable for option in OPTIONS}
    return sorted(
        name for name in environ if name.startswith("ATOMIC_CARDS_") and name not in known
    )
