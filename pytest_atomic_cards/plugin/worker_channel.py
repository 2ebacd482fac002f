"""Worker channel: what the controlling process of pytest-xdist hands to its workers.

A worker process may run on another machine, in another directory and without the environment of
the controlling process, which therefore sends it the settings.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import asdict, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

import pytest

from pytest_atomic_cards.model.option import Option
from pytest_atomic_cards.model.options import OPTIONS
from pytest_atomic_cards.model.settings import Mode, Settings
from pytest_atomic_cards.recordings.cassettes.worker_recordings import ELSEWHERE
from pytest_atomic_cards.support.clock import REAL_CLOCK
from pytest_atomic_cards.support.errors import AtomicCardsError
from pytest_atomic_cards.support.secrets.hidden import Hidden

if TYPE_CHECKING:
    from pytest_atomic_cards.client.token_cache import IssuedToken

_SETTINGS: Final = "atomic_cards_settings"
_PROFILE: Final = "atomic_cards_profile"
_TOKEN: Final = "atomic_cards_token"  # noqa: S105 - a key
_TOKEN_FILE: Final = "atomic_cards_token_file"  # noqa: S105 - a key
_FILE: Final = "atomic-cards-token"
_PROFILE_VARIABLE: Final = Option("profile", "").environment_variable
_SECRETS: Final = [option.environment_variable for option in OPTIONS if option.secret]
_ISSUED = pytest.StashKey["IssuedToken | None"]()
_SHARED = pytest.StashKey[Path]()


def hand_over(
    node: Any,  # noqa: ANN401 - of pytest-xdist
    given: Iterable[tuple[Option, str, str]],
    settings: Settings,
) -> None:
    """Give a worker process the settings of the run, before it starts.

    If one of the workers is elsewhere, all get the same access token. A secret goes through a
    pipe or SSH, and not over a bare socket.

    Args:
        node: The worker process.
        given: The settings as they were given; see
            :func:`~pytest_atomic_cards.model.resolution.given`.
        settings: The settings.
    """
    spec = node.gateway.spec
    texts = {option.environment_variable: text for option, _, text in given}
    if settings.is_live and not _is_elsewhere(spec):
        node.workerinput[_TOKEN_FILE] = str(_shared_directory(node.config) / _FILE)
    if spec.socket:
        texts = {name: text for name, text in texts.items() if name not in _SECRETS}
    elif any(map(_is_elsewhere, node.nodemanager.specs)) and (token := _issued(node, settings)):
        age = REAL_CLOCK.timestamp() - token.issued
        node.workerinput[_TOKEN] = asdict(token) | {"value": str(token.value), "issued": -age}
    # What is sent must be of builtin types.
    node.workerinput[_SETTINGS] = {name: str(text) for name, text in texts.items()}
    node.workerinput[ELSEWHERE] = _is_elsewhere(spec)
    if settings.profile and _is_elsewhere(spec):
        node.workerinput[_PROFILE] = settings.profile.read_text("utf-8")


def _is_elsewhere(spec: Any) -> bool:  # noqa: ANN401 - of execnet
    return not spec.popen or bool(spec.chdir)


def _issued(node: Any, settings: Settings) -> IssuedToken | None:  # noqa: ANN401 - of pytest-xdist
    """The token of a live run, requested once; ``None`` if that is left to the workers."""
    stash: pytest.Stash = node.config.stash
    if _ISSUED not in stash:
        stash[_ISSUED] = None
        has_credentials = settings.way_in == "credentials" and not settings.app
        if settings.is_live and settings.cassettes is not Mode.REPLAY and has_credentials:
            from pytest_atomic_cards.targets.live_target import credentials_of  # noqa: PLC0415

            try:
                stash[_ISSUED] = credentials_of(settings).issued()
            except AtomicCardsError:  # the workers report it like any other error
                return None
    return stash[_ISSUED]


def handed_over(config: pytest.Config) -> dict[str, str] | None:
    """What a worker process was given, as environment variables; ``None`` if it was given nothing.

    The plugin may be missing in the process that controls it.
    """
    handed: dict[str, Any] = getattr(config, "workerinput", {})
    if _SETTINGS not in handed:
        return None
    texts: dict[str, str] = handed[_SETTINGS]
    texts |= {name: Hidden(texts[name]) for name in _SECRETS if name in texts}
    own = {name: Hidden(os.environ[name]) for name in _SECRETS if name in os.environ}
    if _PROFILE not in handed:
        return own | texts
    path = _private_directory(config) / "cards-profile.toml"
    path.write_text(handed[_PROFILE], "utf-8")
    return own | texts | {_PROFILE_VARIABLE: str(path)}


def token_file(config: pytest.Config) -> Path | None:
    """The file in which the worker processes of a run on one machine share their access token.

    It is private, and the process that controls the run removes it at its end, also after workers
    crashed. A worker process elsewhere has its own and removes it itself. ``None`` if
    there are no worker processes.
    """
    handed: dict[str, Any] | None = getattr(config, "workerinput", None)
    if handed is None:
        return None
    return Path(handed.get(_TOKEN_FILE) or _private_directory(config) / _FILE)


def _shared_directory(config: pytest.Config) -> Path:
    """A directory for what all worker processes of a run on this machine share."""
    if _SHARED not in config.stash:
        config.stash[_SHARED] = _private_directory(config)
    return config.stash[_SHARED]


def _private_directory(config: pytest.Config) -> Path:
    """A new directory that only its owner can read, and that is removed with the run."""
    directory = TemporaryDirectory(prefix="atomic-cards-", ignore_cleanup_errors=True)
    config.add_cleanup(directory.cleanup)
    return Path(directory.name)


def keep_token(config: pytest.Config, cache: Path, settings: Settings) -> None:
    """Store the token that a worker process was given where all workers on its machine look.

    Raises:
        SettingsError: The file cannot be written.
    """
    handed: dict[str, Any] = getattr(config, "workerinput", {})
    if _TOKEN not in handed or not settings.is_live:
        return
    from pytest_atomic_cards.client.token_cache import IssuedToken  # noqa: PLC0415
    from pytest_atomic_cards.targets.live_target import credentials_of  # noqa: PLC0415
    from pytest_atomic_cards.targets.run_context import RunContext  # noqa: PLC0415

    handed[_TOKEN]["value"] = Hidden(handed[_TOKEN]["value"])
    token = IssuedToken(**handed[_TOKEN])
    issued = REAL_CLOCK.timestamp() + token.issued
    credentials_of(settings, RunContext(token_cache=cache)).adopt(replace(token, issued=issued))
