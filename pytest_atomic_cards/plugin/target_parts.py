"""The parts of a live target that code of the user's project provides."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace

import pytest

from pytest_atomic_cards.model.settings import APP_FIXTURE, Mode, Settings
from pytest_atomic_cards.support.errors import SettingsError
from pytest_atomic_cards.targets.application import (
    Application,
    checked,
    in_process,
    load_application,
)
from pytest_atomic_cards.targets.run_context import RunContext
from pytest_atomic_cards.targets.seeding.hook_backend import NO_HOOK


def check_parts(config: pytest.Config, settings: Settings) -> None:
    """Check that the application and the hook that the settings name exist.

    Raises:
        pytest.UsageError: One of them does not.
    """
    if settings.cassettes is Mode.REPLAY:
        return
    if settings.way_to_seed == "hook" and not config.hook.pytest_atomic_cards_seed.get_hookimpls():
        raise pytest.UsageError(f"atomic-cards: {NO_HOOK}")
    if settings.app and settings.app != APP_FIXTURE:
        try:
            load_application(settings.app)
        except SettingsError as error:
            raise pytest.UsageError(f"atomic-cards: {error}") from None


def named_application(settings: Settings) -> Application | None:
    """The application that the settings name; ``None`` if the target is not one.

    Raises:
        SettingsError: They name the fixture ``cards_app``, which no ``conftest.py`` overrides.
    """
    if settings.app == APP_FIXTURE:
        raise SettingsError(
            f"--cards-app {APP_FIXTURE} needs a session-scoped fixture cards_app in a conftest.py "
            "that returns a WSGI or ASGI application"
        )
    return load_application(settings.app) if settings.app else None


@contextmanager
def with_parts(
    context: RunContext | None, settings: Settings, request: pytest.FixtureRequest
) -> Iterator[RunContext | None]:
    """A context with the application and the hook that the settings name.

    Args:
        context: What the target shares with the rest of the run.
        settings: The settings.
        request: Gives the fixture ``cards_app``, and the hooks.
    """
    if not settings.is_live or settings.cassettes is Mode.REPLAY:
        yield context
        return
    hook = request.config.hook.pytest_atomic_cards_seed

    def seed(cards: object, invocation: str) -> object:
        return hook(
            cards=cards,
            flow_invocation_id=invocation,
            environment_id=settings.environment_id,
            config=request.config,
        )

    app = settings.app and checked(request.getfixturevalue("cards_app"), "the fixture cards_app")
    with in_process(app) if app else nullcontext() as adapter:
        yield replace(context or RunContext(), app=adapter, seed=seed)
