"""The monitor in the tests of a project: every response is checked against the rules.

Registered when the first test asks for a target, and not imported before.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Final
from weakref import WeakSet

import pytest

from pytest_atomic_cards.model.lifecycle import Level
from pytest_atomic_cards.rules import parse_response
from pytest_atomic_cards.rules.finding import Finding, explain
from pytest_atomic_cards.rules.monitor import Monitor, finding_of, rules_for
from pytest_atomic_cards.rules.requirements import catalogue

if TYPE_CHECKING:
    from pytest_atomic_cards.client.session import CardsSession
    from pytest_atomic_cards.model.exchange import Exchange
    from pytest_atomic_cards.model.settings import Settings
    from pytest_atomic_cards.support.recorder import Recorder
    from pytest_atomic_cards.targets import Target
    from pytest_atomic_cards.targets.cards_fixture import Cards
    from pytest_atomic_cards.targets.seeding.clean_up import CleanUp

MARKER: Final = "cards_monitor"
_HINT: Final = (
    "Seen by the monitor, which watches what the cards fixtures and applications behind them send. "
    f'@pytest.mark.{MARKER}("off") turns it off for a test, --cards-monitor off for all.'
)


class MonitorPlugin:
    """Fails a test whose traffic violates a documented requirement."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: dict[str, Finding] = {}
        self._watched: WeakSet[CardsSession] = WeakSet()

    def over(self, target: Target) -> Target:
        """The target with each of its sessions watched."""
        return MonitoredTarget(target, self.attach)

    def attach(self, session: CardsSession, settings: Settings) -> None:
        """Watch a session of a target with such settings from now on, with its own history."""
        if session in self._watched:
            return
        self._watched.add(session)
        monitor = Monitor(
            rule
            for rule in rules_for(settings)
            if catalogue()[rule.requirement].level is Level.DOCUMENTED
        )

        def observe(exchange: Exchange) -> None:
            response = parse_response(exchange)
            if response is None:
                return
            with self._lock:
                for rule, objection in monitor.see(response):
                    finding = finding_of(rule, objection, exchange)
                    self._found.setdefault(finding.requirement, finding)

        session.listeners.append(observe)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, None, None]:
        """Fail a test that passed; its own error takes precedence."""
        return (yield from self._complain_after(item))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Generator[None, None, None]:
        """Report a violation found during clean-up as a separate error."""
        return (yield from self._complain_after(item))

    def _complain_after(self, item: pytest.Item) -> Generator[None, None, None]:
        try:
            yield
        except BaseException:
            self._take(item)
            raise
        self._complain(item)

    def _complain(self, item: pytest.Item) -> None:
        found = self._take(item)
        if found:
            pytest.fail("\n\n".join([*map(explain, found), _HINT]), pytrace=False)

    def _take(self, item: pytest.Item) -> list[Finding]:
        """What was found since the last call; nothing if the monitor is off for the test."""
        with self._lock:
            found, self._found = list(self._found.values()), {}
        return [] if _is_off(item) else found


class MonitoredTarget:
    """A target whose sessions are watched from before the first request.

    Args:
        target: The target.
        attach: Called with each session and the settings.
    """

    def __init__(self, target: Target, attach: Callable[[CardsSession, Settings], None]) -> None:
        self.listeners = target.listeners
        self._target = target
        self._attach = attach

    @property
    def settings(self) -> Settings:
        """The settings of the target."""
        return self._target.settings

    @property
    def recorder(self) -> Recorder:
        """The recorder of the target."""
        return self._target.recorder

    def open_world(self) -> Cards:
        """A new isolated environment, which is watched."""
        world = self._target.open_world()
        self._attach(world.api.session, self.settings)
        return world

    def close(self) -> CleanUp:
        """Close the target."""
        return self._target.close()


def _is_off(item: pytest.Item) -> bool:
    mark = item.get_closest_marker(MARKER)
    return mark is not None and mark.args == ("off",)
