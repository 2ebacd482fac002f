"""Run settings: the settings of a run of pytest, and how they are registered there."""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import pytest

from pytest_atomic_cards.model import setting_parsers
from pytest_atomic_cards.model.option import INI_PREFIX
from pytest_atomic_cards.model.options import OPTIONS
from pytest_atomic_cards.model.resolution import given, resolve, unknown_variables
from pytest_atomic_cards.model.settings import Settings
from pytest_atomic_cards.model.target_file import read_target_file, refuse_unknown_setting
from pytest_atomic_cards.support.errors import MisuseError, SettingsError

_SETTINGS: Final = pytest.StashKey[Settings]()
_INI: Final = "atomic-cards-ini-options"


class IniOptions:
    """Registers the ini options when a run needs them: ``pytest --help`` would list each."""

    def __init__(self, parser: pytest.Parser) -> None:
        self._parser: pytest.Parser | None = parser

    def register(self) -> None:
        """Register them once."""
        parser, self._parser = self._parser, None
        for option in OPTIONS if parser else ():
            if parser and not option.secret:
                parser.addini(option.ini_name, option.help, type="string", default="")


def add_options(parser: pytest.Parser, plugins: pytest.PytestPluginManager) -> None:
    """Add the command line options; what belongs to a project or a target is not in the help."""
    plugins.register(IniOptions(parser), _INI)
    group = parser.getgroup(
        "atomic-cards", "Atomic Cards API (all settings: run 'atomic-cards settings')"
    )
    for option in OPTIONS:
        shown = argparse.SUPPRESS if option.hidden else option.help
        if option.flag and option.parse is setting_parsers.truth:
            group.addoption(
                option.command_line,
                dest=option.destination,
                action="store_const",
                const="true",
                help=shown,
            )
        elif option.flag:
            group.addoption(
                option.command_line,
                dest=option.destination,
                action=_Joined if option.is_list else "store",
                metavar=option.metavar,
                help=shown,
            )


class _Joined(argparse.Action):
    """Joins the values of an option that is given several times, as if by commas in one."""

    def __call__(
        self, _parser: object, namespace: argparse.Namespace, value: object, _name: object = None
    ) -> None:
        before = getattr(namespace, self.dest, None)
        setattr(namespace, self.dest, value if before is None else f"{before},{value}")


def settings_of(config: pytest.Config) -> Settings:
    """The settings of a run, resolved once.

    Raises:
        pytest.UsageError: A setting cannot be used.
    """
    if _SETTINGS not in config.stash:
        try:
            config.stash[_SETTINGS] = resolved_settings(config)
        except SettingsError as error:
            raise pytest.UsageError(f"atomic-cards: {error}") from None
    return config.stash[_SETTINGS]


def resolved_settings(config: pytest.Config) -> Settings:
    """The settings that the command line, the environment and the files of a run give.

    A worker process has those of the process that controls it.

    Raises:
        SettingsError: A setting cannot be used.
    """
    handed = None
    if hasattr(config, "workerinput"):
        from pytest_atomic_cards.plugin.worker_channel import handed_over  # noqa: PLC0415 - rare

        handed = handed_over(config)
    if handed is None:
        settings = resolve(*_sources(config))
    else:
        _register_ini(config)
        settings = resolve({}, lambda _: "", handed)
    _look_up(settings)
    return settings


def given_settings(config: pytest.Config) -> list[tuple[Any, str, str]]:
    """Each option that a run gives, with its source and text."""
    return given(*_sources(config))


def describe_unknown_variables() -> str:
    """Environment variables that look like misspelt settings, to go on after a description."""
    unknown = unknown_variables()
    return f"; unknown and ignored: {', '.join(unknown)}" if unknown else ""


def _sources(config: pytest.Config) -> tuple[Any, ...]:
    typed = {option.name: getattr(config.option, option.destination, None) for option in OPTIONS}
    file = read_target_file(config.invocation_params.dir, config.rootpath)
    return typed, _ini_reader(config), os.environ, file


def _register_ini(config: pytest.Config) -> None:
    options: IniOptions | None = config.pluginmanager.get_plugin(_INI)
    if options:
        options.register()


def _ini_reader(config: pytest.Config) -> Callable[[str], object]:
    """What gives the value of an ini option; a TOML file may give a number, a boolean or a list.

    pytest itself refuses in a TOML file what is not of the one type that an option has.
    """
    _register_ini(config)
    table = _toml_table(config.inipath)
    overrides = {text.partition("=")[0] for text in config.option.override_ini or ()}

    def value_of(name: str) -> object:
        if name in table and name not in overrides:
            return table[name]
        return config.getini(name)

    return value_of


def _toml_table(path: Path | None) -> dict[str, Any]:
    """The ini options in a TOML file.

    Raises:
        SettingsError: The file, in whatever format, has an option of ours that there is not.
    """
    try:
        text = path.read_text("utf-8") if path else ""
    except (OSError, UnicodeDecodeError):  # pytest reports it
        return {}
    if path is None or INI_PREFIX not in text:
        return {}
    for name in re.findall(rf"^\s*({INI_PREFIX}\w*)\s*=", text, re.MULTILINE):
        refuse_unknown_setting(name, path.name, prefix=INI_PREFIX, more=[])
    if path.suffix != ".toml":
        return {}
    import tomllib  # noqa: PLC0415 - most runs of pytest have no such file

    document = tomllib.loads(text)
    tool = document.get("tool", {}).get("pytest", {})
    return {**document.get("pytest", {}), **tool.get("ini_options", {}), **tool}


def _look_up(settings: Settings) -> None:
    """Check that what the settings name exists."""
    setting = "--cards-profile"
    try:
        if settings.profile:
            from pytest_atomic_cards.model.profile import Profile  # noqa: PLC0415 - rare

            Profile.read(settings.profile)
        setting = "--cards-fault"
        if settings.fault:
            from pytest_atomic_cards.sandbox.faults import fault_named  # noqa: PLC0415 - rare

            for name in settings.fault:
                fault_named(name)
        setting = "ATOMIC_CARDS_CLIENT_CERT"
        if settings.client_cert:
            _check_certificate(settings.client_cert)
    except MisuseError as error:
        raise SettingsError(f"{setting}: {error}") from None


def _check_certificate(files: Sequence[Path]) -> None:
    """Check that a client certificate and its key can be used.

    Raises:
        MisuseError: They cannot.
    """
    import ssl  # noqa: PLC0415 - rare

    shown = " and ".join(map(str, files))
    try:
        # An empty password, as OpenSSL would ask for it at the terminal otherwise.
        certificate, key = files[0], files[-1]
        ssl.create_default_context().load_cert_chain(certificate, key, password="")
    except OSError as error:  # of which SSLError is one
        reason = error.strerror or str(error)
        raise MisuseError(
            f"{shown} cannot be used ({reason}); needed are a certificate and its key in PEM, "
            "without a password"
        ) from None
