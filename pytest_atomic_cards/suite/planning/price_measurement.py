"""PriceMeter: attributes what a run sends to the contract or shared fixture that caused it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any, Final

import pytest

from pytest_atomic_cards.model.exchange import Exchange
from pytest_atomic_cards.suite.planning.prices import (
    CLEAN_UP,
    RESERVE,
    Footprint,
    Price,
    Prices,
    fixtures_of,
    name_of,
)
from pytest_atomic_cards.suite.planning.traffic_stats import footprint_of
from pytest_atomic_cards.suite.profiling.profiling_plugin import MARKER as QUESTION
from pytest_atomic_cards.suite.running.contract_plugin import MARKER as CONTRACT
from pytest_atomic_cards.suite.supply.card_pool import CardPool
from pytest_atomic_cards.suite.supply.planned_cards import NEEDS, PlannedCards

PRICE_METER: Final = "atomic-cards-price-meter"
"""The name under which the plugin is registered."""
_OWN_SCOPE: Final = "function"
_PLANNED: Final = "planned"
"""What is seeded for several fixtures together, until it is shared out."""


@dataclass(slots=True, eq=False)
class PriceMeter:
    """A pytest plugin that measures the prices of the contracts that run.

    Attributes:
        taken: What each owner has caused, by its name.
        needs: The shared fixtures that each contract uses.
    """

    taken: defaultdict[str, Footprint] = field(default_factory=lambda: defaultdict(Footprint))
    needs: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    _owners: list[str] = field(default_factory=lambda: [CLEAN_UP])
    _shared: set[str] = field(default_factory=set)
    _asked: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    _decided: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    _groups: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    _pools: list[CardPool] = field(default_factory=list)
    _planned: list[PlannedCards] = field(default_factory=list)
    _counted: float = 0
    _contract: str = ""

    def observe(self, exchange: Exchange) -> None:
        """Attribute one exchange to the owner that is at work."""
        owner = self._owners[-1]
        if any(pool.is_restocking for pool in self._pools):
            owner = RESERVE
        elif any(planned.is_seeding for planned in self._planned):
            owner = _PLANNED
        self.taken[owner] += footprint_of(exchange)

    @property
    def prices(self) -> Prices:
        """What was measured."""
        self._count_groups()
        self._share_out()
        shared = {
            name: Price(self.taken[name], self._groups[name])
            for name in {*self._shared, CLEAN_UP, RESERVE}
            if self.taken[name] != Footprint() or self._groups[name]
        }
        return Prices(
            {
                name: Price(
                    self.taken[name],
                    self._groups[name],
                    frozenset(needs & shared.keys()),
                    frozenset(self._asked[name] - self._decided[name]),
                )
                for name, needs in self.needs.items()
            },
            shared,
        )

    def _share_out(self) -> None:
        """Attribute what was seeded for several fixtures to each.

        Each takes its cards, and the first the starts and requests: it needs them in any case, and
        the others hardly more.
        """
        whole = self.taken.pop(_PLANNED, Footprint())
        for number, name in enumerate(name for one in self._planned for name in one.made):
            first = Footprint(0, whole.starts, whole.requests) if number == 0 else Footprint()
            self.taken[name] += Footprint(sum(map(len, NEEDS[name]))) + first

    def _count_groups(self) -> None:
        """Attribute the groups that were taken since the last count to the owner at work."""
        taken = sum(pool.taken for pool in self._pools)
        self._groups[self._owners[-1]] += taken - self._counted
        self._counted = taken

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_fixture_setup(
        self, fixturedef: pytest.FixtureDef[Any]
    ) -> Generator[None, object, object]:
        """Attribute the set-up of a fixture that several tests share to the fixture."""
        if fixturedef.scope == _OWN_SCOPE:
            return (yield)
        name = fixturedef.argname
        self._shared.add(name)
        self.needs[self._contract].add(name)
        self._count_groups()
        self._owners.append(name)
        try:
            made = yield
            if isinstance(made, CardPool):
                self._pools.append(made)
            if isinstance(made, PlannedCards):
                self._planned.append(made)
            return made
        finally:
            self._count_groups()
            self._owners.pop()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None, object, object]:
        """Attribute what is sent from now on to the contract."""
        name = name_of(item)
        self.needs[name] |= {*fixtures_of(item)}
        self._count_groups()
        self._contract = name
        self._owners = [CLEAN_UP, name]
        return (yield)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Note what a contract could decide."""
        report = yield
        for marker in (CONTRACT, QUESTION):
            if found := item.get_closest_marker(marker):
                self._asked[name_of(item)].add(found.args[0])
                if report.when == "call" and not report.skipped:
                    self._decided[name_of(item)].add(found.args[0])
        return report

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self) -> Generator[None, object, object]:
        """Attribute what is sent from now on to clean-up."""
        self._count_groups()
        self._owners = [CLEAN_UP]
        return (yield)
