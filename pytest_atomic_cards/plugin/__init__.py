"""The pytest plugin: options, header and fixtures. Wiring only.

Loaded into every pytest run where the package is installed, so it imports only the standard
library, pytest and a few modules that do the same; the rest follows when a fixture needs it.
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import pytest

from pytest_atomic_cards.model.settings import Mode
from pytest_atomic_cards.plugin.run_settings import (
    add_options,
    describe_unknown_variables,
    given_settings,
    settings_of,
)
from pytest_atomic_cards.support.errors import SettingsError
from pytest_atomic_cards.support.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_atomic_cards.client.cards_api import CardsApi
    from pytest_atomic_cards.model.settings import Settings
    from pytest_atomic_cards.plugin.ending import Ending
    from pytest_atomic_cards.recordings.cassettes.manager import CassetteManager
    from pytest_atomic_cards.sandbox import Sandbox
    from pytest_atomic_cards.targets import Target
    from pytest_atomic_cards.targets.cards_fixture import Cards

ENDING = pytest.StashKey["Ending | None"]()
MANAGER = pytest.StashKey["CassetteManager"]()
CASSETTES_MARK = "cards_cassettes"


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """Add the command line options and prepare the ini options."""
    add_options(parser, pluginmanager)


def pytest_configure(config: pytest.Config) -> None:
    """A bad setting ends the run before the first request."""
    if config.option.help:
        return
    config.addinivalue_line("markers", 'cards_monitor("off"): the monitor does not fail this test')
    config.addinivalue_line(
        "markers",
        f"{CASSETTES_MARK}(mode, *, name): record, replay or verify this test, or leave its "
        "cassette off; name: path of its recording below the directory of cassettes",
    )
    if settings_of(config).cassettes is not Mode.OFF:
        _play_cassettes(config)
    ending_of(config)


def ending_of(config: pytest.Config) -> Ending | None:
    """What ends a run in time; ``None`` for a run against the sandbox without a time limit."""
    settings = settings_of(config)
    if ENDING not in config.stash:
        config.stash[ENDING] = None
        if settings.is_live or settings.max_time:
            from pytest_atomic_cards.plugin.ending import Ending

            config.stash[ENDING] = Ending.begin(config, settings, is_check=_is_check(config))
    return config.stash[ENDING]


def _is_check(config: pytest.Config) -> bool:
    """Whether a run is one of the contract suite."""
    return config.pluginmanager.hasplugin("atomic-cards-contracts")


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Add the hooks that a project may implement."""
    from pytest_atomic_cards.plugin import hooks

    pluginmanager.add_hookspecs(hooks)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Play cassettes if a test is marked for it, whatever the settings; check the target's parts.

    Only now every ``conftest.py`` is known.
    """
    if settings_of(config).is_live:
        from pytest_atomic_cards.plugin.target_parts import check_parts

        check_parts(config, settings_of(config))
    if MANAGER not in config.stash and any(CASSETTES_MARK in item.keywords for item in items):
        _play_cassettes(config)


def _play_cassettes(config: pytest.Config) -> None:
    from pytest_atomic_cards.recordings.cassettes.cassette_names import CassetteNames
    from pytest_atomic_cards.recordings.cassettes.cassette_plugin import CassettePlugin
    from pytest_atomic_cards.recordings.cassettes.cassette_redaction import Redaction
    from pytest_atomic_cards.recordings.cassettes.cassette_report import CassetteReport
    from pytest_atomic_cards.recordings.cassettes.manager import CassetteManager

    settings = settings_of(config)
    own_suite = _is_check(config)
    base, root = config.rootpath, config.rootpath
    if own_suite:
        from pytest_atomic_cards.suite.running.suite_runner import suite_directory

        base, root = config.invocation_params.dir, suite_directory()
    try:
        redaction = Redaction(settings.redact, settings.secrets)
    except SettingsError as error:
        raise pytest.UsageError(f"atomic-cards: --cards-redact: {error}") from None
    manager = config.stash[MANAGER] = CassetteManager(
        settings.cassettes,
        base / settings.cassettes_dir,
        redaction,
        replaces_always=settings.cassettes_replace == "always",
    )
    shared, naming = hasattr(config, "workerinput"), CassetteNames(root, own_suite)
    for hooks in (
        CassettePlugin(manager, naming, shared=shared),
        CassetteReport(
            config,
            manager,
            naming,
            max_age=settings.cassettes_max_age,
            fail_on=settings.cassettes_fail_on,
        ),
    ):
        config.pluginmanager.register(hooks)


def manager_of(config: pytest.Config) -> CassetteManager | None:
    """What plays the cassettes of a run; ``None`` if it plays none."""
    return config.stash.get(MANAGER, None)


def pytest_report_header(config: pytest.Config) -> str:
    """Show what the cards fixtures run against."""
    about = settings_of(config).describe() + describe_unknown_variables()
    return printable(f"atomic-cards: {about}")


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:  # noqa: ANN401 - of pytest-xdist
    """Give a worker process its settings, and listen to its progress if that can be shown."""
    from pytest_atomic_cards.plugin.worker_channel import hand_over
    from pytest_atomic_cards.reporting.terminal_capture import WorkersProgress

    config: pytest.Config = node.config
    hand_over(node, given_settings(config), settings_of(config))
    if progress := WorkersProgress.of(config):
        progress.listen_to(node)
    if ending := ending_of(config):
        ending.take_charge(node)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> None:
    """Show an error that this package raised on purpose at the line of the test that caused it."""
    if call.excinfo and not _is_check(item.config):
        from pytest_atomic_cards.plugin.tracebacks import end_at_the_test

        end_at_the_test(call)


@pytest.fixture(scope="session")
def cards_settings(pytestconfig: pytest.Config) -> Settings:
    """The settings of this run."""
    return settings_of(pytestconfig)


@pytest.fixture(scope="session")
def cards_app(cards_settings: Settings) -> object:
    """The application that the tests run against, if it is one in this process; override it."""
    from pytest_atomic_cards.plugin.target_parts import named_application

    return named_application(cards_settings)


@pytest.fixture(scope="session")
def cards_target(
    cards_settings: Settings, pytestconfig: pytest.Config, request: pytest.FixtureRequest
) -> Iterator[Target]:
    """The target of this run: the embedded sandbox, or a live Cards API."""
    if cards_settings.dry_run:
        pytest.skip(f"dry run: would go against {cards_settings.describe()}")
    from pytest_atomic_cards.plugin.target_parts import with_parts
    from pytest_atomic_cards.plugin.worker_channel import keep_token
    from pytest_atomic_cards.reporting.terminal_capture import progress_shown
    from pytest_atomic_cards.targets import open_target

    ending = ending_of(pytestconfig)
    context = ending.context if ending else None
    if context and context.token_cache:
        keep_token(pytestconfig, context.token_cache, cards_settings)
    with with_parts(context, cards_settings, request) as context:
        if manager := manager_of(pytestconfig):
            from pytest_atomic_cards.recordings.cassettes.cassette_target import CassetteTarget

            target: Target = CassetteTarget(cards_settings, manager, context)
        else:
            target = open_target(cards_settings, context)
        with progress_shown(pytestconfig), ending.closing(target) if ending else nullcontext():
            yield _watched(target, pytestconfig, cards_settings)


def _watched(target: Target, config: pytest.Config, settings: Settings) -> Target:
    """The target with monitor and report of traffic; the contract suite has its own of both."""
    if _is_check(config):
        return target
    from pytest_atomic_cards.plugin.traffic_section import TrafficSection

    traffic = TrafficSection()
    config.pluginmanager.register(traffic, "atomic-cards-traffic-section")
    target.listeners.append(traffic.observe)
    if settings.monitor == "off":
        return target
    from pytest_atomic_cards.plugin.monitor_plugin import MonitorPlugin

    watch = MonitorPlugin()
    config.pluginmanager.register(watch, "atomic-cards-monitor")
    return watch.over(target)


@pytest.fixture
def cards(cards_target: Target) -> Iterator[Cards]:
    """An isolated environment: seed cards, list them, act on them, pass time. Cleaned up after."""
    from pytest_atomic_cards.targets import world_on

    with world_on(cards_target) as world:
        yield world


@pytest.fixture
def cards_api(cards: Cards) -> CardsApi:
    """The typed, authenticated Cards API client of the ``cards`` fixture."""
    return cards.api


@pytest.fixture
def cards_sandbox(cards: Cards) -> Sandbox:
    """The sandbox behind the ``cards`` fixture; skips the test on a live target."""
    from pytest_atomic_cards.support.errors import NotAvailableError

    try:
        return cards.sandbox
    except NotAvailableError as error:
        pytest.skip(str(error))
