"""Workers: what the process that controls a run of pytest-xdist hands over to those that run tests.

A worker process may be on another machine, in another directory, and without the environment of
the one that controls it; what it is to run against it must be told.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

from pytest_atomic_cards.errors import SettingsError
from pytest_atomic_cards.options import OPTIONS, Option
from pytest_atomic_cards.settings import Mode, Settings

if TYPE_CHECKING:
    import pytest

_SETTINGS: Final = "atomic_cards_settings"
_PROFILE: Final = "atomic_cards_profile"
_PROFILE_VARIABLE: Final = Option("profile", "").environment_variable
_SECRETS: Final = [option.environment_variable for option in OPTIONS if option.secret]


def hand_over(
    node: Any,  # noqa: ANN401 - of pytest-xdist
    given: Iterable[tuple[Option, str, str]],
    settings: Settings,
) -> None:
    """Give a worker process the settings of the run, before it starts.

    A secret goes through a pipe or SSH, and not over a bare socket.

    Args:
        node: The worker process.
        given: The settings as they were given; see :func:`~pytest_atomic_cards.options.given`.
        settings: The settings.

    Raises:
        SettingsError: The worker cannot do what the settings say.
    """
    spec = node.gateway.spec
    texts = {option.environment_variable: text for option, _, text in given}
    if spec.socket:
        texts = {name: text for name, text in texts.items() if name not in _SECRETS}
    node.workerinput[_SETTINGS] = texts
    if spec.popen and not spec.chdir:
        return
    if settings.cassettes is Mode.RECORD:
        raise SettingsError(
            f"--cards-cassettes record writes where a test runs, and {node.gateway.id} runs "
            "elsewhere; record with -n, or without workers"
        )
    if settings.profile:
        node.workerinput[_PROFILE] = settings.profile.read_text("utf-8")


def handed_over(config: pytest.Config) -> dict[str, str] | None:
    """What a worker process was given, as environment variables; ``None`` if it was given nothing.

    The plugin may be missing in the process that controls it.
    """
    handed: dict[str, Any] = getattr(config, "workerinput", {})
    texts: dict[str, str] | None = handed.get(_SETTINGS)
    if texts is None:
        return None
    own = {name: os.environ[name] for name in _SECRETS if name in os.environ}
    if _PROFILE not in handed:
        return own | texts
    directory = TemporaryDirectory(prefix="atomic-cards-")
    config.add_cleanup(directory.cleanup)
    path = Path(directory.name, "cards-profile.toml")
    path.write_text(handed[_PROFILE], "utf-8")
    return own | texts | {_PROFILE_VARIABLE: str(path)}
