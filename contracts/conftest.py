"""Fixtures of the contract suite: one isolated environment, seeded once and shared by all tests."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import ExitStack, suppress
from dataclasses import replace
from functools import partial
from math import ceil
from pathlib import Path

import pytest

from pytest_atomic_cards.client.overlap import Begun
from pytest_atomic_cards.model.card_spec import CardSpec, Population
from pytest_atomic_cards.model.lifecycle import Action
from pytest_atomic_cards.model.settings import Settings
from pytest_atomic_cards.plugin import settings_of
from pytest_atomic_cards.reporting.result_collector import FindingsReporter, ReportCloser
from pytest_atomic_cards.suite.experiments.time_experiment import TimeExperiment, begun_timers
from pytest_atomic_cards.suite.generation.generated_cases import Effort
from pytest_atomic_cards.suite.mutation.forked_trials import EVERY_ROW, FAULT
from pytest_atomic_cards.suite.planning.dry_run import DryRun
from pytest_atomic_cards.suite.planning.plan import (
    PLAN,
    PlanHooks,
    included_fixtures,
    plan_of,
    worker_count,
)
from pytest_atomic_cards.suite.planning.price_measurement import PRICE_METER
from pytest_atomic_cards.suite.planning.traffic_stats import TrafficHooks
from pytest_atomic_cards.suite.probing.batched_setup import BatchedSetup
from pytest_atomic_cards.suite.probing.listing_history import History
from pytest_atomic_cards.suite.probing.listing_stability import is_repeatable
from pytest_atomic_cards.suite.probing.probe import Probe
from pytest_atomic_cards.suite.profiling.profiling_plugin import MARKER as QUESTION
from pytest_atomic_cards.suite.profiling.profiling_plugin import ObservationHooks, arrange_questions
from pytest_atomic_cards.suite.running.contract_plugin import MARKER as CONTRACT
from pytest_atomic_cards.suite.running.contract_plugin import ContractHooks, arrange
from pytest_atomic_cards.suite.running.suite_monitor import SuiteMonitor
from pytest_atomic_cards.suite.running.suite_runner import suite_directory
from pytest_atomic_cards.suite.supply.card_pool import CardPool
from pytest_atomic_cards.suite.supply.existing_cards import ExistingCards
from pytest_atomic_cards.suite.supply.large_group import LargeGroup, seed_crowd
from pytest_atomic_cards.suite.supply.planned_cards import VARIABLES, PlannedCards
from pytest_atomic_cards.suite.supply.shared_population import SharedPopulation, seed_population
from pytest_atomic_cards.support.errors import AtomicCardsError, MisuseError, NotAvailableError
from pytest_atomic_cards.targets import Target, world_on
from pytest_atomic_cards.targets.seeding.listing_reader import Group

TRAFFIC = "atomic-cards-traffic"
RULES = "atomic-cards-rules"


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Register the plugins that turn verdicts into test outcomes and reports."""
    if not suite_directory().samefile(Path(__file__).parent):
        raise pytest.UsageError(
            f"these contracts are not those of the installed package, {suite_directory()}; run "
            "'python -m pytest contracts/', which takes the package from here too"
        )
    settings = settings_of(config)
    config.addinivalue_line("markers", "requirement(id): the requirement that a contract decides")
    config.addinivalue_line("markers", "in_the_end: a contract that runs after all others")
    config.addinivalue_line("markers", "question(name): the open question that is observed")
    config.pluginmanager.register(ContractHooks(strict=settings.strict), "atomic-cards-contracts")
    config.pluginmanager.register(ObservationHooks(), "atomic-cards-observations")
    plan = PlanHooks(settings, (CONTRACT, QUESTION))
    config.pluginmanager.register(plan, PLAN)
    if settings.dry_run:
        config.option.dist, config.option.tx = "no", []  # it collects here, without workers
        config.pluginmanager.register(DryRun(plan, settings), "atomic-cards-dry-run")
    elif not hasattr(config, "workerinput"):
        reporter = FindingsReporter(config, settings)
        config.pluginmanager.register(reporter, "atomic-cards-findings")
        config.pluginmanager.register(ReportCloser(reporter), "atomic-cards-closing")
    config.pluginmanager.register(TrafficHooks(), TRAFFIC)
    config.pluginmanager.register(SuiteMonitor(settings), RULES)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Order the contracts, and select those of the requirements in ``--cards-only``."""
    settings = settings_of(config)
    try:
        arrange(config, items, settings.only)
    except MisuseError as error:
        raise pytest.UsageError(f"--cards-only: {error}") from None
    arrange_questions(config, items, settings)


def hooks_of(config: pytest.Config) -> ContractHooks:
    """What turns the outcomes of this run into findings."""
    hooks: ContractHooks = config.pluginmanager.get_plugin("atomic-cards-contracts")
    return hooks


def monitor_of(config: pytest.Config) -> SuiteMonitor:
    """What judges the exchanges of this run."""
    monitor: SuiteMonitor = config.pluginmanager.get_plugin(RULES)
    return monitor


@pytest.fixture(scope="session")
def cards_settings(cards_settings: Settings, pytestconfig: pytest.Config) -> Settings:
    """The settings of this run; of a trial, with its fault."""
    fault = pytestconfig.stash.get(FAULT, "")
    return replace(cards_settings, fault=(fault,)) if fault else cards_settings


@pytest.fixture(scope="session")
def cards_target(cards_target: Target, request: pytest.FixtureRequest) -> Target:
    """The target of this run with its traffic counted, and judged by the rules."""
    for name in (TRAFFIC, PLAN, PRICE_METER):
        if counter := request.config.pluginmanager.get_plugin(name):
            cards_target.listeners.append(counter.observe)
    monitor_of(request.config).follow(cards_target)
    return cards_target


@pytest.fixture(scope="session")
def monitor(cards_target: Target, pytestconfig: pytest.Config) -> SuiteMonitor:
    """What the rules found in all exchanges so far."""
    del cards_target
    return monitor_of(pytestconfig)


@pytest.fixture(scope="session")
def effort(cards_target: Target) -> Effort:
    """How many cases to generate, and from which seed."""
    return Effort.of(cards_target.settings, cards_target.recorder)


@pytest.fixture(scope="session")
def probe(
    cards_target: Target, monitor: SuiteMonitor, pytestconfig: pytest.Config
) -> Iterator[Probe]:
    """The probe of the shared environment, after a first card showed that seeding works.

    Without a supply of cards it serves the contracts that need none of their own.
    """
    failed_setup = hooks_of(pytestconfig).failed_setup
    with world_on(cards_target) as cards:
        with failed_setup.explained_by(monitor.violations), suppress(NotAvailableError):
            cards.seeder.calibrate(sparing=Effort.of(cards_target.settings).is_sparing)
        yield Probe(cards)


@pytest.fixture(scope="session")
def every_set(probe: Probe, cards_target: Target, pytestconfig: pytest.Config) -> bool:
    """Whether all sets of attributes are tried, as on a sandbox, if the run is not to be quick."""
    is_trial = pytestconfig.stash.get(EVERY_ROW, False)
    return probe.cards.is_steerable and (is_trial or cards_target.settings.effort != "quick")


@pytest.fixture
def bare(cards_target: Target) -> Iterator[Probe]:
    """The probe of an environment about which nothing is known; access not verified yet."""
    with world_on(cards_target) as cards:
        yield Probe(cards)


@pytest.fixture
def fresh(probe: Probe, cards_target: Target) -> Iterator[Probe]:
    """The probe of a separate environment, for contracts that pass time or revoke credentials."""
    with world_on(cards_target) as cards:
        cards.seeder.learn_from(probe.cards.seeder)
        yield Probe(cards)


@pytest.fixture(scope="session")
def history(probe: Probe, pytestconfig: pytest.Config) -> History:
    """What all listings of the shared environment have shown so far."""
    return followed(probe, pytestconfig)


@pytest.fixture(scope="session")
def included(request: pytest.FixtureRequest) -> Collection[str]:
    """The fixtures that this run uses; none in a worker process, which runs only a part of it."""
    if worker_count(request.config) > 1:
        return ()
    return included_fixtures(request.session)


@pytest.fixture(scope="session")
def early(  # noqa: PLR0917 - fixtures
    probe: Probe,
    history: History,
    cards_target: Target,
    effort: Effort,
    included: Collection[str],
    request: pytest.FixtureRequest,
) -> Iterator[Begun[TimeExperiment] | None]:
    """In a short live run: the cards for which time has to pass, requested before all others.

    In a longer one they would be looked at long after their timers ended, when a target may list
    them no more.
    """
    del history
    used = included if effort.is_sparing else ()
    with ExitStack() as worlds:
        timers = None
        with suppress(AtomicCardsError):  # raised again for the contracts that need the cards
            if "timed" in used:
                follow = partial(followed, config=request.config)
                timers = worlds.enter_context(begun_timers(probe, cards_target, follow))
            if "population" in used:
                request.getfixturevalue("planned").take("population")
        yield timers


def followed(probe: Probe, config: pytest.Config) -> History:
    """A history of an environment, by which findings recognize what others did there."""
    history = History.of(probe)
    hooks_of(config).histories.append(history)
    return history


@pytest.fixture(scope="session")
def planned(probe: Probe, history: History, included: Collection[str]) -> PlannedCards:
    """The cards in certain states of all contracts that this run includes.

    A recording, and a worker process, seed only what they use.
    """
    del history
    return PlannedCards(probe.cards.seeder, () if probe.cards.recorder.is_used else included)


@pytest.fixture(scope="session")
def population(
    probe: Probe, planned: PlannedCards, pytestconfig: pytest.Config
) -> SharedPopulation:
    """Cards in every state that the target can provide; contracts only read them."""
    if probe.cards.is_steerable or settings_of(pytestconfig).way_to_seed != "none":
        return seed_population(probe.cards, planned)
    existing = hooks_of(pytestconfig).existing = ExistingCards(probe)
    return existing.population


@pytest.fixture(scope="session")
def varied(probe: Probe, history: History) -> BatchedSetup[Group]:
    """A card with variables for each action, and one more, or why there are none."""
    del history
    population = Population.of(len(Action) + 1, CardSpec(variables=VARIABLES))
    return BatchedSetup({"cards": lambda: probe.cards.seeder.seed(population)[0]})


@pytest.fixture(scope="session")
def reserve(probe: Probe, history: History, pytestconfig: pytest.Config) -> CardPool:
    """Fresh cards to act on: groups of active ones, and single ones of any state."""
    del history
    pool = CardPool(probe.cards.seeder, probe.cards.recorder)
    pool.groups = max(1, ceil(plan_of(pytestconfig).groups / worker_count(pytestconfig)))
    return pool


@pytest.fixture(scope="session")
def timed(
    probe: Probe,
    cards_target: Target,
    early: Begun[TimeExperiment] | None,
    pytestconfig: pytest.Config,
) -> Iterator[TimeExperiment]:
    """Cards whose embargo, snooze or expiry is over, in a separate environment."""
    if early is not None:
        yield early.result()
        return
    with begun_timers(probe, cards_target, partial(followed, config=pytestconfig)) as timers:
        yield timers.result()


@pytest.fixture(scope="session")
def crowd(probe: Probe, history: History) -> Group:
    """More cards than a default page of 100 lists, to act on all at once."""
    del history
    return seed_crowd(probe)


@pytest.fixture(scope="session")
def large(probe: Probe, cards_target: Target, every_set: bool) -> LargeGroup:  # noqa: FBT001
    """More cards than a page of ``limit=1000`` lists."""
    group = LargeGroup(probe, cards_target.settings, every_set=every_set)
    group.to_list()
    return group


@pytest.fixture
def listing(large: LargeGroup) -> Group:
    """More cards than a page of ``limit=1000`` lists, which nothing has changed."""
    return large.to_list()


@pytest.fixture(scope="session")
def stable(probe: Probe, large: LargeGroup) -> bool:
    """Whether identical requests for a page list the same cards, which is not documented."""
    return is_repeatable(probe, large.to_list().pin)
