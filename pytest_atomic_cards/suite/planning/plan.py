"""Plan: which contracts a run can afford, and what they take, known before the first request.

The needs of the collected contracts are added up from their prices and compared with the budget.
If they do not fit, the contracts that cover the most requirements for the least are kept.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Final, Self, cast

import pytest

from pytest_atomic_cards.model.exchange import Exchange
from pytest_atomic_cards.model.settings import Settings
from pytest_atomic_cards.rules.requirements import catalogue
from pytest_atomic_cards.suite.planning.budget import Budget
from pytest_atomic_cards.suite.planning.prices import (
    CLEAN_UP,
    RESERVE,
    Footprint,
    Price,
    Prices,
    fixtures_of,
    name_of,
    shipped,
)
from pytest_atomic_cards.suite.planning.traffic_stats import footprint_of
from pytest_atomic_cards.support.errors import NotAvailableError

CARD_IN_REQUESTS: Final = 3
"""Requests that a card is worth when contracts are compared: it is started, listed and cancelled,
and it is what a vendor charges for."""
_GENERATED: Final[Mapping[str, str]] = {
    "quick": "one of five cases that default effort generates",
    "default": "one of ten cases that thorough effort generates",
    "thorough": "",
}
_FEW_EXPERIMENTS: Final = (
    "quick effort makes no experiments with exactly two attributes, or more cards than a page, "
    "and sends requests without access by one set of attributes only"
)
_LOWER_LIMIT: Final = (
    "default effort creates too few cards for a cancel of 1000, and raises its limit to fewer"
)
CLEAN_UP_OF_START: Final = 3
"""Requests that are kept for each start of an Action Flow: to cancel its cards, to look, and one
more at the end."""
_WORTH_OF_OTHERS: Final = 0.25
"""What an inferred requirement, or a question, is worth of a documented one: only those fail a
run."""
LARGE: Final = 500
"""Cards from which on a need is named in explanations: more than one default cancel closes."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run takes, and what it leaves out.

    Args:
        footprint: What the chosen contracts take together.
        groups: How many groups of fresh cards they take from the pool.
        left_out: Why a contract is left out, by its name.
    """

    footprint: Footprint = field(default_factory=Footprint)
    groups: int = 0
    left_out: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(
        cls, contracts: Mapping[str, Collection[str]], budget: Budget, prices: Prices | None = None
    ) -> Self:
        """Choose contracts, the cheapest coverage first.

        Args:
            contracts: The requirements that each contract decides, by its name.
            budget: The most that the run may take.
            prices: The prices of the contracts; those of the suite if left out.
        """
        prices = prices or shipped()
        whole = prices.of(contracts)
        if not budget.refuses(whole):
            return cls(whole, prices.groups(contracts))
        decided = {name: prices.decided(name, rules) for name, rules in contracts.items()}
        return max(
            (cls._in_order(order, budget, prices) for order in _orders(decided, prices)),
            key=lambda plan: _worth(plan.covers(decided)),
        )

    @classmethod
    def _in_order(cls, order: Iterable[str], budget: Budget, prices: Prices) -> Self:
        """What fits the budget if contracts are chosen in some order."""
        chosen: list[str] = []
        left_out: dict[str, str] = {}
        for name in order:
            footprint = prices.of([*chosen, name])
            if refusal := budget.refuses(footprint):
                left_out[name] = f"{refusal}; it needs {prices.of([name])}"
            else:
                chosen.append(name)
        return cls(prices.of(chosen), prices.groups(chosen), left_out)

    def covers(self, contracts: Mapping[str, Collection[str]]) -> set[str]:
        """The requirements that it covers."""
        chosen = contracts.keys() - self.left_out.keys()
        return {rule for name in chosen for rule in contracts[name]}

    def leaves_out(self, settings: Settings) -> list[str]:
        """Sentences on what the run does not look at, though it could."""
        sentences = []
        if self.left_out:
            sentences.append(
                f"{len(self.left_out)} test functions do not fit the budget, the dearest first; "
                "the report.json of --cards-report has the price of each"
            )
        if not settings.examples and (share := _GENERATED[settings.effort]):
            sentences.append(f"{settings.effort} effort generates {share}")
        if settings.target == "live" and settings.effort == "default":
            sentences.append(_LOWER_LIMIT)
        if settings.target == "sandbox" and settings.effort == "quick":
            sentences.append(_FEW_EXPERIMENTS)
        return sentences


def _orders(contracts: Mapping[str, Collection[str]], prices: Prices) -> Iterator[Iterator[str]]:
    """Orders in which to choose contracts: none is best for every budget."""
    for shares in (False, True):
        yield _cheapest_coverage(contracts, prices, shares=shares)


def _cheapest_coverage(
    contracts: Mapping[str, Collection[str]], prices: Prices, *, shares: bool
) -> Iterator[str]:
    """All contracts: first the cheapest for each documented requirement that they add.

    Then come those that add others, and last those that add none.

    Args:
        contracts: The requirements that each contract decides.
        prices: The prices of the contracts.
        shares: Whether all contracts that need a fixture pay for it in common; else the first does.
    """
    left = dict(contracts)
    paid: set[str] = {CLEAN_UP, RESERVE}
    covered: set[str] = set()

    def added_by(name: str) -> float:
        return _worth(set(left[name]) - covered)

    while left:
        needed = {name: prices.contracts.get(name, Price()).needs - paid for name in left}
        use: defaultdict[str, set[str]] = defaultdict(set)
        for name, fixtures in needed.items():
            for fixture in fixtures:
                use[fixture] |= set(left[name]) - covered
        worth = {fixture: _worth(rules) for fixture, rules in use.items()}

        def cost(name: str) -> tuple[bool, bool, float, str]:
            adds = added_by(name)
            whole = _cost(prices.alone(name))
            for fixture in needed[name]:  # noqa: B023 - called in this turn only
                share = adds / worth[fixture] if shares and adds else 1.0  # noqa: B023
                whole += _cost(prices.shared_price(fixture)) * share
            return adds < 1.0, not adds, whole / (adds or 1), name

        name = min(left, key=cost)
        covered |= set(left.pop(name))
        paid |= needed[name]
        yield name


def _cost(footprint: Footprint) -> float:
    return footprint.requests + CARD_IN_REQUESTS * footprint.cards


def _worth(rules: Iterable[str]) -> float:
    """What requirements, or questions, are worth."""
    known = catalogue().requirements
    documented = [rule in known and known[rule].level == "documented" for rule in set(rules)]
    return sum(1.0 if one else _WORTH_OF_OTHERS for one in documented)


def requirements_of(items: Iterable[pytest.Item], markers: Sequence[str]) -> dict[str, set[str]]:
    """The requirements, or questions, that each collected contract decides, by its name."""
    contracts: dict[str, set[str]] = {}
    for item in items:
        for marker in markers:
            if found := item.get_closest_marker(marker):
                contracts.setdefault(name_of(item), set()).add(found.args[0])
    return contracts


def worker_count(config: pytest.Config) -> int:
    """How many processes run contracts, each of which may take its share of the budget.

    Not as the environment says: a check may be started by a test that runs in a worker itself.
    """
    return int(getattr(config, "workerinput", {}).get("workercount", 1))


PLAN: Final = "atomic-cards-plan"
"""The name under which the plugin is registered."""
SPENT: Final = "allows no more"
"""What the reason of a contract says that did not begin, as earlier ones took all requests."""


class PlanHooks:
    """Plans a run when its contracts are collected, and leaves out what it cannot afford.

    Args:
        settings: The settings of the run.
        markers: The markers of contracts and of questions.

    Attributes:
        plan: The plan; empty before the collection.
    """

    def __init__(self, settings: Settings, markers: Sequence[str]) -> None:
        self._settings = settings
        self._markers = markers
        self._budget = Budget.of(settings)
        self._taken = Footprint()
        self._lock = Lock()
        self.plan = Plan()

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Add up the needs of the collected contracts."""
        contracts = requirements_of(items, self._markers)
        prices = shipped(self._settings.effort)
        self.plan = Plan.of(contracts, self._budget, prices)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Print the footprint of a live run before its first request."""
        reporter = session.config.pluginmanager.get_plugin("terminalreporter")
        if reporter and self._settings.is_live and not session.config.option.collectonly:
            reporter.line(f"atomic-cards: planned are {self.plan.footprint}")

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:  # noqa: ANN401 - of pytest-xdist
        """Take over the plan of a worker process, which collected the contracts."""
        values = getattr(node, "workeroutput", {}).get(PLAN)
        if values:
            self.plan = Plan(Footprint(**values[0]), *values[1:])

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Send the plan to the controller, if this is a worker process."""
        output = getattr(session.config, "workeroutput", None)
        if output is not None:
            plan = self.plan
            output[PLAN] = (plan.footprint.as_dict(), plan.groups, dict(plan.left_out))

    def observe(self, exchange: Exchange) -> None:
        """Count one exchange, from any thread."""
        with self._lock:
            self._taken += footprint_of(exchange)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Leave out a contract that does not fit the budget, or begins too late for it."""
        reason = self.plan.left_out.get(name_of(item))
        if reason := reason or self._spent(worker_count(item.config)):
            raise NotAvailableError(reason)

    def _spent(self, workers: int) -> str:
        """Why no further contract may begin; empty if requests are left."""
        reserved = CLEAN_UP_OF_START * self._taken.starts
        if self._budget.most_requests > workers * (self._taken.requests + reserved):
            return ""
        return (
            f"{self._budget.requests_by} {SPENT}: {self._taken.requests} requests were "
            "sent, and the rest is for clean-up"
        )


def plan_of(config: pytest.Config) -> Plan:
    """What a run includes."""
    return cast("PlanHooks", config.pluginmanager.get_plugin(PLAN)).plan


def included_fixtures(session: pytest.Session) -> set[str]:
    """The fixtures of those contracts that the plan of a run includes."""
    left_out = plan_of(session.config).left_out
    included = (item for item in session.items if name_of(item) not in left_out)
    return {name for item in included for name in fixtures_of(item)}
