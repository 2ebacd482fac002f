"""The plan of a run: what it takes, and what a budget leaves out."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pytest_atomic_cards.model.exchange import Exchange
from pytest_atomic_cards.model.settings import Settings
from pytest_atomic_cards.suite.planning.budget import QUICK, Budget
from pytest_atomic_cards.suite.planning.plan import Plan, PlanHooks, requirements_of, worker_count
from pytest_atomic_cards.suite.planning.prices import Footprint, Price, Prices, name_of, shipped
from pytest_atomic_cards.suite.profiling.profiling_plugin import MARKER as QUESTION
from pytest_atomic_cards.suite.running.contract_collection import collected
from pytest_atomic_cards.suite.running.contract_plugin import MARKER
from pytest_atomic_cards.suite.running.suite_runner import suite_directory
from pytest_atomic_cards.support.errors import NotAvailableError

LIVE = {
    "target": "live",
    "api_url": "http://cards.test",
    "token_url": "http://cards.test/token",
    "environment_id": "e",
    "client_id": "c",
    "client_secret": "not-a-real-one",
    "flow_id": "f",
}
PRICES = Prices(
    {
        "a": Price(Footprint(requests=10), needs=frozenset({"probe"})),
        "b": Price(Footprint(cards=50, starts=1, requests=20), needs=frozenset({"probe"})),
        "c": Price(Footprint(requests=5), groups=2, needs=frozenset({"probe", "listing"})),
        "d": Price(Footprint(requests=30), needs=frozenset({"listing"})),
    },
    {
        "probe": Price(Footprint(cards=4, starts=1, requests=20)),
        "listing": Price(Footprint(cards=1000, starts=1, requests=3)),
        "reserve": Price(Footprint(cards=12, starts=2, requests=8), groups=0),
        "clean_up": Price(Footprint(requests=10)),
    },
)


def everything() -> list[pytest.Item]:
    """All tests of the suite."""
    return collected(str(suite_directory()))


def live(**changes: object) -> Settings:
    """Settings of a run of a live target."""
    return Settings(**LIVE | changes)


@pytest.mark.parametrize("effort", ["quick", "default"])
def test_every_contract_has_a_price(effort: str) -> None:
    """No contract and no question is without a price, and none that is gone has one."""
    names = {name_of(item) for item in everything()}
    assert shipped(effort).contracts.keys() == names, "run atomic-cards price --write contracts"


def test_prices_survive_being_written() -> None:
    """The text of the prices gives the same prices again."""
    for prices in (PRICES, shipped()):
        assert Prices.from_text(prices.to_text()) == prices


def test_shared_fixtures_are_paid_once() -> None:
    """Contracts that share a fixture pay for it once, and for clean-up by their starts."""
    alone, both = PRICES.of(["a"]), PRICES.of(["a", "b"])
    assert alone == Footprint(4, 1, 10 + 20 + 2)
    assert both == Footprint(54, 2, 30 + 20 + 4)


def test_groups_are_paid_by_their_number() -> None:
    """A contract that takes all groups of the pool pays for the whole pool."""
    assert PRICES.groups(["c", "d"]) == 2
    assert PRICES.of(["c"]) == Footprint(4 + 1000 + 12, 1 + 1 + 2, 5 + 20 + 3 + 8 + 8)


def test_a_run_without_budget_leaves_nothing_out() -> None:
    """Every contract is planned, at the price of all."""
    plan = Plan.of({"a": {"X-1"}, "d": {"X-2"}}, Budget(), PRICES)
    assert plan.left_out == {}
    assert plan.footprint == PRICES.of(["a", "d"])


def test_the_cheapest_coverage_comes_first() -> None:
    """A requirement that is new comes before a cheaper contract of a known one."""
    contracts = {"a": {"X-1"}, "b": {"X-2"}, "c": {"X-1"}, "d": {"X-1"}}
    plan = Plan.of(
        contracts, Budget(cards=60, requests=1000, cards_by="--cards-max-cards 60"), PRICES
    )
    assert plan.left_out.keys() == {"c", "d"}
    assert "--cards-max-cards 60 allows 60 cards" in plan.left_out["c"]
    assert "1,016 cards" in plan.left_out["c"]
    assert plan.footprint == PRICES.of(["a", "b"])


@pytest.mark.parametrize("limit", [0, 1, 40, 100, 300, 1_000])
def test_a_plan_never_exceeds_its_budget(limit: int) -> None:
    """Whatever the budget, what is planned fits."""
    contracts = requirements_of(everything(), (MARKER, QUESTION))
    plan = Plan.of(contracts, Budget(cards=limit, requests=2 * limit))
    assert plan.footprint.cards <= limit
    assert plan.footprint.requests <= 2 * limit
    assert plan.left_out.keys() <= contracts.keys()


def test_quick_is_a_budget_of_live_runs() -> None:
    """Quick effort limits a live run, but neither the sandbox nor chosen requirements."""
    assert Budget.of(live(effort="quick")).requests < QUICK.requests
    assert Budget.of(Settings(effort="quick")) == Budget.of(live())
    assert Budget.of(live(effort="quick", only=("PAGE-01",))).refuses(Footprint(9999)) == ""


def test_a_contract_that_covers_much_is_worth_its_price() -> None:
    """What counts is the price of each requirement that a contract adds."""
    contracts = {"a": {"X-1"}, "b": {f"Y-{number}" for number in range(9)}}
    plan = Plan.of(contracts, Budget(requests=50), PRICES)
    assert plan.left_out.keys() == {"a"}


def test_no_contract_begins_once_the_requests_are_spent() -> None:
    """The last requests of the limit are kept for clean-up, and the reason names the limit."""
    once = Exchange("GET", "http://cards.test/v1/e/cards", datetime.now(UTC), 0.1, status=200)
    item = everything()[0]
    hooks = PlanHooks(live(max_requests=3), ())
    hooks.pytest_runtest_setup(item)
    for _ in range(3):
        hooks.observe(once)
    with pytest.raises(NotAvailableError, match="--cards-max-requests 3 allows no more: 3"):
        hooks.pytest_runtest_setup(item)


def test_only_the_workers_of_the_run_itself_share_its_limits(
    pytestconfig: pytest.Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A check that a test starts in a worker process has its limits for itself."""
    monkeypatch.setenv("PYTEST_XDIST_WORKER_COUNT", "4")
    monkeypatch.setattr(pytestconfig, "workerinput", {"workercount": 2}, raising=False)
    assert worker_count(pytestconfig) == 2
    monkeypatch.delattr(pytestconfig, "workerinput")
    assert worker_count(pytestconfig) == 1


def test_the_users_limit_replaces_that_of_quick() -> None:
    """What the user allows counts, and is named."""
    budget = Budget.of(live(effort="quick", max_cards=2_000))
    assert budget.refuses(Footprint(1_999)) == ""
    assert "--cards-max-cards 2000" in budget.refuses(Footprint(2_001))
    assert "--cards-effort quick" in budget.refuses(Footprint(requests=301))


@pytest.mark.parametrize(("effort", "count"), [("quick", 1), ("default", 2), ("thorough", 0)])
def test_each_effort_says_what_it_leaves_out(effort: str, count: int) -> None:
    """Quick and default name their share of cases, default its lower limit; thorough nothing."""
    assert len(Plan().leaves_out(live(effort=effort))) == count
    assert len(Plan(left_out={"a": "too dear"}).leaves_out(live(effort=effort))) == count + 1


@pytest.mark.parametrize(("effort", "count"), [("quick", 1), ("default", 0), ("thorough", 0)])
def test_quick_says_that_it_makes_fewer_experiments_on_a_sandbox(effort: str, count: int) -> None:
    """Generated cases or not, a quick run of a sandbox names the experiments it leaves out."""
    for examples in (None, 1):
        left_out = Plan().leaves_out(Settings(effort=effort, examples=examples))
        assert len([one for one in left_out if "experiments" in one]) == count
