"""The pytest plugin: options, header and fixtures. Wiring only.

Loaded into every pytest run where the package is installed, so it imports nothing but the
standard library and pytest; all else is imported when a fixture needs it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_atomic_cards import options
from pytest_atomic_cards.errors import MisuseError, SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_atomic_cards.client.api import CardsApi
    from pytest_atomic_cards.client.session import CardsSession
    from pytest_atomic_cards.options import Settings
    from pytest_atomic_cards.sandbox import Sandbox
    from pytest_atomic_cards.targets import Target
    from pytest_atomic_cards.world import Cards

SETTINGS = pytest.StashKey["Settings"]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add an ini option for each setting, and a command line option for some."""
    group = parser.getgroup("atomic-cards", "contract tests of the Atomic Cards API")
    for option in options.OPTIONS:
        if option.flag and option.parse is options.truth:
            group.addoption(
                option.command_line,
                dest=option.destination,
                action="store_const",
                const="true",
                help=option.help,
            )
        elif option.flag:
            group.addoption(
                option.command_line,
                dest=option.destination,
                metavar=option.metavar,
                help=option.help,
            )
        if not option.secret:
            parser.addini(option.ini_name, option.help, type="string", default="")


def pytest_configure(config: pytest.Config) -> None:
    """A bad setting ends the run before the first request."""
    config.addinivalue_line("markers", 'cards_monitor("off"): the monitor does not fail this test')
    settings_of(config)


def settings_of(config: pytest.Config) -> Settings:
    """The settings of a run, resolved once.

    Raises:
        pytest.UsageError: A setting cannot be used.
    """
    if SETTINGS not in config.stash:
        given = {
            option.name: getattr(config.option, option.destination, None)
            for option in options.OPTIONS
        }
        try:
            settings = options.resolve(given, config.getini)
            _look_up(settings)
        except SettingsError as error:
            raise pytest.UsageError(f"atomic-cards: {error}") from None
        config.stash[SETTINGS] = settings
    return config.stash[SETTINGS]


def _look_up(settings: Settings) -> None:
    """See that what the settings name is there, where they name something."""
    setting = "--cards-profile"
    try:
        if settings.profile:
            from pytest_atomic_cards.profile import Profile

            Profile.read(settings.profile)
        setting = "--cards-fault"
        if settings.fault:
            from pytest_atomic_cards.sandbox.faults import fault_named

            for name in settings.fault:
                fault_named(name)
    except MisuseError as error:
        raise SettingsError(f"{setting}: {error}") from None


def pytest_report_header(config: pytest.Config) -> str:
    """Say what the cards fixtures run against."""
    unknown = options.unknown_variables()
    hint = f"; unknown and ignored: {', '.join(unknown)}" if unknown else ""
    return f"atomic-cards: {settings_of(config).describe()}{hint}"


@pytest.fixture(scope="session")
def cards_settings(pytestconfig: pytest.Config) -> Settings:
    """The settings of this run."""
    return settings_of(pytestconfig)


@pytest.fixture(scope="session")
def cards_target(
    cards_settings: Settings, tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config
) -> Iterator[Target]:
    """The target of this run: the embedded sandbox, or a live Cards API."""
    from pytest_atomic_cards.targets import open_target

    shared = hasattr(pytestconfig, "workerinput")
    cache = tmp_path_factory.getbasetemp().parent / "atomic-cards-token" if shared else None
    target = open_target(cards_settings, cache, _monitor(pytestconfig, cards_settings))
    yield target
    target.close()


def _monitor(config: pytest.Config, settings: Settings) -> Callable[[CardsSession], None] | None:
    """Attaches the monitor to sessions; the contract suite judges for itself."""
    if settings.monitor == "off" or config.pluginmanager.has_plugin("atomic-cards-contracts"):
        return None
    from pytest_atomic_cards.watching import Watch

    watch = Watch()
    config.pluginmanager.register(watch, "atomic-cards-monitor")
    return watch.attach


@pytest.fixture
def cards(cards_target: Target) -> Iterator[Cards]:
    """A fresh world of cards: seed, look, act, let time pass. Cleaned up after the test."""
    from pytest_atomic_cards.targets import world_on

    with world_on(cards_target) as world:
        yield world


@pytest.fixture
def cards_api(cards: Cards) -> CardsApi:
    """The typed client of the Cards API, authenticated, of the test's world."""
    return cards.api


@pytest.fixture
def cards_sandbox(cards: Cards) -> Sandbox:
    """The sandbox of the test's world; skips the test on a live target."""
    from pytest_atomic_cards.errors import NotAvailableError

    try:
        return cards.sandbox
    except NotAvailableError as error:
        pytest.skip(str(error))
